import { globSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import { expect, it } from 'vitest';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const read = (pattern: string): string[] => globSync(pattern, { cwd: ROOT }).map((file) => readFileSync(ROOT + file, 'utf8'));

it('what the documents tell a reader to press is on the page', () => {
  const documents = [...read('README.md'), ...read('docs/**/*.md'), ...read('pipelines/*/README.md')];
  const named = documents.flatMap((text) =>
    [...text.matchAll(/\bpress _(?<label>[^_]+)_/giu)].map(({ groups }) => groups?.['label']),
  );
  const labels = read('packages/studio/src/**/*.tsx').flatMap((text) =>
    [...text.matchAll(/^\s*(?<label>[A-Z][\w ]*)$/gmu)].map(({ groups }) => groups?.['label']),
  );
  expect(named.length).toBeGreaterThan(4);
  expect(new Set(labels)).toEqual(new Set([...labels, ...named]));
});
