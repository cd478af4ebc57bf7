/** About seven pictures at 24 a second: short enough to see a capacity that falls, long enough to level pictures out. */
const WINDOW_MS = 300;
const LATEST_MS = 120;
/** Less than this behind a figure is no figure. */
const MIN_SPAN_MS = 250;
/** After such a silence, or step of the receiver's clock, what was before says nothing. */
const STALE_MS = 1000;
/** At 1200 bytes a packet 40 Mbps; beyond, the window gets shorter. */
const MAX_ARRIVALS = 1250;

interface Arrival {
  readonly bytes: number;
  readonly receivedAtMs: number;
}

/**
 * The rate at which the receiver got our packets over the last moments, in bits per second, measured on the receiver's clock. (goog_cc puts a
 * Bayesian filter behind shorter windows; it distrusts just the steps that matter here, when a probe lifted the rate or a link broke down.)
 */
export class AcknowledgedBitrate {
  #arrivals: Arrival[] = [];
  #bytes = 0;

  /** Of the last moments only: what a link with a queue carries now, where no gaps between pictures need levelling. */
  get latest(): number | undefined {
    const last = this.#arrivals.at(-1);
    const from = this.#arrivals.findIndex(({ receivedAtMs }) => receivedAtMs >= (last?.receivedAtMs ?? 0) - LATEST_MS);
    const first = this.#arrivals[from];
    if (first === undefined || last === undefined || last.receivedAtMs - first.receivedAtMs < LATEST_MS / 2) return this.bitrate;
    const bytes = this.#arrivals.slice(from + 1).reduce((sum, arrival) => sum + arrival.bytes, 0);
    return (bytes * 8 * 1000) / (last.receivedAtMs - first.receivedAtMs);
  }

  /** Bits per second; undefined before enough was received. */
  get bitrate(): number | undefined {
    const first = this.#arrivals[0];
    const last = this.#arrivals.at(-1);
    if (first === undefined || last === undefined) return undefined;
    const spanMs = last.receivedAtMs - first.receivedAtMs;
    // The first packet opens the measured time and so is no part of it.
    return spanMs < MIN_SPAN_MS ? undefined : ((this.#bytes - first.bytes) * 8 * 1000) / spanMs;
  }

  /** In the order of arrival. */
  add(bytes: number, receivedAtMs: number): void {
    const last = this.#arrivals.at(-1);
    if (last !== undefined && Math.abs(receivedAtMs - last.receivedAtMs) > STALE_MS) this.#clear();
    this.#arrivals.push({ bytes, receivedAtMs: Math.max(receivedAtMs, this.#arrivals.at(-1)?.receivedAtMs ?? receivedAtMs) });
    this.#bytes += bytes;
    this.#forget(receivedAtMs - WINDOW_MS);
  }

  /** Keeps one arrival at or before the window's edge, so that the span does not fall short of it. */
  #forget(edgeMs: number): void {
    let count = 0;
    while (this.#arrivals.length - count > MAX_ARRIVALS || (this.#arrivals[count + 1]?.receivedAtMs ?? Infinity) <= edgeMs) {
      this.#bytes -= this.#arrivals[count]?.bytes ?? 0;
      count += 1;
    }
    if (count > 0) this.#arrivals = this.#arrivals.slice(count);
  }

  #clear(): void {
    this.#arrivals = [];
    this.#bytes = 0;
  }
}
