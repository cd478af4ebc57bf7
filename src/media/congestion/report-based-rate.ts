/** Loss over which the rate falls and under which it may grow (draft-ietf-rmcat-gcc-02, section 6). */
const HIGH_LOSS = 0.1;
const LOW_LOSS = 0.02;
/** Loss that is believed even where the receiver sees no queue. */
const HEAVY_LOSS = 0.3;
/** A round trip so much longer than the shortest is a queue. */
const LONG_QUEUE_MS = 60;
const GROWTH = 1.05;
const MIN_BETWEEN_GROWTH_MS = 1000;
const HOLD_AFTER_LOSS_MS = 2000;

/**
 * The rate for a receiver that sends no transport feedback, in bits per second: it follows the receiver's own estimate (REMB), which sees the
 * delay, and takes losses of receiver reports for congestion only when they are heavy, come with a queue, or nothing else is known.
 */
export class ReportBasedRate {
  #bitrate: number;
  #receiverEstimate: number | undefined;
  #shortestRoundTripMs = Infinity;
  #holdUntilMs = -Infinity;
  #grownAtMs = -Infinity;

  constructor(
    startBitrate: number,
    private readonly minBitrate: number,
    private readonly maxBitrate: number,
  ) {
    this.#bitrate = startBitrate;
  }

  get bitrate(): number {
    return this.#bitrate;
  }

  get receiverEstimate(): number | undefined {
    return this.#receiverEstimate;
  }

  receiverEstimated(bitrate: number, nowMs: number): void {
    this.#receiverEstimate = bitrate;
    if (bitrate < this.#bitrate || nowMs >= this.#holdUntilMs) this.set(bitrate);
  }

  lossReported(fractionLost: number, roundTripMs: number | undefined, nowMs: number): void {
    if (roundTripMs !== undefined) this.#shortestRoundTripMs = Math.min(this.#shortestRoundTripMs, roundTripMs);
    const queued = roundTripMs !== undefined && roundTripMs - this.#shortestRoundTripMs > LONG_QUEUE_MS;
    if (fractionLost > HIGH_LOSS && (queued || fractionLost > HEAVY_LOSS || this.#receiverEstimate === undefined)) {
      this.#holdUntilMs = nowMs + HOLD_AFTER_LOSS_MS;
      this.set(this.#bitrate * (1 - 0.5 * fractionLost));
    } else if (this.#receiverEstimate === undefined && fractionLost < LOW_LOSS && !queued) {
      this.#grow(nowMs);
    }
  }

  set(bitrate: number): void {
    this.#bitrate = Math.min(Math.max(bitrate, this.minBitrate), this.maxBitrate);
  }

  #grow(nowMs: number): void {
    if (nowMs < this.#holdUntilMs || nowMs - this.#grownAtMs < MIN_BETWEEN_GROWTH_MS) return;
    this.#grownAtMs = nowMs;
    this.set(this.#bitrate * GROWTH);
  }
}
