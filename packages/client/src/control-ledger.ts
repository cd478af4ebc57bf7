import type { AppliedControl, Control } from './controls.js';
import type { ChunkMessage, ControlId } from './server-messages.js';
import { StreamError } from './stream-error.js';
import type { ControlStats, Delay } from './stream-stats.js';

/** Controls, chunks and shown frames that are remembered; of more, the oldest are given up. */
const MAX_REMEMBERED = 256;
/** Delays of one interval that are kept. */
const MAX_DELAYS = 1000;

interface Waiting {
  readonly control: Control;
  readonly applied: PromiseWithResolvers<AppliedControl>;
  readonly shown: PromiseWithResolvers<number>;
  rtpTimestamp?: number | undefined;
}

interface Shown {
  readonly rtpTimestamp: number;
  readonly displayedAtMs: number;
}

/** A control whose picture is on the screen. */
export interface ControlOnScreen {
  readonly control: Control;
  readonly latencyMs: number;
  readonly rtpTimestamp: number;
}

/** What a displayed frame brings to light. */
export interface FrameFindings {
  readonly shown: readonly ControlOnScreen[];
  /** The newest chunk that the frame, or one before it, began. */
  readonly chunk: ChunkMessage | undefined;
  /** The frame is the first picture of a chunk, of which the server would like to know that it was shown. */
  readonly isFirstOfChunk: boolean;
}

/**
 * Follows controls from their sending, over the word of the server which chunk is the first to reflect them, to the frame that shows that
 * chunk. The server names the frame by its RTP timestamp; where that one was dropped, the next later one shows it. Times are `performance.now()`.
 */
export class ControlLedger {
  /** By id; a number and a text are two ids. */
  readonly #waiting = new Map<ControlId, Waiting>();
  /** Chunks that no frame on the screen has reached yet, in their order. */
  #chunks: ChunkMessage[] = [];
  #frames: Shown[] = [];
  #current: ChunkMessage | undefined;
  #lastId = 0;
  readonly #totals = { sent: 0, applied: 0, shown: 0 };
  readonly #delays: { applied: number[]; shown: number[] } = { applied: [], shown: [] };

  /** Whether the id is that of a control which is on its way. */
  has(id: ControlId): boolean {
    return this.#waiting.has(id);
  }

  nextId(): number {
    do this.#lastId += 1;
    while (this.#waiting.has(this.#lastId));
    return this.#lastId;
  }

  sent(id: ControlId, message: Readonly<Record<string, unknown>>, sentAtMs: number): Control {
    const applied = Promise.withResolvers<AppliedControl>();
    const shown = Promise.withResolvers<number>();
    // Whoever does not ask for them is not to hear of an unhandled rejection.
    for (const { promise } of [applied, shown]) promise.catch(() => undefined);
    const control: Control = { id, message, sentAtMs, applied: applied.promise, shown: shown.promise };
    this.#waiting.set(id, { control, applied, shown });
    this.#totals.sent += 1;
    const oldest = this.#waiting.size > MAX_REMEMBERED ? this.#waiting.values().next().value : undefined;
    if (oldest !== undefined) this.#giveUp(oldest, tooMany());
    return control;
  }

  /** Takes note of a chunk's message; returns the controls that it reflects, and those among them that are on the screen already. */
  chunk(
    message: ChunkMessage,
    nowMs: number,
  ): { readonly applied: readonly Control[]; readonly shown: readonly ControlOnScreen[] } {
    const { rtp_timestamp: rtpTimestamp, applied_controls: ids = [], index } = message;
    const applied: Control[] = [];
    for (const id of ids) {
      const waiting = this.#waiting.get(id);
      if (waiting === undefined) continue;
      const acknowledgedMs = nowMs - waiting.control.sentAtMs;
      waiting.applied.resolve({ acknowledgedMs, chunk: index, rtpTimestamp });
      this.#count('applied', acknowledgedMs);
      applied.push(waiting.control);
      if (rtpTimestamp === undefined)
        this.#giveUp(waiting, new StreamError('session-lost', 'The chunk that reflects the control has no picture.'));
      else waiting.rtpTimestamp = rtpTimestamp;
    }
    if (rtpTimestamp === undefined) return { applied, shown: [] };
    // The word of a chunk may come later than its picture: by another way, or sent again.
    const frame = this.#frames.find((one) => isAtOrAfter(one.rtpTimestamp, rtpTimestamp));
    if (frame === undefined) {
      this.#chunks.push(message);
      if (this.#chunks.length > MAX_REMEMBERED) this.#chunks.shift();
      return { applied, shown: [] };
    }
    this.#current = message;
    return { applied, shown: this.#reached(frame) };
  }

  frame(rtpTimestamp: number, displayedAtMs: number): FrameFindings {
    const frame = { rtpTimestamp, displayedAtMs };
    this.#frames.push(frame);
    if (this.#frames.length > MAX_REMEMBERED) this.#frames.shift();
    let isFirstOfChunk = false;
    const later = this.#chunks.findIndex(({ rtp_timestamp: first = 0 }) => !isAtOrAfter(rtpTimestamp, first));
    const reached = this.#chunks.splice(0, later === -1 ? this.#chunks.length : later);
    const newest = reached.at(-1);
    if (newest !== undefined) {
      this.#current = newest;
      isFirstOfChunk = newest.rtp_timestamp === rtpTimestamp;
    }
    return { shown: this.#reached(frame), chunk: this.#current, isFirstOfChunk };
  }

  /** Another session begins, or none: what waits is lost, and RTP timestamps count from elsewhere. */
  reset(error: StreamError): void {
    for (const waiting of [...this.#waiting.values()]) this.#giveUp(waiting, error);
    this.#chunks = [];
    this.#frames = [];
    this.#current = undefined;
  }

  /** Since the last call, but for the totals. */
  takeStats(): ControlStats {
    const stats = { ...this.#totals, toApplied: delayOf(this.#delays.applied), toShown: delayOf(this.#delays.shown) };
    this.#delays.applied = [];
    this.#delays.shown = [];
    return stats;
  }

  #reached({ rtpTimestamp, displayedAtMs }: Shown): ControlOnScreen[] {
    const shown: ControlOnScreen[] = [];
    for (const [id, { control, shown: promise, rtpTimestamp: first }] of this.#waiting) {
      if (first === undefined || !isAtOrAfter(rtpTimestamp, first)) continue;
      this.#waiting.delete(id);
      const latencyMs = displayedAtMs - control.sentAtMs;
      promise.resolve(latencyMs);
      this.#count('shown', latencyMs);
      shown.push({ control, latencyMs, rtpTimestamp });
    }
    return shown;
  }

  #count(what: 'applied' | 'shown', delayMs: number): void {
    this.#totals[what] += 1;
    if (this.#delays[what].length < MAX_DELAYS) this.#delays[what].push(delayMs);
  }

  #giveUp({ control, applied, shown }: Waiting, error: StreamError): void {
    this.#waiting.delete(control.id);
    applied.reject(error);
    shown.reject(error);
  }
}

/** RTP timestamps have 32 bits and begin anywhere (RFC 3550 section 5.1). */
export function isAtOrAfter(timestamp: number, other: number): boolean {
  return (timestamp - other) >>> 0 < 2 ** 31;
}

function delayOf(delaysMs: readonly number[]): Delay | undefined {
  const sorted = delaysMs.toSorted((a, b) => a - b);
  const at = (share: number): number => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0;
  return sorted.length === 0 ? undefined : { count: sorted.length, medianMs: at(0.5), p95Ms: at(0.95), maxMs: at(1) };
}

function tooMany(): StreamError {
  return new StreamError('timeout', `The control was given up: ${MAX_REMEMBERED} newer ones wait for the pipeline to name them.`);
}
