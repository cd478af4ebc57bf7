// Gate: what the documents name exists. Links and paths, headings they point to, npm scripts, environment variables.
import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { root } from './bootstrap.mjs';

const DOCUMENTS = ['*.md', 'docs/**/*.md', 'deploy/**/*.md', 'pipelines/**/*.md', 'packages/**/*.md', 'test/**/*.md'];
/** A code span that is a path in the repository. `dist` and `node_modules` are made, so they are not looked for. */
const PATH_SPAN =
  /^(?:\.?\/)?((?:src|docs|deploy|pipelines|packages|test|scripts|bin|python|\.ci)\/[\w./-]+|[\w-]+\.(?:md|json)|\.env\.example)$/;
const NPM_BUILT_IN = new Set(['install', 'ci', 'run', 'install-scripts', 'ls']);
// A prefix such as `TELEFUSER_WEBRTC_*` is no variable.
const VARIABLE = /\bTELEFUSER_[A-Z0-9_]*[A-Z0-9](?![A-Z0-9_*])/g;

const read = (path) => readFileSync(join(root, path), 'utf8');
const documents = globSync(DOCUMENTS, { cwd: root, exclude: (name) => name === 'node_modules' });
const scripts = new Set(Object.keys(JSON.parse(read('package.json')).scripts));
const problems = [];

/** The anchors GitHub makes of a document's headings. */
function anchorsOf(path) {
  const headings = readFileSync(path, 'utf8')
    .replaceAll(/^```[\s\S]*?^```/gm, '')
    .matchAll(/^#{1,6} (.+)$/gm);
  return new Set(
    [...headings].map(([, title]) =>
      title
        .toLowerCase()
        .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
        .trim()
        .replaceAll(/\s/g, '-'),
    ),
  );
}

function checkLink(document, target) {
  if (/^[a-z][a-z+.-]*:/i.test(target)) return;
  const [path = '', anchor] = target.split('#');
  const file = path === '' ? join(root, document) : resolve(root, dirname(document), path);
  if (relative(root, file).startsWith('..')) problems.push(`${document}: the link ${target} leaves the repository`);
  else if (!existsSync(file)) problems.push(`${document}: the link ${target} leads nowhere`);
  else if (anchor && file.endsWith('.md') && !anchorsOf(file).has(anchor))
    problems.push(`${document}: ${target} has no such heading`);
}

function checkPathSpan(document, span) {
  const path = PATH_SPAN.exec(span)?.[1];
  if (path === undefined) return;
  const beside = resolve(root, dirname(document), path);
  if (!existsSync(join(root, path)) && !existsSync(beside)) problems.push(`${document}: there is no file \`${path}\``);
}

for (const document of documents) {
  const text = read(document);
  const prose = text.replaceAll(/^```[\s\S]*?^```/gm, '');
  for (const [, target] of prose.matchAll(/\]\(<?([^)\s>]+)>?(?:\s+"[^"]*")?\)/g)) checkLink(document, target);
  for (const [, span] of prose.matchAll(/`([^`\n]+)`/g)) checkPathSpan(document, span);
  for (const [, name] of text.matchAll(/\bnpm run ([\w:-]+)/g)) {
    if (!scripts.has(name)) problems.push(`${document}: package.json has no script "${name}"`);
  }
  for (const [, name] of text.matchAll(/(?:`|^\s*(?:\$ )?)npm ([a-z][\w-]*)/gm)) {
    if (!scripts.has(name) && !NPM_BUILT_IN.has(name))
      problems.push(`${document}: \`npm ${name}\` is no command of this repository`);
  }
}

if (existsSync(join(root, '.env.example'))) {
  const known = new Set(read('.env.example').match(VARIABLE));
  const mentioned = new Map(
    documents.flatMap((document) => (read(document).match(VARIABLE) ?? []).map((name) => [name, document])),
  );
  for (const [name, document] of mentioned) {
    if (!known.has(name)) problems.push(`${document}: ${name} is not in .env.example`);
  }
  for (const name of known) {
    if (!mentioned.has(name)) problems.push(`.env.example: ${name} is in no document (docs/configuration.md)`);
  }
} else {
  problems.push('.env.example is missing');
}

for (const problem of problems) console.error(problem);
process.exitCode = problems.length === 0 ? 0 : 1;
