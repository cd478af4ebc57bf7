/** How far later reports may deviate from the first one before they are followed: the sender's clocks drift, or were set anew. */
const MAX_DEVIATION_MS = 30;
const WRAP = 2 ** 32;

/** RTP timestamps of one stream as instants of the sender's clock, by its sender reports (RFC 3550 section 6.4.1). Pure. */
export class RtpTimeline {
  private lastTimestamp: number | undefined;
  private extended = 0;
  /** Milliseconds of the sender's clock at extended timestamp 0. */
  private originMs: number | undefined;

  /** @param clockRate of the stream, Hz. */
  constructor(private readonly clockRate: number) {}

  /** Whether timestamps can be told. */
  get isKnown(): boolean {
    return this.originMs !== undefined;
  }

  /**
   * Takes a report; those that agree with the first within 30 ms change nothing, so that a report's own inaccuracy does not shake the timestamps.
   * Where a sender sends none, the arrival of a packet may stand for it.
   */
  report(rtpTimestamp: number, unixMs: number): void {
    const originMs = unixMs - this.toMs(this.extend(rtpTimestamp));
    if (this.originMs === undefined || Math.abs(originMs - this.originMs) > MAX_DEVIATION_MS) this.originMs = originMs;
  }

  /** The instant of a timestamp on the sender's clock, milliseconds since 1970; NaN before the first report. */
  unixMs(rtpTimestamp: number): number {
    return (this.originMs ?? Number.NaN) + this.toMs(this.extend(rtpTimestamp));
  }

  /** The timestamp without its wrap: the nearest to the last one that was seen. */
  private extend(rtpTimestamp: number): number {
    if (this.lastTimestamp !== undefined) this.extended += signed(rtpTimestamp - this.lastTimestamp);
    this.lastTimestamp = rtpTimestamp;
    return this.extended;
  }

  private toMs(ticks: number): number {
    return (ticks / this.clockRate) * 1000;
  }
}

/** A difference of timestamps on their circle, −2³¹…2³¹−1. */
function signed(difference: number): number {
  return ((((difference + WRAP / 2) % WRAP) + WRAP) % WRAP) - WRAP / 2;
}
