/**
 * The process that checks a TypeScript or JavaScript pipeline: `node main.js <folder> <entry> <level>`, absolute real paths. It prints a
 * `CheckReport` as JSON. A pipeline's source is only parsed, but whoever wrote it may mean ill: here it can neither block nor exhaust the
 * server.
 */
import type { SecurityLevel } from '../../config/index.js';
import { checkFiles } from './javascript/check-files.js';

const [folder = '', entry = '', level = 'strict'] = process.argv.slice(2);
process.stdout.write(JSON.stringify(await checkFiles(entry, folder, level as SecurityLevel)));
