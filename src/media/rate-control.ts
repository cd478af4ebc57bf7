import type { NetworkLimits } from './congestion/index.js';

/** Bits a second below which no picture is worth sending. */
const MIN_VIDEO_BITRATE = 40_000;
/** Bits a second of everything on a path below which there is no use in going. */
const MIN_NETWORK_BITRATE = 100_000;
/** What sound may need, with its headers, until it is known what it does need: stereo Opus at 96 kbps in 50 packets a second. */
const AUDIO_RESERVE = 128_000;
/** Share of a video packet that is picture: the rest is headers, extensions and the SRTP tag, about 70 of 1200 bytes. */
const PICTURE_SHARE = 0.94;
/** Times of what is wanted that a path is probed for: on one with room to spare a picture leaves at once, and keyframes do not wait. */
const HEADROOM = 2;
/** Smaller changes than this share are not worth telling an encoder. */
const HYSTERESIS = 0.02;

export interface RateLimits {
  /** Bits a second of video before anything is known of the network. */
  readonly start: number;
  /** Bits a second of video never exceeded. */
  readonly ceiling: number;
}

/** What shares the path with the pictures, bits a second of whole packets. */
export interface OtherTraffic {
  /** Undefined until it was measured; 0 without sound. */
  readonly audioBitrate: number | undefined;
  /** Packets sent again. */
  readonly repairBitrate: number;
}

/** Divides what the network takes: sound and repairs get what they need, the pictures what is left. Pure. */
export class RateControl {
  private current: number;

  constructor(private readonly limits: RateLimits) {
    this.current = this.clamp(limits.start);
  }

  /** Bits a second for the video encoder. */
  get bitrate(): number {
    return this.current;
  }

  /** The same limits for everything on the path together. */
  get networkLimits(): NetworkLimits {
    const { start, ceiling } = this.limits;
    const whole = (video: number): number => Math.max(Math.round(video / PICTURE_SHARE) + AUDIO_RESERVE, MIN_NETWORK_BITRATE);
    return { startBitrate: whole(start), minBitrate: MIN_NETWORK_BITRATE, maxBitrate: whole(ceiling) * HEADROOM };
  }

  /** @param targetBitrate bits a second that the path takes, of everything. */
  follow(targetBitrate: number, { audioBitrate = AUDIO_RESERVE, repairBitrate }: OtherTraffic): void {
    const wanted = this.clamp((targetBitrate - audioBitrate - repairBitrate) * PICTURE_SHARE);
    const atLimit = wanted === this.clamp(0) || wanted === this.clamp(Infinity);
    if (atLimit || Math.abs(wanted - this.current) >= this.current * HYSTERESIS) this.current = wanted;
  }

  private clamp(bitrate: number): number {
    return Math.round(Math.min(Math.max(bitrate, MIN_VIDEO_BITRATE), Math.max(this.limits.ceiling, MIN_VIDEO_BITRATE)));
  }
}
