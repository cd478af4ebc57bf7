import type { RawPicture } from '../../common/index.js';
import { MAX_PICTURE_SIDE } from './picture-size.js';
import { UndecodablePictureError } from './undecodable-picture.error.js';

/** Decodes what the JPEG decoder does not: PNG, WebP, and JPEGs in RGB or CMYK. Throws UndecodablePictureError. */
export async function decodeStill(data: Uint8Array): Promise<RawPicture> {
  // Most streams are JPEG or raw, and sharp's library takes time and memory to load: only the first PNG or WebP pays for it.
  const { default: sharp } = await import('sharp');
  try {
    const { data: pixels, info } = await sharp(data, { limitInputPixels: MAX_PICTURE_SIDE ** 2, failOn: 'truncated' })
      .toColourspace('srgb')
      .flatten()
      .raw()
      .toBuffer({ resolveWithObject: true });
    if (info.channels !== 3) throw new Error(`${info.channels} channels`);
    return { kind: 'raw', format: 'RGB24', width: info.width, height: info.height, data: pixels };
  } catch (error) {
    throw new UndecodablePictureError(
      `The picture cannot be decoded: ${error instanceof Error ? error.message : String(error)}`,
      { cause: error },
    );
  }
}
