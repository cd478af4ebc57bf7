import type { Metadata, Sharp, SharpOptions } from 'sharp';
import { inMebibytes } from './data-url.js';
import { imageTypeOf, isAnimatedPng, type ImageType } from './image-file.js';
import { ImageError } from './image.error.js';

/** One image may take so long to decode and encode. */
const TIMEOUT_SECONDS = 10;
/** So small that it costs no memory, and yet the whole file is decoded for it. */
const PROBE_PIXELS = 8;
/**
 * Of what had to be turned, one after the other until the file is short enough: the first is hardly to be told from the original, but makes a file
 * that was compressed more than that longer than it was.
 */
const QUALITIES = [95, 80] as const;
/** Of 0–9. With filters fitted to each line more than this gains nothing and takes twice as long. */
const PNG_COMPRESSION = 4;
/** No pixel is decoded, so the limit is checked by whoever says how many there are. */
const HEADER_ONLY: SharpOptions = { limitInputPixels: false };
/** EXIF orientation of a picture that is upright (CIPA DC-008 section 4.6.5). */
const UPRIGHT = 1;

/** What a file may be, as it came and when it is upright. */
interface ImageLimits {
  readonly maxBytes: number;
  readonly maxPixels: number;
}

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
export async function makeUpright(bytes: Buffer, { maxBytes, maxPixels }: ImageLimits): Promise<UprightImage> {
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
    return { type, turned: await turn(() => open(read).autoOrient().keepIccProfile(), type, maxBytes) };
  } catch (error) {
    if (error instanceof ImageError) throw error;
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

async function turn(read: () => Sharp, type: ImageType, maxBytes: number): Promise<Buffer> {
  let bytes = 0;
  for (const quality of type === 'png' ? [undefined] : QUALITIES) {
    const turned = await encode(read(), type, quality).toBuffer();
    if (turned.length <= maxBytes) return turned;
    bytes = turned.length;
  }
  throw new ImageError(`is a file of ${inMebibytes(bytes)} MiB when it is upright; ${inMebibytes(maxBytes)} MiB are allowed`);
}

function encode(image: Sharp, type: ImageType, quality: number | undefined): Sharp {
  switch (type) {
    case 'jpeg':
      return image.jpeg({ quality, chromaSubsampling: '4:4:4' });
    case 'png':
      return image.png({ adaptiveFiltering: true, compressionLevel: PNG_COMPRESSION });
    case 'webp':
      return image.webp({ quality });
  }
}

function isTimeout(error: unknown): boolean {
  return error instanceof Error && /timeout/iu.test(error.message);
}

function inMillions(pixels: number): string {
  return String(Math.ceil(pixels / 10_000) / 100);
}
