// `npm run client-api` writes packages/client/API.md: every declaration that a user of the client can see, as it was built. With `--check` it says
// whether the committed file is up to date, so that no change of the surface goes unnoticed.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { finish, root } from './bootstrap.mjs';

const FILE = 'packages/client/API.md';
const client = join(root, 'packages', 'client');
const HEADER = `# The surface of @telefuser/stream-client

Made by \`npm run client-api\` from the declarations of the build; do not edit. A change here is one that users notice.
`;
const FENCE = '```';

/** The file and those that it names, each once. */
function reachable(path, found = new Set()) {
  if (found.has(path)) return found;
  found.add(path);
  for (const [, target] of readFileSync(path, 'utf8').matchAll(/(?:from|import)\s*\(?['"](\.[^'"]+)['"]/g)) {
    reachable(resolve(dirname(path), target.replace(/\.js$/, '.d.ts')), found);
  }
  return found;
}

function made() {
  const { name, exports } = JSON.parse(readFileSync(join(client, 'package.json'), 'utf8'));
  const seen = new Set();
  const lines = [HEADER];
  for (const [entry, { types }] of Object.entries(exports)) {
    if (types === undefined) continue;
    lines.push(`## ${entry.replace('.', name)}`, '');
    for (const path of reachable(join(client, types))) {
      if (seen.has(path)) continue;
      seen.add(path);
      lines.push(`${FENCE}ts`, `// ${relative(join(client, 'dist'), path)}`, readFileSync(path, 'utf8').trim(), FENCE, '');
    }
  }
  return lines.join('\n');
}

finish(async () => {
  const text = made();
  if (!process.argv.includes('--check')) {
    writeFileSync(join(root, FILE), text);
    return 0;
  }
  if (existsSync(join(root, FILE)) && readFileSync(join(root, FILE), 'utf8') === text) return 0;
  console.log(`${FILE} is not what the client declares. Run "npm run client-api", look at the difference, and commit the file.`);
  return 1;
});
