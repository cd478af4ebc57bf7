import { MESSAGE_LIMITS, PREFIX_BYTES } from './message-decoder.js';

/** A message is over the protocol's limits and was not sent. */
export class MessageTooLargeError extends Error {
  override readonly name = 'MessageTooLargeError';
}

/**
 * A message as the buffers to write one after the other; the parts are passed on without a copy.
 *
 * @throws MessageTooLargeError
 */
export function encodeMessage(header: object, parts: readonly Uint8Array[], maxHeaderBytes: number): Uint8Array[] {
  const json = JSON.stringify(parts.length === 0 ? header : { ...header, parts: parts.map((part) => part.length) });
  const headerLength = Buffer.byteLength(json);
  const bodyLength = parts.reduce((sum, part) => sum + part.length, 0);
  if (headerLength > maxHeaderBytes) throw new MessageTooLargeError(`${headerLength} bytes of JSON in one message`);
  if (bodyLength > MESSAGE_LIMITS.maxBodyBytes) throw new MessageTooLargeError(`${bodyLength} bytes of media in one message`);
  if (parts.length > MESSAGE_LIMITS.maxParts) throw new MessageTooLargeError(`${parts.length} parts in one message`);
  const head = Buffer.allocUnsafe(PREFIX_BYTES + headerLength);
  head.writeUInt32LE(headerLength, 0);
  head.writeUInt32LE(bodyLength, 4);
  head.write(json, PREFIX_BYTES);
  return [head, ...parts];
}
