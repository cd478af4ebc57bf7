import { setTimeout as delay } from 'node:timers/promises';
import type { Chunk, MediaInput } from '../../common/index.js';
import { settlesWithin } from '../contract/deadline.js';
import { errorMessage } from '../contract/error-message.js';
import { PipelineFailedError } from '../pipeline.errors.js';
import type { PipelineRun } from '../pipeline-run.js';
import { encodeMediaInput } from '../protocol/media-codec.js';
import { ProtocolError } from '../protocol/message-decoder.js';
import type { ServerMessage } from '../protocol/messages.js';

/** Chunks a pipeline may be ahead of its consumer: one on its way while the one before waits. */
const INITIAL_CREDIT = 2;
/** Bytes that may wait for the host before a message is refused. */
const MAX_PENDING_PUSH_BYTES = 8 * 1024 * 1024;
/** Bytes and pictures that may wait before media is dropped. Less than above: media must never make a control wait. */
const MAX_PENDING_MEDIA_BYTES = 4 * 1024 * 1024;
const MAX_PENDING_MEDIA = 2;
/** The host keeps the time; this is for its answer to arrive. */
const CLOSE_ANSWER_GRACE_MS = 500;

/**
 * Items a second that a run may hand out, and how many at once: twice what 240 single frames a second take. A generator that yields without
 * pause would otherwise take the loop that sends everybody's packets.
 */
const MAX_ITEMS_PER_SECOND = 500;
const MAX_ITEM_BURST = 64;

/** What a run needs of its host. */
export interface RunChannel {
  readonly pendingBytes: number;
  send(message: ServerMessage, parts?: readonly Uint8Array[]): Promise<void>;
  /** Called once, when the run is over on this side. */
  runClosed(run: HostedRun): void;
}

type QueueItem = { readonly chunk: Chunk } | { readonly problem: string };
type Ending = { readonly error?: Error };

/** The server's side of a run: a queue of at most {@link INITIAL_CREDIT} items, fed by `PipelineHost`. */
export class HostedRun implements PipelineRun {
  readonly #queue: QueueItem[] = [];
  readonly #pushErrorListeners: ((message: string) => void)[] = [];
  readonly #chunkErrorListeners: ((message: string) => void)[] = [];
  readonly #closedByHost: Promise<void>;
  #resolveClosedByHost!: () => void;
  #sessionId: string;
  #outstandingCredit = 0;
  #consumed = false;
  #ending: Ending | undefined;
  #wakeConsumer: (() => void) | undefined;
  #closing: Promise<void> | undefined;
  #pendingMedia = 0;
  #picturesReceived = 0;
  #lastYieldMs = Number.NEGATIVE_INFINITY;
  #itemBudget = MAX_ITEM_BURST;
  #budgetAtMs = performance.now();

  constructor(
    readonly run: number,
    private readonly requestedSessionId: string,
    private readonly bidirectional: boolean,
    private readonly channel: RunChannel,
    private readonly closeTimeoutMs: number,
  ) {
    this.#sessionId = requestedSessionId;
    this.#closedByHost = new Promise((resolve) => (this.#resolveClosedByHost = resolve));
  }

  get sessionId(): string {
    return this.#sessionId;
  }

  /** Whether the id belongs to this run: the one asked for or the one the pipeline chose. */
  claims(sessionId: string): boolean {
    return sessionId === this.requestedSessionId || sessionId === this.#sessionId;
  }

  chunks(): AsyncIterable<Chunk> {
    return {
      [Symbol.asyncIterator]: () => {
        if (this.#consumed) throw new Error('The chunks of a run can be consumed only once.');
        this.#consumed = true;
        this.#lastYieldMs = performance.now();
        this.#grant(INITIAL_CREDIT);
        return {
          next: () => this.#next(),
          return: async () => {
            await this.close();
            return { done: true, value: undefined };
          },
        };
      },
    };
  }

  get picturesReceived(): number {
    return this.#picturesReceived;
  }

  push(message: unknown, control?: string): void {
    if (!this.bidirectional || this.#closing !== undefined || this.#ending?.error !== undefined) return;
    if (this.channel.pendingBytes > MAX_PENDING_PUSH_BYTES) {
      this.pushFailed('the pipeline does not keep up with its messages; this one was dropped');
      return;
    }
    try {
      const { run } = this;
      if (message instanceof Uint8Array) void this.channel.send({ type: 'push', run, binary: true }, [message]);
      else void this.channel.send({ type: 'push', run, message, ...(control === undefined ? {} : { control }) });
    } catch (error) {
      this.pushFailed(`the message cannot be handed to the pipeline: ${errorMessage(error)}`);
    }
  }

  pushMedia(input: MediaInput): boolean {
    if (!this.bidirectional || this.#closing !== undefined || this.#ending?.error !== undefined) return false;
    if (this.#pendingMedia >= MAX_PENDING_MEDIA || this.channel.pendingBytes > MAX_PENDING_MEDIA_BYTES) return false;
    const { header, parts } = encodeMediaInput(input);
    this.#pendingMedia += 1;
    void this.channel.send({ type: 'media', run: this.run, ...header }, parts).finally(() => (this.#pendingMedia -= 1));
    return true;
  }

  onPushError(listener: (message: string) => void): void {
    this.#pushErrorListeners.push(listener);
  }

  onChunkError(listener: (message: string) => void): void {
    this.#chunkErrorListeners.push(listener);
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  /** The host opened the run under this id. */
  opened(sessionId: string): void {
    this.#sessionId = sessionId;
  }

  /** @throws ProtocolError when the host had no credit for it */
  chunkArrived(item: QueueItem): void {
    if (this.#outstandingCredit === 0) throw new ProtocolError('a chunk without credit');
    this.#outstandingCredit -= 1;
    if ('chunk' in item) this.#picturesReceived += item.chunk.pictures.length;
    if (this.#ending !== undefined || this.#closing !== undefined) return;
    this.#queue.push('chunk' in item ? { chunk: this.#plausible(item.chunk) } : item);
    this.#wakeConsumer?.();
  }

  /** The pipeline's generator is through, or threw. */
  ended(failure?: string): void {
    this.#end(failure === undefined ? {} : { error: new PipelineFailedError(failure) });
  }

  pushFailed(message: string): void {
    for (const listener of this.#pushErrorListeners) listener(message);
  }

  /** The host has closed the run, or is gone and `error` says how. Nothing comes after this. */
  over(error?: Error): void {
    this.#end(error === undefined ? {} : { error });
    this.#resolveClosedByHost();
  }

  async #next(): Promise<IteratorResult<Chunk, undefined>> {
    for (;;) {
      const item = this.#queue.shift();
      if (item !== undefined) {
        await this.#pace();
        this.#grant(1);
        if ('chunk' in item) return { done: false, value: item.chunk };
        for (const listener of this.#chunkErrorListeners) listener(item.problem);
      } else if (this.#ending !== undefined) {
        const { error } = this.#ending;
        // An iterator throws once and is done then.
        this.#ending = {};
        if (error !== undefined) throw error;
        return { done: true, value: undefined };
      } else {
        await new Promise<void>((resolve) => (this.#wakeConsumer = resolve));
      }
    }
  }

  /** Takes one item from the budget; waits when there is none. */
  async #pace(): Promise<void> {
    const nowMs = performance.now();
    const earned = ((nowMs - this.#budgetAtMs) / 1000) * MAX_ITEMS_PER_SECOND;
    this.#itemBudget = Math.min(MAX_ITEM_BURST, this.#itemBudget + earned) - 1;
    this.#budgetAtMs = nowMs;
    if (this.#itemBudget < 0) await delay((-this.#itemBudget * 1000) / MAX_ITEMS_PER_SECOND);
  }

  #grant(credit: number): void {
    if (this.#ending !== undefined || this.#closing !== undefined) return;
    this.#outstandingCredit += credit;
    void this.channel.send({ type: 'pull', run: this.run, credit });
  }

  /**
   * A host may say anything about its times. A chunk was yielded before it came, after the one before, and after it was asked for first; and
   * no control was pushed after that.
   */
  #plausible(chunk: Chunk): Chunk {
    const { pushedAtMs, ...rest } = chunk;
    if (chunk.yieldedAtMs === undefined) return rest;
    const yieldedAtMs = Math.min(Math.max(chunk.yieldedAtMs, this.#lastYieldMs), performance.now());
    this.#lastYieldMs = yieldedAtMs;
    if (pushedAtMs === undefined) return { ...rest, yieldedAtMs };
    const notAfterYield = (atMs: number | undefined): number | undefined =>
      atMs === undefined ? undefined : Math.min(atMs, yieldedAtMs);
    return { ...rest, yieldedAtMs, pushedAtMs: pushedAtMs.map(notAfterYield) };
  }

  #end(ending: Ending): void {
    this.#ending ??= ending;
    this.#wakeConsumer?.();
  }

  async #close(): Promise<void> {
    this.#queue.length = 0;
    this.#end({});
    const { run, closeTimeoutMs: timeoutMs } = this;
    void this.channel.send({ type: 'close', run, timeoutMs });
    await settlesWithin(this.#closedByHost, timeoutMs + CLOSE_ANSWER_GRACE_MS);
    this.channel.runClosed(this);
  }
}
