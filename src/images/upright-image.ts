import type { Metadata, Sharp, SharpOptions } from 'sharp';
import { imageTypeOf, isAnimatedPng, type ImageType } from './image-file.js';
import { ImageError } from './image.error.js';

/** One image may take so long to decode and encode. */
const TIMEOUT_SECONDS = 10;
/** So small that it costs no memory, and yet the whole file is decoded for it. */
const PROBE_PIXELS = 8;
/** Of what had to be turned: hardly to be told from the original. */
const QUALITY = 95;
/** No pixel is decoded, so the limit is checked by whoever says how many there are. */
const HEADER_ONLY: SharpOptions = { limitInputPixels: false };
/** EXIF orientation of a picture that is upright (CIPA DC-008 section 4.6.5). */
const UPRIGHT = 1;

/** A file that was decoded once. */
export interface UprightImage {
  readonly type: ImageType;
  /** A new file; undefined when the one that was given is upright. */
  readonly turned?: Buffer;
}

/**
 * Checks that a file is one whole picture of a type that is taken, and turns it upright.
 *
 * @throws ImageError
 */
export async function makeUpright(bytes: Buffer, maxPixels: number): Promise<UprightImage> {
  const type = imageTypeOf(bytes);
  if (type === undefined) throw new ImageError('is no JPEG, PNG or WebP file');
  const open = await opener(bytes);
  const metadata = await readHeader(open(HEADER_ONLY));
  checkHeader(metadata, maxPixels);
  if ((metadata.pages ?? 1) > 1 || (type === 'png' && isAnimatedPng(bytes))) throw new ImageError('is an animation');
  const read: SharpOptions = { limitInputPixels: maxPixels, failOn: 'error' };
  try {
    if ((metadata.orientation ?? UPRIGHT) === UPRIGHT) {
      await open(read).resize(PROBE_PIXELS, PROBE_PIXELS, { fit: 'fill' }).raw().toBuffer();
      return { type };
    }
    return { type, turned: await encode(open(read).autoOrient().keepIccProfile(), type).toBuffer() };
  } catch (error) {
    throw new ImageError(isTimeout(error) ? `takes longer than ${TIMEOUT_SECONDS} s to decode` : 'is a damaged file', {
      cause: error,
    });
  }
}

async function opener(bytes: Buffer): Promise<(options: SharpOptions) => Sharp> {
  // Only now: a server that gets no images has no need of the library.
  const { default: sharp } = await import('sharp');
  // Nothing of one client's image is kept for the next, and no image takes more than one core from the encoders.
  sharp.cache(false);
  sharp.concurrency(1);
  return (options) => sharp(bytes, options).timeout({ seconds: TIMEOUT_SECONDS });
}

async function readHeader(image: Sharp): Promise<Metadata> {
  try {
    return await image.metadata();
  } catch (error) {
    throw new ImageError('is a damaged file', { cause: error });
  }
}

function checkHeader({ width, height }: Metadata, maxPixels: number): void {
  if (width * height <= maxPixels) return;
  throw new ImageError(
    `has ${width} × ${height} pixels, ${inMillions(width * height)} million; ${inMillions(maxPixels)} million are allowed`,
  );
}

function encode(image: Sharp, type: ImageType): Sharp {
  switch (type) {
    case 'jpeg':
      return image.jpeg({ quality: QUALITY, chromaSubsampling: '4:4:4' });
    case 'png':
      return image.png();
    case 'webp':
      return image.webp({ quality: QUALITY });
  }
}

function isTimeout(error: unknown): boolean {
  return error instanceof Error && /timeout/iu.test(error.message);
}

function inMillions(pixels: number): string {
  return String(Math.ceil(pixels / 10_000) / 100);
}
