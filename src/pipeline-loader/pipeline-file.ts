import type { Stats } from 'node:fs';
import { readFile, realpath, stat } from 'node:fs/promises';
import { dirname, extname, join, resolve } from 'node:path';
import { MAX_FILE_BYTES } from './checker/finding.js';
import { isInside } from './checker/source-file.js';
import { errorMessage } from './contract/error-message.js';
import { PipelineStartError } from './pipeline.errors.js';

/** What a pipeline is written in, and so the host that it runs in. */
export type PipelineLanguage = 'node' | 'python';

const LANGUAGE_OF_EXTENSION: ReadonlyMap<string, PipelineLanguage> = new Map([
  ['.ts', 'node'],
  ['.mts', 'node'],
  ['.js', 'node'],
  ['.mjs', 'node'],
  ['.py', 'python'],
]);

/** What is looked for in a folder whose package.json names no `main`, in this order. */
const ENTRY_FILES = ['index.ts', 'index.mts', 'index.js', 'index.mjs', 'pipeline.py', 'main.py', '__init__.py'] as const;

/** A pipeline that was found. Its paths are absolute and without symbolic links. */
export interface PipelineFile {
  /** The module to load. */
  readonly entry: string;
  /** The folder that was named, or the one that the named file is in: what the pipeline may read. */
  readonly folder: string;
  readonly language: PipelineLanguage;
  /** The path as it was given. */
  readonly path: string;
}

/**
 * Finds the module behind a pipeline path: the file itself; in a folder the `main` of its package.json, else its entry file.
 *
 * @throws PipelineStartError of kind `not-found` (nothing there, no regular file, unknown extension, outside the folder) or `load-failed`
 *   (too large, a package.json that cannot be read)
 */
export async function findPipelineFile(path: string): Promise<PipelineFile> {
  const given = resolve(path);
  const isFolder = (await statOrUndefined(given))?.isDirectory() ?? false;
  const found = isFolder ? await findEntry(given) : given;
  const info = await statOrUndefined(found);
  if (info === undefined) throw new PipelineStartError('not-found', `there is no pipeline at ${isFolder ? found : path}`);
  if (!info.isFile()) throw new PipelineStartError('not-found', `${found} is no regular file`);
  // A file that is named by a symbolic link is what the operator chose. In a folder, a link could lead to anything.
  const entry = await realpath(found);
  const folder = isFolder ? await realpath(given) : dirname(entry);
  if (!isInside(folder, entry)) {
    throw new PipelineStartError('not-found', `${found} is a symbolic link that leads out of its folder`);
  }
  const language = LANGUAGE_OF_EXTENSION.get(extname(entry));
  if (language === undefined) throw new PipelineStartError('not-found', `${entry} is no TypeScript, JavaScript or Python module`);
  if (info.size > MAX_FILE_BYTES) {
    throw new PipelineStartError('load-failed', `${entry} has ${info.size} bytes; a pipeline file may have ${MAX_FILE_BYTES}`);
  }
  return { entry, folder, language, path };
}

async function findEntry(folder: string): Promise<string> {
  const main = await readMain(folder);
  if (main !== undefined) {
    const entry = resolve(folder, main);
    if (entry === folder || !isInside(folder, entry)) {
      throw new PipelineStartError('not-found', `the main of ${join(folder, 'package.json')} leads out of its folder`);
    }
    return entry;
  }
  for (const name of ENTRY_FILES) {
    const entry = join(folder, name);
    if ((await statOrUndefined(entry)) !== undefined) return entry;
  }
  throw new PipelineStartError('not-found', `${folder} has neither a package.json with a main nor ${ENTRY_FILES.join(', ')}`);
}

async function readMain(folder: string): Promise<string | undefined> {
  const file = join(folder, 'package.json');
  const info = await statOrUndefined(file);
  if (info === undefined || !info.isFile() || info.size > MAX_FILE_BYTES) return undefined;
  let content: unknown;
  try {
    content = JSON.parse(await readFile(file, 'utf8'));
  } catch (error) {
    throw new PipelineStartError('load-failed', `${file} cannot be read: ${errorMessage(error)}`);
  }
  const main = typeof content === 'object' && content !== null ? (content as { main?: unknown }).main : undefined;
  return typeof main === 'string' && main !== '' ? main : undefined;
}

/** A path that cannot be looked at is as good as none, whatever the reason. */
async function statOrUndefined(path: string): Promise<Stats | undefined> {
  return stat(path).catch(() => undefined);
}

/** A message that clients hear: it names the pipeline's files, but not where on this machine they lie. */
export function withoutFolder(message: string, folder: string): string {
  return message.replaceAll(`file://${folder}/`, '').replaceAll(`${folder}/`, '');
}
