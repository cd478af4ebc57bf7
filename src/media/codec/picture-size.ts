import { UndecodablePictureError } from './undecodable-picture.error.js';

/** Longest side of a picture, pixels: what H.264 level 5.1 decoders take. */
export const MAX_PICTURE_SIDE = 4096;

/** Throws UndecodablePictureError unless both sides are whole numbers from 2 to {@link MAX_PICTURE_SIDE}. */
export function assertPictureSize(width: number, height: number): void {
  for (const side of [width, height]) {
    if (!Number.isInteger(side) || side < 2 || side > MAX_PICTURE_SIDE) {
      throw new UndecodablePictureError(`The picture is ${width} × ${height} pixels; each side may be 2 to ${MAX_PICTURE_SIDE}.`);
    }
  }
}
