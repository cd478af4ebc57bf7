import { UndecodablePictureError } from './undecodable-picture.error.js';

/** Longest side of a picture, pixels: what H.264 level 5.1 decoders take. */
export const MAX_PICTURE_SIDE = 4096;

/** Pixels. */
export interface PictureSize {
  readonly width: number;
  readonly height: number;
}

/** The size that a picture of `source` is to have; called once its own is known. Neither side grows, both are even. */
export type SizeChoice = (source: PictureSize) => PictureSize;

/** A size scaled by `factor` (0–1), both sides even and at least 2. */
export function scaledSize({ width, height }: PictureSize, factor: number): PictureSize {
  const scaled = (side: number): number => Math.max(2, Math.round((side * factor) / 2) * 2);
  return { width: scaled(width), height: scaled(height) };
}

/** Throws UndecodablePictureError unless both sides are whole numbers from 2 to {@link MAX_PICTURE_SIDE}. */
export function assertPictureSize(width: number, height: number): void {
  for (const side of [width, height]) {
    if (!Number.isInteger(side) || side < 2 || side > MAX_PICTURE_SIDE) {
      throw new UndecodablePictureError(`The picture is ${width} × ${height} pixels; each side may be 2 to ${MAX_PICTURE_SIDE}.`);
    }
  }
}
