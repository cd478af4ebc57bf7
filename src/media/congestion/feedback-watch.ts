/** Receivers report every 50–250 ms. */
const FIRST_PATIENCE_MS = 500;
const NEXT_PATIENCE_MS = 500;
/** Reports that come about once a second or two (RTCP receiver reports, REMB). */
const SLOW_PATIENCE_MS = 5000;
/** So long without an answer while packets leave: nothing gets through. */
const DEAD_MS = 3000;

/** Notices that packets leave and no answer comes. A sender that pauses waits for none. */
export class FeedbackWatch {
  #firstUnansweredAtMs: number | undefined;
  #lastSentAtMs = 0;
  #patienceMs: number | undefined;

  packetSent(sentAtMs: number): void {
    this.#firstUnansweredAtMs ??= sentAtMs;
    this.#lastSentAtMs = Math.max(this.#lastSentAtMs, sentAtMs);
  }

  answered(): void {
    this.#firstUnansweredAtMs = undefined;
    this.#patienceMs = undefined;
  }

  /** Whether an answer is overdue; true once a waiting period, so each `late` is one step back. `dead`: the path carries nothing. */
  overdue(answers: 'transport-feedback' | 'reports', roundTripMs: number): 'no' | 'late' | 'dead' {
    if (this.#firstUnansweredAtMs === undefined) return 'no';
    const waitedMs = this.#lastSentAtMs - this.#firstUnansweredAtMs;
    const firstMs = (answers === 'reports' ? SLOW_PATIENCE_MS : FIRST_PATIENCE_MS) + 2 * roundTripMs;
    this.#patienceMs = Math.max(this.#patienceMs ?? firstMs, firstMs);
    if (waitedMs < this.#patienceMs) return 'no';
    this.#patienceMs = waitedMs + NEXT_PATIENCE_MS;
    return waitedMs > firstMs + DEAD_MS ? 'dead' : 'late';
  }
}
