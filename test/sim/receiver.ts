import type { PacketArrival } from '#server/media/congestion/index.js';

/** The resolution of a receive delta (draft-holmer-rmcat-transport-wide-cc-extensions-01, section 3.1.5). */
const DELTA_MS = 0.25;
const MAX_REPORTED = 2000;

/** The receiving half of transport-wide feedback: what arrived since the last report, in numbers and quarter milliseconds. */
export class FeedbackRecorder {
  readonly #arrivedAtMs = new Map<number, number>();
  #next: number | undefined;

  /** `number` is not wrapped; the receiver's clock differs from the sender's by an offset. */
  readonly #clockOffsetMs: number;

  constructor(clockOffsetMs: number) {
    this.#clockOffsetMs = clockOffsetMs;
  }

  arrived(number: number, nowMs: number): void {
    const atMs = Math.round((nowMs + this.#clockOffsetMs) / DELTA_MS) * DELTA_MS;
    if (!this.#arrivedAtMs.has(number)) this.#arrivedAtMs.set(number, atMs);
    this.#next ??= number;
  }

  /** Undefined when nothing arrived. */
  report(): PacketArrival[] | undefined {
    if (this.#arrivedAtMs.size === 0 || this.#next === undefined) return undefined;
    const numbers = [...this.#arrivedAtMs.keys()];
    const last = Math.max(...numbers);
    const first = Math.max(Math.min(this.#next, ...numbers), last - MAX_REPORTED);
    const arrivals: PacketArrival[] = [];
    for (let number = first; number <= last; number += 1) {
      arrivals.push({ sequenceNumber: number & 0xffff, receivedAtMs: this.#arrivedAtMs.get(number) });
    }
    this.#arrivedAtMs.clear();
    this.#next = Math.max(this.#next, last + 1);
    return arrivals;
  }
}
