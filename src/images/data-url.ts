import { ImageError } from './image.error.js';

/** RFC 2397; parameters of the media type are allowed, and say nothing that is needed. */
const HEAD = /^data:[^,]{0,256}?;base64$/iu;
const SCHEME = /^data:/iu;
const MAX_HEAD = 300;
const MIB = 1024 * 1024;

/** A file out of a data URL. */
export interface DataUrlFile {
  readonly bytes: Buffer;
  /** As it was sent. */
  readonly base64: string;
}

export function isDataUrl(value: unknown): value is string {
  return typeof value === 'string' && SCHEME.test(value);
}

/**
 * The file in a data URL. Its media type is not asked for: what a file is, it says itself.
 *
 * @throws ImageError
 */
export function readDataUrl(url: string, maxBytes: number): DataUrlFile {
  const comma = url.indexOf(',');
  if (comma === -1 || comma > MAX_HEAD || !HEAD.test(url.slice(0, comma))) {
    throw new ImageError('must be a data URL in base64, such as data:image/jpeg;base64,…');
  }
  const base64 = url.slice(comma + 1);
  const length = decodedLength(base64);
  if (length > maxBytes) {
    throw new ImageError(`is a file of ${inMebibytes(length)} MiB; ${inMebibytes(maxBytes)} MiB are allowed`);
  }
  const bytes = Buffer.from(base64, 'base64');
  // Node leaves out what is no base64, so anything strange makes it shorter.
  if (bytes.length !== length || unpadded(base64) % 4 === 1) throw new ImageError('is not valid base64');
  if (bytes.length === 0) throw new ImageError('is an empty file');
  return { bytes, base64 };
}

/** Bytes that text stands for if it is base64 (RFC 4648 section 4), with or without its padding. */
function decodedLength(base64: string): number {
  return Math.floor((unpadded(base64) * 3) / 4);
}

function unpadded(base64: string): number {
  return base64.length - (base64.endsWith('==') ? 2 : base64.endsWith('=') ? 1 : 0);
}

/** Never rounded to the limit that it is over. */
export function inMebibytes(bytes: number): string {
  return String(Math.ceil((bytes / MIB) * 100) / 100);
}
