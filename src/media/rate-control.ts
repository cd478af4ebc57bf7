/** Bits a second below which no picture is worth sending. */
const MIN_BITRATE = 100_000;
/** Share of the receiver's estimate that the encoder gets: audio, headers, retransmissions and probing need the rest. */
const ESTIMATE_SHARE = 0.85;
/** Loss under which nothing changes and over which the rate falls (draft-ietf-rmcat-gcc section 6). */
const HIGH_LOSS = 0.1;
/** Changes smaller than this share are not worth telling an encoder. */
const HYSTERESIS = 0.05;
/** After a loss, how long the rate must not rise. */
const HOLD_AFTER_LOSS_MS = 2000;

export interface RateLimits {
  /** Bits a second before anything is known of the network. */
  readonly start: number;
  /** Bits a second never exceeded. */
  readonly ceiling: number;
}

/**
 * The video bitrate a viewer's network can take: starts modestly, follows the receiver's estimate (REMB) both ways, and falls with heavy
 * loss. Pure: time comes with each call.
 */
export class RateControl {
  private current: number;
  private estimate: number | undefined;
  private holdUntilMs = -Infinity;

  constructor(private readonly limits: RateLimits) {
    this.current = this.clamp(limits.start);
  }

  /** Bits a second for the encoder. */
  get bitrate(): number {
    return this.current;
  }

  /** The receiver's last estimate, bits a second; undefined before the first. */
  get receiverEstimate(): number | undefined {
    return this.estimate;
  }

  /** A receiver's estimate in bits a second. Returns whether the bitrate changed. */
  onEstimate(bitrate: number, nowMs: number): boolean {
    this.estimate = bitrate;
    const wanted = this.clamp(bitrate * ESTIMATE_SHARE);
    if (wanted > this.current && nowMs < this.holdUntilMs) return false;
    return this.set(wanted);
  }

  /** The share (0–1) of packets lost since the last report. Returns whether the bitrate changed. */
  onLoss(fractionLost: number, nowMs: number): boolean {
    if (fractionLost <= HIGH_LOSS) return false;
    this.holdUntilMs = nowMs + HOLD_AFTER_LOSS_MS;
    return this.set(this.clamp(this.current * (1 - 0.5 * fractionLost)));
  }

  private set(wanted: number): boolean {
    const atLimit = wanted === this.limits.ceiling || wanted === MIN_BITRATE;
    if (wanted === this.current || (!atLimit && Math.abs(wanted - this.current) < this.current * HYSTERESIS)) return false;
    this.current = wanted;
    return true;
  }

  private clamp(bitrate: number): number {
    return Math.round(Math.min(Math.max(bitrate, MIN_BITRATE), Math.max(this.limits.ceiling, MIN_BITRATE)));
  }
}
