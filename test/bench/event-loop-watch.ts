import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { waitFor } from '../support/condition.ts';
import type { EventLoopDelay } from './event-loop-delay.ts';

/** The other end of `event-loop-delay.ts`. Disposing of it removes its file. */
export class EventLoopWatch implements AsyncDisposable {
  private readonly folder: string;
  private readings = 0;

  private constructor(folder: string) {
    this.folder = folder;
  }

  static async create(): Promise<EventLoopWatch> {
    return new EventLoopWatch(await mkdtemp(join(tmpdir(), 'telefuser-bench-')));
  }

  /** For the server that is to be watched. */
  get environment(): Readonly<Record<string, string>> {
    const script = fileURLToPath(new URL('event-loop-delay.ts', import.meta.url));
    return { NODE_OPTIONS: `--import=${script}`, BENCH_EVENT_LOOP_FILE: this.file };
  }

  /** What happened since the last call, or since the start. */
  async take(pid: number): Promise<EventLoopDelay> {
    this.readings += 1;
    process.kill(pid, 'SIGUSR2');
    return waitFor('the server to say how its event loop fared', async () => {
      const delay = JSON.parse(await readFile(this.file, 'utf8').catch(() => '{}')) as Partial<EventLoopDelay>;
      return delay.reading === this.readings && (delay as EventLoopDelay);
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.folder, { recursive: true, force: true });
  }

  private get file(): string {
    return join(this.folder, 'event-loop.json');
  }
}
