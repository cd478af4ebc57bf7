import type { Random } from './random.ts';

export const PICTURES_PER_SECOND = 24;
/** Deviation of a picture's size as a share of the mean. */
const NOISE = 0.15;
/** A keyframe is so many times a mean picture. */
const KEYFRAME_FACTOR = 4;
/** The rate control of an encoder pays an excess back over about so many pictures. */
const PAYBACK_PICTURES = 12;
const MIN_PICTURE_SHARE = 0.25;

/** A model of an encoder with a rate control: pictures of about the wanted size, keyframes larger, the excess paid back afterwards. */
export class VideoSource {
  #debtBytes = 0;
  #keyframe = true;

  readonly #random: Random;

  constructor(random: Random) {
    this.#random = random;
  }

  forceKeyframe(): void {
    this.#keyframe = true;
  }

  /** The next picture at this rate (bits per second). */
  next(bitrate: number): { bytes: number; keyframe: boolean } {
    const mean = bitrate / 8 / PICTURES_PER_SECOND;
    const keyframe = this.#keyframe;
    this.#keyframe = false;
    const wanted =
      (keyframe ? KEYFRAME_FACTOR : 1) * mean * (1 + NOISE * this.#random.normal()) - this.#debtBytes / PAYBACK_PICTURES;
    const bytes = Math.ceil(Math.max(wanted, MIN_PICTURE_SHARE * mean, 100));
    this.#debtBytes = Math.max(0, this.#debtBytes + bytes - mean);
    return { bytes, keyframe };
  }
}
