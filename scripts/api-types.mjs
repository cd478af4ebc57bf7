// Writes test/support/api-types.ts, the types of the API as its document has them, by which the tests' client is checked when it
// is compiled. With `--check` it says whether the committed file is up to date.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import openapiTypescript, { astToString } from 'openapi-typescript';
import { finish, root } from './bootstrap.mjs';

const FILE = 'test/support/api-types.ts';
const HEADER = '// Made by "npm run openapi" from openapi-3.1.json; do not edit.\n';

finish(async () => {
  const document = JSON.parse(readFileSync(join(root, 'openapi-3.1.json'), 'utf8'));
  const made = HEADER + astToString(await openapiTypescript(document, { alphabetize: true, defaultNonNullable: false }));
  if (!process.argv.includes('--check')) {
    writeFileSync(join(root, FILE), made);
    return 0;
  }
  if (readFileSync(join(root, FILE), 'utf8') === made) return 0;
  console.log(`${FILE} is not what openapi-3.1.json says. Run "npm run openapi" and commit the file.`);
  return 1;
});
