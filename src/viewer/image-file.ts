import { constants, open } from 'node:fs/promises';
import { ViewerError } from './viewer.error.js';

/** What the server takes as an initial image. */
const MAX_IMAGE_BYTES = 10 * 1024 * 1024;
const REMEDY = 'Give a JPEG, PNG or WebP of at most 10 MiB.';

/** Media types by the first bytes of a file, hexadecimal; WebP has its name behind the length of its RIFF. */
const SIGNATURES: readonly (readonly [type: string, pattern: RegExp])[] = [
  ['image/jpeg', /^ffd8ff/u],
  ['image/png', /^89504e470d0a1a0a/u],
  ['image/webp', /^52494646.{8}57454250/u],
];

/** An image as a data URL, as offers carry it. Rejects with ViewerError (`file`). */
export async function imageDataUrl(path: string): Promise<string> {
  const bytes = await read(path);
  const start = bytes.subarray(0, 16).toString('hex');
  const type = SIGNATURES.find(([, pattern]) => pattern.test(start))?.[0];
  if (type === undefined) throw new ViewerError('file', `${path} is no JPEG, PNG or WebP`, REMEDY);
  return `data:${type};base64,${bytes.toString('base64')}`;
}

async function read(path: string): Promise<Buffer> {
  try {
    // Otherwise a pipe that nobody writes to would be waited for.
    await using file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const stats = await file.stat();
    if (!stats.isFile()) throw new ViewerError('file', `${path} is no file`, REMEDY);
    if (stats.size > MAX_IMAGE_BYTES) {
      throw new ViewerError('file', `${path} has ${(stats.size / 2 ** 20).toFixed(1)} MiB`, REMEDY);
    }
    // A file may grow meanwhile, and some of the kernel's say that they are empty.
    const chunks = await file.createReadStream({ end: MAX_IMAGE_BYTES, autoClose: false }).toArray();
    const bytes = Buffer.concat(chunks as Buffer[]);
    if (bytes.length > MAX_IMAGE_BYTES) throw new ViewerError('file', `${path} has more than 10 MiB`, REMEDY);
    return bytes;
  } catch (error) {
    if (error instanceof ViewerError) throw error;
    const { code = String(error) } = error as NodeJS.ErrnoException;
    throw new ViewerError('file', `${path} cannot be read (${code})`, 'Name an image that you may read.', { cause: error });
  }
}
