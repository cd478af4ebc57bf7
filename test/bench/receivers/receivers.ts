import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { within } from '../../support/condition.ts';
import type { Counts } from './counting-receiver.ts';
import type { ReceiversMessage } from './receivers-process.ts';

const OPEN_TIMEOUT_MS = 60_000;
const CLOSE_TIMEOUT_MS = 15_000;
const ANSWER_TIMEOUT_MS = 5000;

/** Viewers in a process of their own. Disposing of it closes them and ends it. */
export class Receivers implements AsyncDisposable {
  private readonly child: ChildProcess;
  private readonly exited: Promise<unknown>;

  private constructor(child: ChildProcess) {
    this.child = child;
    this.exited = once(child, 'exit');
  }

  /** Resolves when each has got a picture. */
  static async open(url: string, count: number): Promise<Receivers> {
    const script = fileURLToPath(new URL('receivers-process.ts', import.meta.url));
    const receivers = new Receivers(fork(script, [url, String(count)], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] }));
    try {
      await receivers.message('ready', OPEN_TIMEOUT_MS);
      return receivers;
    } catch (error) {
      receivers.child.kill('SIGKILL');
      throw error;
    }
  }

  /** What each got so far, and when that was asked, on the clock of their process. */
  async counts(): Promise<{ readonly atMs: number; readonly counts: readonly Counts[] }> {
    const answer = this.message('counts', ANSWER_TIMEOUT_MS);
    this.child.send('count');
    return answer;
  }

  /** CPU and memory are read of this. */
  get pid(): number {
    return this.child.pid ?? -1;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.child.connected) this.child.send('close');
    await within('the receivers to end', this.exited, CLOSE_TIMEOUT_MS).catch(() => this.child.kill('SIGKILL'));
  }

  private async message<T extends ReceiversMessage['type']>(
    type: T,
    timeoutMs: number,
  ): Promise<Extract<ReceiversMessage, { type: T }>> {
    const [message] = (await within(
      `the receivers to say "${type}"`,
      Promise.race([once(this.child, 'message'), this.gone()]),
      timeoutMs,
    )) as [ReceiversMessage];
    if (message.type === 'failed') throw new Error(`the receivers failed: ${message.message}`);
    if (message.type !== type) throw new Error(`the receivers said "${message.type}" instead of "${type}"`);
    return message as Extract<ReceiversMessage, { type: T }>;
  }

  private async gone(): Promise<never> {
    await this.exited;
    throw new Error('the receivers ended');
  }
}
