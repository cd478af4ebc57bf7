/** Files that browsers make and pipelines read. */
export type ImageType = 'jpeg' | 'png' | 'webp';

const PNG_SIGNATURE = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
const PNG_CHUNK_OVERHEAD = 12;
const MAX_PNG_CHUNKS = 1000;

/**
 * What a file is by its first bytes: what it is called counts for nothing, and no decoder of another format ever sees it.
 *
 * JPEG: ITU-T T.81 annex B. PNG: W3C PNG section 5.2. WebP: RFC 9649 section 2.4.
 */
export function imageTypeOf(bytes: Buffer): ImageType | undefined {
  if (bytes[0] === 0xff && bytes[1] === 0xd8 && bytes[2] === 0xff) return 'jpeg';
  if (bytes.subarray(0, 8).equals(PNG_SIGNATURE)) return 'png';
  if (bytes.toString('latin1', 0, 4) === 'RIFF' && bytes.toString('latin1', 8, 12) === 'WEBP') return 'webp';
  return undefined;
}

/** Whether a PNG file is animated (W3C PNG section 11.3.6.1): an `acTL` chunk comes before the picture. Decoders that know none show its first frame. */
export function isAnimatedPng(bytes: Buffer): boolean {
  let at = PNG_SIGNATURE.length;
  for (let count = 0; count < MAX_PNG_CHUNKS && at + PNG_CHUNK_OVERHEAD <= bytes.length; count += 1) {
    const type = bytes.toString('latin1', at + 4, at + 8);
    if (type === 'acTL') return true;
    if (type === 'IDAT') return false;
    at += bytes.readUInt32BE(at) + PNG_CHUNK_OVERHEAD;
  }
  return false;
}
