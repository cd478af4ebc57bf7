import { CodecBusyError, CodecClosedError } from './codec.error.js';

/**
 * Runs the calls of one native object one after the other, because FFmpeg's contexts must not be entered twice, and delays freeing
 * it until the call in flight has returned from its thread.
 */
export class SerialQueue {
  #tail: Promise<unknown> = Promise.resolve();
  #pending = 0;
  #closed = false;

  /** @param limit calls that may be running or waiting at once */
  constructor(private readonly limit = 16) {}

  /** Runs `task` after every earlier one. Rejects with {@link CodecBusyError} or {@link CodecClosedError}, else as the task does. */
  run<T>(task: () => T | Promise<T>): Promise<T> {
    if (this.#closed) return Promise.reject(new CodecClosedError());
    if (this.#pending >= this.limit) return Promise.reject(new CodecBusyError(this.limit));
    this.#pending += 1;
    const result = this.#tail.then(async () => {
      try {
        if (this.#closed) throw new CodecClosedError();
        return await task();
      } finally {
        this.#pending -= 1;
      }
    });
    this.#tail = result.catch(() => undefined);
    return result;
  }

  /** Refuses further tasks, those that wait included, and calls `free` once the running one has ended. Idempotent. */
  close(free: () => void): void {
    if (this.#closed) return;
    this.#closed = true;
    if (this.#pending === 0) free();
    else void this.#tail.then(free);
  }
}
