// `node scripts/client-tools.mjs`: the Python packages by which the tests generate clients and fuzz the API, in a virtual environment of
// the project's own. Nothing is done when it is there and its list is the same.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { finish, root } from './bootstrap.mjs';

const REQUIREMENTS = join(root, 'test', 'clients', 'requirements.txt');
const INSTALL_TIMEOUT_MS = 600_000;

/** Its folder; its programs are in `bin`. */
const folder = join(root, 'node_modules', '.cache', 'client-tools');
const stamp = join(folder, 'requirements.txt');

function run(title, command, args) {
  const { status, error } = spawnSync(command, args, { stdio: ['ignore', 2, 2], timeout: INSTALL_TIMEOUT_MS });
  if (status !== 0) throw new Error(`${title} failed: ${error?.message ?? `${command} ended with ${status}`}`);
}

/** Installs what is missing; throws with the reason when that fails. */
function ensureClientTools() {
  const wanted = readFileSync(REQUIREMENTS, 'utf8');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return;
  process.stderr.write('Installing the tools of the client tests …\n');
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(dirname(folder), { recursive: true });
  // Debian's Python, since the tests connect with Debian's aiortc.
  run('The virtual environment', '/usr/bin/python3', ['-m', 'venv', '--system-site-packages', folder]);
  const pip = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--no-deps', '--requirement', REQUIREMENTS];
  run('Installing the Python packages', join(folder, 'bin', 'python'), pip);
  writeFileSync(stamp, wanted);
}

finish(async () => {
  ensureClientTools();
  return 0;
});
