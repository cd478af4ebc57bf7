// Gate: nothing in `openapi.json` breaks a client of the released server, whose document is `openapi.baseline.json`.
// `node scripts/check-contract.mjs [revision]`; without an argument the revision is `openapi.json`.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { finish, nodePath, root, toolEnvironment } from './bootstrap.mjs';

const TIMEOUT_MS = 60_000;

finish(async () => {
  const [revision = 'openapi.json'] = process.argv.slice(2);
  const redocly = join(root, 'node_modules', '@redocly', 'cli', 'bin', 'cli.js');
  const { status, stdout, stderr, error } = spawnSync(
    nodePath,
    [redocly, 'diff', 'openapi.baseline.json', revision, '--fail-on=major'],
    {
      cwd: root,
      env: { ...toolEnvironment(), REDOCLY_TELEMETRY: 'off', REDOCLY_SUPPRESS_UPDATE_NOTICE: 'true' },
      encoding: 'utf8',
      timeout: TIMEOUT_MS,
    },
  );
  if (error) throw error;
  if (status === 0) return 0;
  process.stdout.write(`${stdout}${stderr}`);
  console.log(`${revision} breaks clients of the released API. Add to it instead, or see "API contract" in CONTRIBUTING.md.`);
  return 1;
});
