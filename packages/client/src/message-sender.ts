import { StreamError } from './stream-error.js';
import { until } from './waiting.js';

/** What browsers and the server take at once, whatever more they negotiate (RFC 8841 section 6). */
const MAX_MESSAGE_BYTES = 262_144;

/** Text, or bytes. */
export type Encoded = string | Uint8Array<ArrayBuffer>;

/**
 * A message as it goes into the channel: bytes as they are, anything else as JSON.
 * @throws StreamError `malformed-message`
 */
export function encodeMessage(message: unknown): Encoded {
  if (message instanceof ArrayBuffer) return new Uint8Array(message);
  if (ArrayBuffer.isView(message)) return new Uint8Array(message.buffer as ArrayBuffer, message.byteOffset, message.byteLength);
  let text: string | undefined;
  try {
    text = JSON.stringify(message) as string | undefined;
  } catch (cause) {
    throw new StreamError('malformed-message', 'The message cannot be written as JSON.', { cause });
  }
  if (text === undefined) throw new StreamError('malformed-message', `A message cannot be ${typeof message}.`);
  return text;
}

/**
 * Puts a message into the channel, within its bounds.
 * @param maxBufferedBytes what may wait in the channel, this message included
 * @throws StreamError `not-connected`, `message-too-large`, `channel-full`
 */
export function sendMessage(channel: RTCDataChannel, message: Encoded, maxMessageBytes: number, maxBufferedBytes: number): void {
  const bytes = typeof message === 'string' ? new TextEncoder().encode(message).length : message.byteLength;
  const most = Math.min(maxMessageBytes, MAX_MESSAGE_BYTES);
  if (bytes > most) throw new StreamError('message-too-large', `The message has ${bytes} bytes; at most ${most} can be sent.`);
  if (channel.readyState !== 'open') throw new StreamError('not-connected', `The data channel is ${channel.readyState}.`);
  if (channel.bufferedAmount + bytes > maxBufferedBytes) {
    throw new StreamError(
      'channel-full',
      `${channel.bufferedAmount} bytes wait to be sent already; at most ${maxBufferedBytes} may.`,
    );
  }
  // Two overloads: each type finds its own.
  if (typeof message === 'string') channel.send(message);
  else channel.send(message);
}

/** Resolves when no more than half of what may wait does. Rejects as `until` does. */
export function drained(channel: RTCDataChannel, maxBufferedBytes: number, signal: AbortSignal): Promise<void> {
  const enough = Math.floor(maxBufferedBytes / 2);
  channel.bufferedAmountLowThreshold = enough;
  return until(channel, 'bufferedamountlow', () => channel.bufferedAmount <= enough, { signal });
}
