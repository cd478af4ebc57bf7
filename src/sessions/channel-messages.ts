import { exceedsJsonDepth } from '../common/index.js';
import type { CloseReason } from './close-reason.js';

/** A message of the server on the data channel. Times are seconds since 1970, as in the system this one replaces. */
export type ServerMessage =
  | {
      readonly type: 'chunk';
      readonly session_id: string;
      readonly index: number | null;
      readonly data: Readonly<Record<string, unknown>> | null;
      readonly error?: string;
      readonly timestamp: number;
    }
  | { readonly type: 'done'; readonly session_id: string; readonly total_chunks: number; readonly timestamp: number }
  | {
      readonly type: 'error';
      readonly session_id: string;
      readonly code: MessageErrorCode;
      readonly detail: string;
      readonly timestamp: number;
    }
  | { readonly type: 'closed'; readonly session_id: string; readonly reason: CloseReason; readonly timestamp: number };

/**
 * Bytes of one message we send: what browsers take (Chromium's `a=max-message-size`; RFC 8841 section 6). A longer one would break the channel.
 */
export const MAX_SENT_MESSAGE_BYTES = 262_144;

/** What can be wrong with a client's message. */
export type MessageErrorCode =
  'malformed-message' | 'message-too-large' | 'message-too-deep' | 'not-bidirectional' | 'push-failed';

export type ParsedMessage =
  | { readonly kind: 'stop' }
  /** For the pipeline: a JSON value, or the bytes of a binary message. */
  | { readonly kind: 'input'; readonly value: unknown }
  | { readonly kind: 'refused'; readonly code: MessageErrorCode; readonly detail: string };

export interface MessageLimits {
  readonly maxMessageBytes: number;
  readonly maxJsonDepth: number;
}

/** Reads one message of a client. Pure; never throws. */
export function parseMessage(message: string | Uint8Array, limits: MessageLimits): ParsedMessage {
  const bytes = typeof message === 'string' ? Buffer.byteLength(message) : message.byteLength;
  if (bytes > limits.maxMessageBytes) {
    return refused('message-too-large', `The message has ${bytes} bytes; at most ${limits.maxMessageBytes} are taken.`);
  }
  if (typeof message !== 'string') return { kind: 'input', value: message };
  let value: unknown;
  try {
    value = JSON.parse(message);
  } catch {
    return refused('malformed-message', 'The message is not JSON. Send a JSON text such as {"type":"control",…}, or binary.');
  }
  if (exceedsJsonDepth(value, limits.maxJsonDepth)) {
    return refused('message-too-deep', `The message is nested deeper than ${limits.maxJsonDepth} levels.`);
  }
  if (typeof value === 'object' && value !== null && 'type' in value && value.type === 'stop') return { kind: 'stop' };
  return { kind: 'input', value };
}

function refused(code: MessageErrorCode, detail: string): ParsedMessage {
  return { kind: 'refused', code, detail };
}
