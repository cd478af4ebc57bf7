import { type FileHandle, open, unlink } from 'node:fs/promises';

import { CommandError } from './command.error.js';

/** A file that is opened before what it is for is measured. It keeps what it had until something is written. */
export interface ReportFile {
  /** @throws CommandError (`usage`) */
  write(document: string): Promise<void>;
  /** Takes the file away again where it was made here and nothing was written. */
  close(): Promise<void>;
}

/** @throws CommandError (`usage`) where it cannot be written, or is there and may not be replaced */
export async function openReportFile(path: string, force: boolean): Promise<ReportFile> {
  const { file, isNew } = await openFor(path, force);
  let isWritten = false;
  return {
    async write(document) {
      try {
        // A device or a pipe has nothing to be replaced.
        if ((await file.stat()).isFile()) await file.truncate();
        isWritten = true;
        await file.writeFile(document);
      } catch (error) {
        throw cannotWrite(path, error);
      }
    },
    async close() {
      await file.close();
      if (isNew && !isWritten) await unlink(path).catch(() => undefined);
    },
  };
}

async function openFor(path: string, force: boolean): Promise<{ readonly file: FileHandle; readonly isNew: boolean }> {
  try {
    return { file: await open(path, 'ax'), isNew: true };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw cannotWrite(path, error);
    if (!force) throw new CommandError('usage', `${path} is there already`, 'Name another file, or replace it with --force.');
  }
  try {
    return { file: await open(path, 'a'), isNew: false };
  } catch (error) {
    throw cannotWrite(path, error);
  }
}

function cannotWrite(path: string, error: unknown): CommandError {
  const { code = String(error) } = error as NodeJS.ErrnoException;
  return new CommandError('usage', `${path} cannot be written (${code})`, 'Name a file that you may write.', { cause: error });
}
