import type { Probe } from './network.js';

/** The first probe, as a multiple of the start bitrate; each that is confirmed is followed by one of twice its result. */
const FIRST_FACTOR = 3;
const NEXT_FACTOR = 2;
/** A probe that shows less than this share of its rate has found the limit. */
const CONFIRMED = 0.7;
const PERIOD_MS = 5000;
/** After the very first one failed: a busy receiver is likelier than a slow path. */
const FIRST_RETRY_MS = 2000;
/** Calm before a probe: after a cut the queue drains, and a probe would only measure that. */
const CALM_MS = 1000;
/** A fall below this share of the recent rate is tried back once. */
const FALL = 0.66;
const RECOVERY_SHARE = 0.85;
const RECENT_MS = 5000;

/** Enough for the receiver's clock to measure and little enough for a short queue: 12.5 kB at 4 Mbps. */
const PROBE_MS = 25;
const MIN_PROBE_BYTES = 4000;
/** A probe goes a little past what is wanted, so that its result reaches it. */
const MARGIN = 1.1;
const CLOSE_ENOUGH = 0.95;

/** What is known when a probe is to be decided on. */
export interface ProbeContext {
  readonly bitrate: number;
  /** What is wanted at most, in bits per second. */
  readonly ceiling: number;
  /** Neither queue nor overuse. */
  readonly calm: boolean;
  readonly nowMs: number;
}

/**
 * Decides when to probe and how fast: at the start three and six times the start bitrate, further while probes are confirmed, once towards
 * the old rate after a fall, and every few seconds while less than wanted is known to get through. One probe at a time.
 */
export class ProbePlanner {
  readonly #firstBitrate: number;
  #nextId = 1;
  #nextAtMs = -Infinity;
  #nextBitrate: number | undefined;
  #calmSinceMs: number | undefined;
  #recent: { bitrate: number; atMs: number } | undefined;
  #anyFailed = false;

  constructor(startBitrate: number) {
    this.#firstBitrate = FIRST_FACTOR * startBitrate;
    this.#nextBitrate = this.#firstBitrate;
  }

  next(context: ProbeContext): Probe | undefined {
    const { bitrate, ceiling, calm, nowMs } = context;
    this.#calmSinceMs = calm ? (this.#calmSinceMs ?? nowMs) : undefined;
    const recovery = this.#recoveryBitrate(bitrate, nowMs);
    if (this.#calmSinceMs === undefined || bitrate >= CLOSE_ENOUGH * ceiling) return undefined;
    const planned = this.#nextBitrate;
    if (planned === undefined) {
      if (nowMs - this.#calmSinceMs < CALM_MS) return undefined;
      if (recovery === undefined && nowMs < this.#nextAtMs) return undefined;
    }
    if (recovery !== undefined) this.#recent = undefined;
    this.#nextBitrate = undefined;
    this.#nextAtMs = nowMs + PERIOD_MS;
    return this.#probe(Math.min(planned ?? recovery ?? NEXT_FACTOR * bitrate, MARGIN * ceiling));
  }

  /** Nothing could be sent for it: it is due again. */
  notSent(probe: Probe): void {
    this.#nextBitrate = probe.bitrate;
  }

  /** The result of a probe, in bits per second; undefined: too little of it came through. */
  finished(probe: Probe, result: number | undefined, nowMs: number): void {
    if (result !== undefined && result >= CONFIRMED * probe.bitrate) {
      this.#nextBitrate = NEXT_FACTOR * result;
      return;
    }
    this.#nextAtMs = nowMs + (this.#anyFailed ? PERIOD_MS : FIRST_RETRY_MS);
    this.#anyFailed = true;
  }

  /** The path was silent and answers again: as at the start, but not past what it carried before. */
  startAgain(bitrateBefore: number): void {
    this.#nextBitrate = Math.min(this.#firstBitrate, RECOVERY_SHARE * bitrateBefore);
    this.#recent = undefined;
  }

  /** The queue grew: what was planned before is too much. */
  slowedDown(): void {
    this.#nextBitrate = undefined;
  }

  #probe(bitrate: number): Probe {
    const bytes = Math.max(MIN_PROBE_BYTES, Math.ceil((bitrate * PROBE_MS) / 8000));
    return { id: this.#nextId++, bitrate, bytes };
  }

  /** Also keeps the highest rate of the last seconds. */
  #recoveryBitrate(bitrate: number, nowMs: number): number | undefined {
    if (this.#recent === undefined || bitrate >= this.#recent.bitrate || nowMs - this.#recent.atMs > RECENT_MS) {
      this.#recent = { bitrate, atMs: nowMs };
    }
    return bitrate < FALL * this.#recent.bitrate ? RECOVERY_SHARE * this.#recent.bitrate : undefined;
  }
}
