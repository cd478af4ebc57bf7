// Gate: the lock file belongs to package.json, names no registry host, and every direct dependency is an exact version.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';
import { root } from './bootstrap.mjs';

const read = (name) => readFileSync(new URL(name, `file://${root}`), 'utf8');
const manifest = JSON.parse(read('package.json'));
const lockText = read('package-lock.json');
const lock = JSON.parse(lockText);
const problems = [];

const locked = lock.packages[''];
for (const field of ['name', 'version', 'license', 'dependencies', 'devDependencies', 'engines', 'bin']) {
  if (!isDeepStrictEqual(locked[field], manifest[field]))
    problems.push(`"${field}" differs from package.json: run npm install and commit both`);
}

for (const field of ['dependencies', 'devDependencies']) {
  for (const [name, range] of Object.entries(manifest[field])) {
    if (!/^\d+\.\d+\.\d+(-[\w.]+)?$/.test(range)) problems.push(`${field}: ${name} must be an exact version, not "${range}"`);
    const installed = lock.packages[`node_modules/${name}`]?.version;
    if (installed !== range) problems.push(`${name}: package.json says ${range}, the lock file ${installed ?? 'nothing'}`);
  }
}

for (const [path, { resolved, link }] of Object.entries(lock.packages)) {
  // A package of this repository is a link to its folder.
  if (resolved !== undefined && !(link && resolved.startsWith('packages/')))
    problems.push(`${path}: "resolved" names a host; keep omit-lockfile-registry-resolved=true (.npmrc)`);
}
for (const [path, entry] of Object.entries(lock.packages)) {
  if (path !== '' && !path.startsWith('packages/') && !entry.link && entry.integrity === undefined && !entry.inBundle)
    problems.push(`${path}: no integrity digest`);
}

const copies = Object.keys(lock.packages).filter((path) => /(^|\/)node_modules\/werift$/.test(path));
if (copies.length !== 1) problems.push(`one werift is wanted, ${copies.length} are locked: ${copies.join(', ')}`);

// A contributor may be changing dependencies; in continuous integration the file must be the committed one.
if (process.env.CI) {
  const diff = spawnSync('git', ['diff', '--exit-code', '--stat', '--', 'package-lock.json'], { cwd: root, encoding: 'utf8' });
  if (diff.status === 1) problems.push(`the installation changed the lock file:\n${diff.stdout}`);
}

for (const problem of problems) console.error(`package-lock.json: ${problem}`);
process.exitCode = problems.length === 0 ? 0 : 1;
