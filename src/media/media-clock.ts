/**
 * The one clock of a session. Media time is milliseconds since the session's first possible frame; it runs with the wall and never stops,
 * so that audio and video share an origin, RTP times follow from it, and nothing can drift. A pipeline that is late finds its media placed
 * later on this clock; the clock itself is not moved.
 */
export class MediaClock {
  /**
   * @param originMonotonicMs `performance.now()` at media time 0.
   * @param originUnixMs wall clock at the same instant, read once: a step of the system's clock moves no media.
   */
  constructor(
    private readonly originMonotonicMs: number,
    private readonly originUnixMs: number,
  ) {}

  /** Media time of a `performance.now()` reading. */
  mediaMs(monotonicMs: number): number {
    return monotonicMs - this.originMonotonicMs;
  }

  /** Wall clock, milliseconds since 1970, at a media time: what sender reports pair with RTP times. */
  unixMs(mediaMs: number): number {
    return mediaMs + this.originUnixMs;
  }

  /**
   * RTP timestamp of a media time, modulo 2³² (RFC 3550 section 5.1).
   * @param clockRate Hz of the stream.
   * @param offset the stream's random first timestamp.
   */
  static rtpTimestamp(mediaMs: number, clockRate: number, offset: number): number {
    const ticks = Math.round((mediaMs * clockRate) / 1000) + offset;
    return ((ticks % 2 ** 32) + 2 ** 32) % 2 ** 32;
  }
}
