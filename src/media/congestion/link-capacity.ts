/** Weight of one overuse and of one probe in the average. */
const OVERUSE_WEIGHT = 0.05;
const PROBE_WEIGHT = 0.5;
const MIN_DEVIATION = 0.4;
const MAX_DEVIATION = 2.5;

/** The capacity of the link as the past overuses showed it, with its spread: near it the rate rises with care. Bits per second. */
export class LinkCapacity {
  #kbps: number | undefined;
  /** The variance divided by the mean, so that one bound fits all rates. */
  #deviation = MIN_DEVIATION;

  get bitrate(): number | undefined {
    return this.#kbps === undefined ? undefined : this.#kbps * 1000;
  }

  /** Whether a throughput is what this link was seen to carry, within three standard deviations. */
  explains(bitrate: number): boolean {
    if (this.#kbps === undefined) return false;
    return Math.abs(bitrate / 1000 - this.#kbps) <= 3 * Math.sqrt(this.#deviation * this.#kbps);
  }

  isBelow(bitrate: number): boolean {
    return this.#kbps !== undefined && bitrate / 1000 > this.#kbps && !this.explains(bitrate);
  }

  overused(acknowledgedBitrate: number): void {
    this.#update(acknowledgedBitrate / 1000, OVERUSE_WEIGHT);
  }

  probed(bitrate: number): void {
    this.#update(bitrate / 1000, PROBE_WEIGHT);
  }

  forget(): void {
    this.#kbps = undefined;
  }

  #update(sampleKbps: number, weight: number): void {
    this.#kbps = this.#kbps === undefined ? sampleKbps : (1 - weight) * this.#kbps + weight * sampleKbps;
    const error = this.#kbps - sampleKbps;
    const deviation = (1 - weight) * this.#deviation + (weight * error * error) / Math.max(this.#kbps, 1);
    this.#deviation = Math.min(Math.max(deviation, MIN_DEVIATION), MAX_DEVIATION);
  }
}
