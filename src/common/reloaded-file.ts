import { constants } from 'node:fs';
import { open } from 'node:fs/promises';

import { Logger } from '@nestjs/common';

/** Keys and certificates are some kilobytes; what is larger is another file. */
const MAX_FILE_BYTES = 1024 * 1024;

/** Files that belong together, such as a certificate and its key, and what is made of them. */
export interface ReloadedFileOptions<Value> {
  readonly paths: readonly string[];
  readonly intervalMs: number;
  /** Makes the value of the files' texts, in the order of their paths. What it throws has to say what is wrong, and no secret. */
  readonly parse: (texts: readonly string[]) => Value;
  /** Called with every value but the first. */
  readonly changed?: (value: Value) => void;
}

/**
 * Files that are read again when they change. They are read, not watched: a secret of Kubernetes changes by a symbolic link two folders up,
 * and some file systems report nothing. A change that cannot be used is logged once, and the value before it stays.
 */
export class ReloadedFile<Value> {
  private readonly logger = new Logger(ReloadedFile.name);
  private readonly timer: NodeJS.Timeout;
  private reading: Promise<void> | undefined;
  private lastFailure: string | undefined;

  private constructor(
    private readonly options: ReloadedFileOptions<Value>,
    private texts: readonly string[],
    private current: Value,
  ) {
    this.timer = setInterval(() => {
      this.reading ??= this.reload().finally(() => (this.reading = undefined));
    }, options.intervalMs);
    this.timer.unref();
  }

  /** Reads the files for the first time. Rejects with what is wrong with them, in one line. */
  static async open<Value>(options: ReloadedFileOptions<Value>): Promise<ReloadedFile<Value>> {
    const texts = await readAll(options.paths);
    return new ReloadedFile(options, texts, options.parse(texts));
  }

  get value(): Value {
    return this.current;
  }

  /** Looks at the files no more. Idempotent. */
  close(): void {
    clearInterval(this.timer);
  }

  private async reload(): Promise<void> {
    const { paths, parse, changed } = this.options;
    try {
      const texts = await readAll(paths);
      if (texts.every((text, index) => text === this.texts[index])) return;
      const value = parse(texts);
      changed?.(value);
      this.current = value;
      this.texts = texts;
      this.lastFailure = undefined;
      this.logger.log(`${paths.join(' and ')} changed and was read again`);
    } catch (error) {
      // Two files are not replaced in one moment: what does not fit together now may do so at the next look.
      const failure = (error as Error).message;
      if (failure !== this.lastFailure) this.logger.warn(`A change of ${paths.join(' and ')} cannot be used: ${failure}`);
      this.lastFailure = failure;
    }
  }
}

async function readAll(paths: readonly string[]): Promise<string[]> {
  return Promise.all(paths.map(readBounded));
}

async function readBounded(path: string): Promise<string> {
  try {
    // A pipe without a writer would be waited for, and the start with it.
    await using file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const stats = await file.stat();
    if (!stats.isFile()) throw new Error('it is a folder, a pipe or a device, and no file');
    if (stats.size > MAX_FILE_BYTES) throw new Error(`it has ${stats.size} bytes, and at most ${MAX_FILE_BYTES} are read`);
    return await file.readFile('utf8');
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    throw new Error(`the file ${path} cannot be read (${code ?? message})`, { cause: error });
  }
}
