import type { Stats } from 'node:fs';
import { readFile, realpath, stat } from 'node:fs/promises';
import { extname, isAbsolute, join, relative, resolve } from 'node:path';
import { PipelineStartError } from './pipeline.errors.js';

/** Largest pipeline file; a pipeline is code, and its weights lie beside it. */
export const MAX_PIPELINE_FILE_BYTES = 1024 * 1024;

const EXTENSIONS: ReadonlySet<string> = new Set(['.ts', '.mts', '.js', '.mjs']);
const INDEX_FILES = ['index.ts', 'index.mts', 'index.js', 'index.mjs'] as const;

/** A pipeline that was found. */
export interface PipelineFile {
  /** Absolute path of the module to import. */
  readonly entry: string;
}

/**
 * Finds the module behind a pipeline path: the file itself, or in a folder the `main` of its package.json, else its index file.
 *
 * @throws PipelineStartError of kind `not-found` (nothing there, no regular file, unknown extension) or `load-failed` (too large)
 */
export async function findPipelineFile(path: string): Promise<PipelineFile> {
  const given = resolve(path);
  const entry = (await isFolder(given)) ? await findEntry(given) : given;
  const info = await statOrUndefined(entry);
  if (info === undefined) throw new PipelineStartError('not-found', `there is no pipeline at ${path}`);
  if (!info.isFile()) throw new PipelineStartError('not-found', `${entry} is no regular file`);
  if (!EXTENSIONS.has(extname(entry))) {
    throw new PipelineStartError('not-found', `${entry} is no TypeScript or JavaScript module`);
  }
  if (info.size > MAX_PIPELINE_FILE_BYTES) {
    throw new PipelineStartError(
      'load-failed',
      `${entry} has ${info.size} bytes; a pipeline file may have ${MAX_PIPELINE_FILE_BYTES}`,
    );
  }
  return { entry: await realpath(entry) };
}

async function findEntry(folder: string): Promise<string> {
  const main = await readMain(folder);
  if (main !== undefined) {
    const entry = resolve(folder, main);
    const inside = relative(folder, entry);
    if (inside === '' || inside.startsWith('..') || isAbsolute(inside)) {
      throw new PipelineStartError('not-found', `the main of ${join(folder, 'package.json')} leads out of its folder`);
    }
    return entry;
  }
  for (const name of INDEX_FILES) {
    const entry = join(folder, name);
    if ((await statOrUndefined(entry)) !== undefined) return entry;
  }
  throw new PipelineStartError('not-found', `${folder} has neither a package.json with a main nor ${INDEX_FILES.join(', ')}`);
}

async function readMain(folder: string): Promise<string | undefined> {
  const file = join(folder, 'package.json');
  const info = await statOrUndefined(file);
  if (info === undefined || !info.isFile() || info.size > MAX_PIPELINE_FILE_BYTES) return undefined;
  let content: unknown;
  try {
    content = JSON.parse(await readFile(file, 'utf8'));
  } catch (error) {
    throw new PipelineStartError(
      'load-failed',
      `${file} cannot be read: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
  const main = typeof content === 'object' && content !== null ? (content as { main?: unknown }).main : undefined;
  return typeof main === 'string' && main !== '' ? main : undefined;
}

async function isFolder(path: string): Promise<boolean> {
  return (await statOrUndefined(path))?.isDirectory() ?? false;
}

/** A path that cannot be looked at is as good as none, whatever the reason. */
async function statOrUndefined(path: string): Promise<Stats | undefined> {
  return stat(path).catch(() => undefined);
}
