import { exceedsJsonDepth } from '../common/index.js';
import { controlKey, type ControlId } from '../pipeline-loader/index.js';
import type { CloseReason } from './close-reason.js';

/** A message of the server on the data channel. Times are seconds since 1970, as in the system this one replaces. */
export type ServerMessage =
  | {
      readonly type: 'chunk';
      readonly session_id: string;
      readonly index: number | null;
      readonly data: Readonly<Record<string, unknown>> | null;
      readonly error?: string;
      /** The ids of the client's messages that the chunk is the first to reflect, as the client wrote them. */
      readonly applied_controls?: readonly ControlId[];
      /**
       * Where the chunk's first picture was placed on the video stream. The frame that shows it has this timestamp, or where it had to wait or was
       * dropped, the next later one.
       */
      readonly rtp_timestamp?: number;
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
  /** The server is about to end. The session goes on, until `deadline` at most; whoever wants more opens another session. */
  | { readonly type: 'going_away'; readonly session_id: string; readonly deadline: number; readonly timestamp: number }
  | { readonly type: 'closed'; readonly session_id: string; readonly reason: CloseReason; readonly timestamp: number };

/**
 * Bytes of one message we send: what browsers take (Chromium's `a=max-message-size`; RFC 8841 section 6). A longer one would break the channel.
 */
export const MAX_SENT_MESSAGE_BYTES = 262_144;

/** What can be wrong with a client's message. */
export type MessageErrorCode =
  'malformed-message' | 'message-too-large' | 'message-too-deep' | 'not-bidirectional' | 'push-failed';

/** What a page says it has shown: the first frame that reflects a control, or the frame of an RTP timestamp. */
export type ShownReport = { readonly id: ControlId } | { readonly rtpTimestamp: number };

export type ParsedMessage =
  | { readonly kind: 'stop' }
  /** For the pipeline: a JSON value, or the bytes of a binary message. `control`: the `id` of an object that has one. */
  | { readonly kind: 'input'; readonly value: unknown; readonly control?: ControlId }
  /** `value` is the message, for the case that it is meant for the pipeline after all. */
  | { readonly kind: 'shown'; readonly report: ShownReport; readonly value: unknown }
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
  if (typeof value !== 'object' || value === null) return { kind: 'input', value };
  if ('type' in value && value.type === 'stop') return { kind: 'stop' };
  const report = readReport(value);
  if (report !== undefined) return { kind: 'shown', report, value };
  return 'id' in value && isControlId(value.id) ? { kind: 'input', value, control: value.id } : { kind: 'input', value };
}

/** Only the very shape is a report; with any other member it is a message of the page to its pipeline. */
function readReport(value: object): ShownReport | undefined {
  if (!('type' in value) || value.type !== 'shown' || Object.keys(value).length !== 2) return undefined;
  if ('id' in value) return isControlId(value.id) ? { id: value.id } : undefined;
  const timestamp = 'rtp_timestamp' in value ? value.rtp_timestamp : undefined;
  if (typeof timestamp !== 'number' || timestamp !== timestamp >>> 0) return undefined;
  return { rtpTimestamp: timestamp };
}

/** What is no id is the pipeline's own affair: the message reaches it, and is not followed. */
function isControlId(value: unknown): value is ControlId {
  return controlKey(value) !== undefined;
}

function refused(code: MessageErrorCode, detail: string): ParsedMessage {
  return { kind: 'refused', code, detail };
}
