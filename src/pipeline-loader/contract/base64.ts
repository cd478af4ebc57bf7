/**
 * The bytes of standard or URL-safe base64, padded or not; white space is skipped.
 *
 * @returns undefined when the text is not base64
 */
export function decodeBase64(text: string): Buffer | undefined {
  const bytes = Buffer.from(text, 'base64');
  if (bytes.length === decodedLength(text)) return bytes;
  // Node skips what it does not know, so a wrong length means white space (fine) or rubbish (not). Only this rare case pays twice.
  const compact = text.replace(/\s+/g, '');
  if (compact.length === text.length) return undefined;
  const again = Buffer.from(compact, 'base64');
  return again.length === decodedLength(compact) ? again : undefined;
}

/** Bytes that clean base64 of this length holds, or -1 when no base64 has this length. */
function decodedLength(text: string): number {
  let length = text.length;
  if (length % 4 === 0 && text.endsWith('=')) length -= text.endsWith('==') ? 2 : 1;
  return length % 4 === 1 ? -1 : Math.floor((length * 3) / 4);
}
