import {
  AV_PIX_FMT_YUV420P,
  AVCOL_PRI_SMPTE170M,
  AVCOL_RANGE_MPEG,
  AVCOL_SPC_SMPTE170M,
  AVCOL_TRC_SMPTE170M,
} from 'node-av/constants';
import { Frame } from 'node-av/lib';

import { CodecError } from './codec.error.js';
import { check } from './ffmpeg.js';
import type { PictureSize } from './picture-size.js';

/**
 * A picture ready to be encoded: 4:2:0, 8 bits, limited range BT.601, even width and height. It owns native memory, which its holder
 * gives back with `release()`; an encoder that was handed it before keeps its own reference.
 */
export interface DecodedPicture {
  /** Pixels, even. */
  readonly width: number;
  /** Pixels, even. */
  readonly height: number;
  /** What it was before it was scaled, pixels, even. */
  readonly source: PictureSize;
  /** Idempotent. */
  release(): void;
}

/** The one implementation; only this folder sees the frame. */
export class NativePicture implements DecodedPicture {
  #frame: Frame | undefined;
  readonly width: number;
  readonly height: number;

  /** Takes ownership of `frame`. */
  constructor(
    frame: Frame,
    readonly source: PictureSize,
  ) {
    this.#frame = frame;
    this.width = frame.width;
    this.height = frame.height;
  }

  /** The frame, still owned by the picture: valid until `release()`. Take a reference before waiting on anything. */
  get frame(): Frame {
    if (!this.#frame) throw new CodecError('The picture was released.');
    return this.#frame;
  }

  release(): void {
    this.#frame?.free();
    this.#frame = undefined;
  }
}

/** A writable 4:2:0 frame tagged limited-range BT.601. The caller owns it. */
export function allocatePicture(width: number, height: number): Frame {
  const frame = new Frame();
  frame.alloc();
  frame.format = AV_PIX_FMT_YUV420P;
  frame.width = width;
  frame.height = height;
  tagLimitedRange(frame);
  check(frame.getBuffer(0), 'Allocating a picture');
  return frame;
}

/** Says in the frame's metadata what every {@link DecodedPicture} is. */
export function tagLimitedRange(frame: Frame): void {
  frame.colorRange = AVCOL_RANGE_MPEG;
  frame.colorSpace = AVCOL_SPC_SMPTE170M;
  frame.colorPrimaries = AVCOL_PRI_SMPTE170M;
  frame.colorTrc = AVCOL_TRC_SMPTE170M;
}
