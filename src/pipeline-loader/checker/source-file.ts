import { constants, open, realpath } from 'node:fs/promises';
import { isAbsolute, relative, sep } from 'node:path';
import { MAX_FILE_BYTES, type Rule } from './finding.js';

/** A file that was read, or why it is none that may be loaded. */
export type SourceFile =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'missing' }
  | { readonly kind: 'problem'; readonly rule: Rule; readonly message: string; readonly remedy: string };

/** Reads a source file of a pipeline, if it is regular, not too large, UTF-8, and really inside the folder. Never rejects. */
export async function readSourceFile(path: string, folder: string): Promise<SourceFile> {
  let real: string;
  try {
    real = await realpath(path);
  } catch {
    return { kind: 'missing' };
  }
  if (!isInside(folder, real)) {
    return problem(
      'symlink-outside',
      "the file is a symbolic link that leads out of the pipeline's folder",
      "Put the file itself into the pipeline's folder.",
    );
  }
  try {
    return await readRegularFile(real);
  } catch (error) {
    const { code = String(error) } = error as NodeJS.ErrnoException;
    return problem('not-a-file', `the file cannot be read (${code})`, 'Make it a readable file.');
  }
}

async function readRegularFile(path: string): Promise<SourceFile> {
  // Opening a pipe waits for whoever writes into it, unless it is told not to.
  await using file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  const info = await file.stat();
  if (!info.isFile()) return problem('not-a-file', 'this is no regular file', 'Make it a regular file.');
  if (info.size > MAX_FILE_BYTES) {
    return problem(
      'too-large',
      `the file has ${info.size} bytes; ${MAX_FILE_BYTES} are read`,
      'Keep data out of the source, or split it.',
    );
  }
  const bytes = await file.readFile();
  try {
    return { kind: 'text', text: new TextDecoder('utf-8', { fatal: true }).decode(bytes) };
  } catch {
    return problem('not-utf8', 'the file is not UTF-8', 'Save it as UTF-8.');
  }
}

/** Whether a path is the folder or something in it. Both absolute, and without symbolic links when it is to be trusted. */
export function isInside(folder: string, path: string): boolean {
  const way = relative(folder, path);
  return way !== '..' && !way.startsWith(`..${sep}`) && !isAbsolute(way);
}

function problem(rule: Rule, message: string, remedy: string): SourceFile {
  return { kind: 'problem', rule, message, remedy };
}
