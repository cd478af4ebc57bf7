/** What comes from the pipeline. */
export interface VideoSource {
  /** Pixels. */
  readonly width: number;
  /** Pixels. */
  readonly height: number;
  /** Pictures a second. */
  readonly fps: number;
}

/** What of it is sent. */
export interface VideoPlan {
  /** One picture of so many is sent. */
  readonly frameRateDivisor: number;
  /** Both sides are this share of the source's, 0–1. */
  readonly scale: number;
}

/** What an encoder made of a picture. */
export interface PictureCost {
  readonly bytes: number;
  readonly keyframe: boolean;
  /** On the codec's own scale; undefined when the encoder does not say. */
  readonly quantiser: number | undefined;
}

/** The quantisers between which a codec's pictures go from good to poor. */
export interface QuantiserRange {
  readonly good: number;
  readonly poor: number;
}

/**
 * By codec, as FFmpeg's encoders report them: 0–51 for H.264, 0–63 for the others. Where the codec's own scale has other steps (VP8 0–127, VP9 and AV1
 * 0–255), this is libwebrtc's choice of when to scale pictures, translated.
 */
export const QUANTISER_RANGES: Readonly<Record<'H264' | 'VP8' | 'VP9' | 'AV1', QuantiserRange>> = {
  H264: { good: 24, poor: 37 },
  VP8: { good: 24, poor: 52 },
  VP9: { good: 37, poor: 51 },
  AV1: { good: 36, poor: 51 },
};

/** Fewer pictures a second than this look like stills: below it the size goes down instead. */
const MIN_FPS = 12;
/** What a pace may be off: 23.976 is taken for 24. */
const FPS_TOLERANCE = 0.01;
const SCALES = [3 / 4, 1 / 2, 3 / 8, 1 / 4] as const;
/** Pixels of the shorter side below which nothing can be recognised. */
const MIN_SIDE = 144;

/** Bits grow with the pictures a second and with the pixels, less than in proportion: neighbours in time and space resemble each other. */
const FPS_EXPONENT = 0.7;
const PIXELS_EXPONENT = 0.8;
/** A picture whose quantiser is poor has so many times fewer bits than the same with a good one. */
const RATE_OF_RANGE = 4.5;

/** Bits a pixel that poor pictures take, until the encoder told how it really is. */
const ASSUMED_POOR_BITS_PER_PIXEL = 0.03;
/** What is known of the content fades away in about this time. */
const MEMORY_MS = 1000;
/** What an encoder takes to make up for the bits of a key frame: its rate-control buffer, and a little. */
const RECOVERY_MS = 400;

/** Coarseness, 0 good to 1 poor: above the first the plan goes down, to a step that is below the second; up to one that is below the third. */
const DOWN_ABOVE = 1;
const DOWN_TO = 0.85;
const UP_BELOW = 0.6;

/** A rate has to be too low for so long until something changes… */
const DOWN_AFTER_MS = 700;
/** …and less where pictures would fall to pieces. */
const DOWN_AT_ONCE_AFTER_MS = 200;
const DOWN_AT_ONCE_ABOVE = 1.6;
/** The next step up has to be affordable for so long, doubled each time that it was left again. */
const UP_AFTER_MS = 4000;
const MAX_UP_AFTER_MS = 64_000;
/** A step that was left within this time was not affordable. */
const FAILED_WITHIN_MS = 20_000;
/** What the network must have gained for a step that failed to be tried as if it had not. */
const FORGIVEN_AT = 1.5;

/** What sums of logarithms may be off. */
const ROUNDING = 1e-6;

interface Step extends VideoPlan {
  /** Its bits a second, as a share of those of the whole source at the same quantiser. */
  readonly cost: number;
}

/**
 * The chain behind the network's estimate: a lower rate first means coarser pictures, which is the encoder's affair; when they become poor, fewer
 * pictures a second, and when those are few, smaller ones. Up again one step at a time, each when it was affordable for seconds, and later each
 * time it proved not to be. Pure: time comes with each call.
 *
 * What is affordable depends on the content, so it is learnt from the encoder: bits and quantiser of each picture say how many bits a second poor
 * pictures of the whole source would take.
 */
export class VideoAdaptation {
  private source: VideoSource | undefined;
  private steps: readonly Step[] = [];
  private current = 0;
  /** Natural logarithm of the bits a second that the whole source would take at a poor quantiser. */
  private poorRateLog = 0;
  private measured = false;
  private lastPictureMs = -Infinity;
  private recoveredAtMs = -Infinity;
  private tooLowSinceMs: number | undefined;
  private affordableSinceMs: number | undefined;
  private lastUpMs = -Infinity;
  private upAfterMs = UP_AFTER_MS;
  private failedBitrate = Infinity;

  /** @param quantisers absent for an encoder that reports none: then only the size and pace of the source count. */
  constructor(private readonly quantisers: QuantiserRange | undefined) {}

  /** What to send of the next picture. @param bitrate bits a second that the encoder gets. */
  plan(source: VideoSource, bitrate: number, nowMs: number): VideoPlan {
    if (!isAlike(source, this.source)) this.begin(source, bitrate);
    const coarseness = this.coarsenessOf(this.current, bitrate);
    if (coarseness > DOWN_ABOVE) this.considerDown(bitrate, coarseness, nowMs);
    else this.tooLowSinceMs = undefined;
    const isUpAffordable = this.current > 0 && this.coarsenessOf(this.current - 1, bitrate) < UP_BELOW;
    if (isUpAffordable) this.considerUp(bitrate, nowMs);
    else this.affordableSinceMs = undefined;
    const { frameRateDivisor, scale } = this.steps[this.current] ?? { frameRateDivisor: 1, scale: 1 };
    return { frameRateDivisor, scale };
  }

  /** Tells what became of a picture of the plan. */
  pictureEncoded({ bytes, keyframe, quantiser }: PictureCost, nowMs: number): void {
    const { source, quantisers } = this;
    const step = this.steps[this.current];
    // A key frame is larger by nature, and too rare to matter; what comes behind it is small because the encoder makes up for it.
    if (keyframe) this.recoveredAtMs = nowMs + RECOVERY_MS;
    if (nowMs < this.recoveredAtMs || bytes === 0 || quantiser === undefined) return;
    if (source === undefined || step === undefined || quantisers === undefined) return;
    const bitrate = (bytes * 8 * source.fps) / step.frameRateDivisor;
    const coarseness = (quantiser - quantisers.good) / (quantisers.poor - quantisers.good);
    const sample = Math.log(bitrate / step.cost) + (coarseness - 1) * Math.log(RATE_OF_RANGE);
    const elapsedMs = Math.min(nowMs - this.lastPictureMs, MEMORY_MS);
    const weight = this.measured ? 1 - Math.exp(-elapsedMs / MEMORY_MS) : 1;
    this.poorRateLog += (sample - this.poorRateLog) * weight;
    this.measured = true;
    this.lastPictureMs = nowMs;
  }

  /** Takes another size or pace over. What was learnt of the content stays true in proportion. */
  private begin(source: VideoSource, bitrate: number): void {
    const last = this.source;
    const lastRateLog = this.poorRateLog + Math.log(this.steps[this.current]?.cost ?? 1);
    this.source = source;
    this.steps = stepsOf(source);
    if (last === undefined || !this.measured) {
      this.poorRateLog = Math.log(source.width * source.height * source.fps * ASSUMED_POOR_BITS_PER_PIXEL);
      this.current = this.coarsenessOf(0, bitrate) > DOWN_ABOVE ? this.affordableStep(bitrate) : 0;
      return;
    }
    const pixels = (source.width * source.height) / (last.width * last.height);
    this.poorRateLog += FPS_EXPONENT * Math.log(source.fps / last.fps) + PIXELS_EXPONENT * Math.log(pixels);
    // The best step that costs no more than the one before, or is affordable anyway.
    const alike = this.steps.findIndex(
      ({ cost }, index) =>
        this.poorRateLog + Math.log(cost) <= lastRateLog + ROUNDING || this.coarsenessOf(index, bitrate) < UP_BELOW,
    );
    this.current = alike < 0 ? this.steps.length - 1 : alike;
  }

  private considerDown(bitrate: number, coarseness: number, nowMs: number): void {
    this.tooLowSinceMs ??= nowMs;
    const waitMs = coarseness > DOWN_AT_ONCE_ABOVE ? DOWN_AT_ONCE_AFTER_MS : DOWN_AFTER_MS;
    if (nowMs - this.tooLowSinceMs < waitMs || this.current === this.steps.length - 1) return;
    this.tooLowSinceMs = this.affordableSinceMs = undefined;
    this.current = Math.max(this.current + 1, this.affordableStep(bitrate));
    if (nowMs - this.lastUpMs < FAILED_WITHIN_MS) {
      this.upAfterMs = Math.min(this.upAfterMs * 2, MAX_UP_AFTER_MS);
      this.failedBitrate = bitrate;
    } else this.upAfterMs = UP_AFTER_MS;
  }

  private considerUp(bitrate: number, nowMs: number): void {
    this.affordableSinceMs ??= nowMs;
    const waitMs = bitrate > this.failedBitrate * FORGIVEN_AT ? UP_AFTER_MS : this.upAfterMs;
    if (nowMs - this.affordableSinceMs < waitMs) return;
    this.affordableSinceMs = this.tooLowSinceMs = undefined;
    this.current -= 1;
    this.lastUpMs = nowMs;
  }

  /** The first step that is not poor at the rate, else the last. */
  private affordableStep(bitrate: number): number {
    const found = this.steps.findIndex((_, index) => this.coarsenessOf(index, bitrate) < DOWN_TO);
    return found < 0 ? this.steps.length - 1 : found;
  }

  /** How coarse the pictures of a step would be at a rate: 0 good, 1 poor, and beyond. */
  private coarsenessOf(index: number, bitrate: number): number {
    const cost = this.steps[index]?.cost ?? 1;
    return 1 + (this.poorRateLog + Math.log(cost) - Math.log(bitrate)) / Math.log(RATE_OF_RANGE);
  }
}

/** From the whole source down: first the pictures a second, then their size. */
function stepsOf({ width, height, fps }: VideoSource): Step[] {
  const divisors = [1];
  for (let divisor = 2; fps / divisor >= MIN_FPS * (1 - FPS_TOLERANCE); divisor += 1) divisors.push(divisor);
  const slowest = divisors.at(-1) ?? 1;
  const scales = SCALES.filter((scale) => Math.min(width, height) * scale >= MIN_SIDE);
  const plans = [
    ...divisors.map((frameRateDivisor) => ({ frameRateDivisor, scale: 1 })),
    ...scales.map((scale) => ({ frameRateDivisor: slowest, scale })),
  ];
  return plans.map((plan) => ({
    ...plan,
    cost: plan.frameRateDivisor ** -FPS_EXPONENT * (plan.scale * plan.scale) ** PIXELS_EXPONENT,
  }));
}

/** Changes of pace smaller than a tenth are jitter, not another source. */
function isAlike(a: VideoSource, b: VideoSource | undefined): boolean {
  return b !== undefined && a.width === b.width && a.height === b.height && Math.abs(a.fps - b.fps) < b.fps * 0.1;
}
