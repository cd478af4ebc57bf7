import { parseChunk } from '../contract/chunk-parser.js';
import { settlesWithin } from '../contract/deadline.js';
import { errorMessage } from '../contract/error-message.js';
import { logOf } from './error-log.js';
import type { Awaitable, ChunkSource } from '../contract/pipeline.js';
import { hostClockMs } from '../protocol/host-clock.js';
import { encodeChunk } from '../protocol/media-codec.js';
import type { HostMessage } from '../protocol/messages.js';
import type { PushedControls } from './pushed-controls.js';

/** Sends a message; resolves when the pipe has taken it, so that the buffers may change again. */
export type SendMessage = (message: HostMessage, parts?: readonly Uint8Array[]) => Promise<void>;

/** One iterator, sync or async; a sync one may hand out promises. */
type ChunkIterator = AsyncIterator<unknown> | Iterator<unknown>;

/**
 * Draws chunks from a pipeline's iterator, one for each credit, and sends them. Owns the iterator: ends it exactly once.
 *
 * Backpressure has two parts: without credit `next()` is not called, and it is not called either before the pipe has taken the chunk
 * before, so a pipeline may reuse its buffers.
 */
export class ChunkPump {
  #credit = 0;
  #started = false;
  #cancelled = false;
  #iterator: ChunkIterator | undefined;
  #creditArrived: (() => void) | undefined;

  constructor(
    private readonly run: number,
    private readonly openSource: () => Awaitable<ChunkSource>,
    private readonly controls: PushedControls,
    private readonly send: SendMessage,
  ) {}

  /** Allows so many more chunks; the first credit makes the pipeline's method run. */
  addCredit(credit: number): void {
    this.#credit += credit;
    this.#creditArrived?.();
    if (this.#started) return;
    this.#started = true;
    void this.#pump();
  }

  /**
   * Ends the iterator, at once even while a `next()` is pending (async generators queue it). Nothing is sent afterwards.
   *
   * @returns a promise for the iterator's own clean-up, which may never settle when the pipeline hangs
   */
  cancel(): Promise<void> {
    if (this.#cancelled) return Promise.resolve();
    this.#cancelled = true;
    this.#creditArrived?.();
    return this.#returnIterator();
  }

  async #pump(): Promise<void> {
    try {
      const source: unknown = await this.openSource();
      const iterator = iteratorOf(source);
      this.#iterator = iterator;
      if (this.#cancelled) return await this.#returnIterator();
      while (await this.#takeCredit()) {
        this.controls.advancing();
        const result = await iterator.next();
        const value: unknown = result.done === true ? undefined : await result.value;
        const yieldedAtMs = hostClockMs();
        if (this.#cancelled) return;
        if (result.done === true) {
          this.#iterator = undefined;
          await this.send({ type: 'end', run: this.run });
          return;
        }
        await this.#sendChunk(value, yieldedAtMs);
      }
    } catch (error) {
      this.#iterator = undefined;
      if (this.#cancelled) return;
      await this.send(logOf('the pipeline failed', error, this.run));
      await this.send({ type: 'failed', run: this.run, message: errorMessage(error) });
    }
  }

  async #sendChunk(value: unknown, yieldedAtMs: number): Promise<void> {
    let sent: Promise<void>;
    try {
      const chunk = parseChunk(value);
      const applied = this.controls.take(chunk.appliedControls);
      const { header, parts } = encodeChunk(this.run, chunk, { yieldedAtMs, ...(applied.length === 0 ? {} : { applied }) });
      sent = this.send(header, parts);
    } catch (error) {
      sent = this.send({ type: 'chunk-error', run: this.run, message: errorMessage(error) });
    }
    await sent;
  }

  /** @returns false when the pump was cancelled meanwhile */
  async #takeCredit(): Promise<boolean> {
    while (this.#credit === 0 && !this.#cancelled) {
      await new Promise<void>((resolve) => {
        this.#creditArrived = resolve;
      });
    }
    this.#credit -= 1;
    return !this.#cancelled;
  }

  async #returnIterator(): Promise<void> {
    const iterator = this.#iterator;
    this.#iterator = undefined;
    await iterator?.return?.();
  }
}

function iteratorOf(source: unknown): ChunkIterator {
  if (typeof source === 'object' && source !== null) {
    if (Symbol.asyncIterator in source) return (source as AsyncIterable<unknown>)[Symbol.asyncIterator]();
    if (Symbol.iterator in source) return (source as Iterable<unknown>)[Symbol.iterator]();
  }
  throw new TypeError('the pipeline returned nothing that can be iterated; write an async generator (async *)');
}

/** How long a generator may take over its clean-up before the session's own clean-up begins beside it. */
const RETURN_HEAD_START_MS = 250;

/**
 * Cancels a pump and then runs the session's clean-up. A generator may be waiting for something that only the clean-up releases, so
 * it gets a head start, not the whole time.
 *
 * @returns what did not finish in time or threw, for the log
 */
export async function closeInOrder(
  pump: ChunkPump,
  cleanUp: (() => Awaitable<void>) | undefined,
  timeoutMs: number,
): Promise<string[]> {
  const endsAt = performance.now() + timeoutMs;
  const problems: string[] = [];
  const track = (what: string, work: Promise<unknown>): Promise<unknown> =>
    work.catch((error: unknown) => problems.push(`${what} threw: ${errorMessage(error)}`));

  const returned = track("the generator's clean-up", pump.cancel());
  await settlesWithin(returned, Math.min(RETURN_HEAD_START_MS, timeoutMs / 2));
  if (cleanUp !== undefined) {
    const cleaned = track('closeSession', (async () => cleanUp())());
    if (!(await settlesWithin(cleaned, endsAt - performance.now()))) problems.push('closeSession did not finish in time');
  }
  if (!(await settlesWithin(returned, endsAt - performance.now()))) problems.push('the generator did not end in time');
  return problems;
}
