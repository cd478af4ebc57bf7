/** The messages of the server on the data channel (docs/architecture.md, "Messages on the data channel"), read and checked. */

/** The id of a control: the server tells by it which picture reflects the control. */
export type ControlId = number | string;

/** Metadata of a chunk of the pipeline. */
export interface ChunkMessage {
  readonly type: 'chunk';
  readonly session_id: string;
  /** The pipeline's number of the chunk; null where it has none. */
  readonly index: number | null;
  /** What the chunk has besides media. */
  readonly data: Readonly<Record<string, unknown>> | null;
  /** What was wrong with a chunk. */
  readonly error?: string;
  /** The controls that this chunk is the first to reflect. */
  readonly applied_controls?: readonly ControlId[];
  /** Where the chunk's first picture lies in the video: `rtpTimestamp` of `requestVideoFrameCallback`. */
  readonly rtp_timestamp?: number;
  /** Seconds since 1970. */
  readonly timestamp: number;
}

/** The stream has ended and was played. */
export interface DoneMessage {
  readonly type: 'done';
  readonly session_id: string;
  readonly total_chunks: number;
  readonly timestamp: number;
}

/** The last message of the client was refused. */
export interface ErrorMessage {
  readonly type: 'error';
  readonly session_id: string;
  readonly code: string;
  readonly detail: string;
  readonly timestamp: number;
}

/** The server is about to end; the session goes on until `deadline` at most, seconds since 1970. */
export interface GoingAwayMessage {
  readonly type: 'going_away';
  readonly session_id: string;
  readonly deadline: number;
  readonly timestamp: number;
}

/** The session closes. */
export interface ClosedMessage {
  readonly type: 'closed';
  readonly session_id: string;
  readonly reason: string;
  readonly timestamp: number;
}

export type ServerMessage = ChunkMessage | DoneMessage | ErrorMessage | GoingAwayMessage | ClosedMessage;

type Check = (value: unknown) => boolean;
const isText: Check = (value) => typeof value === 'string';
const isNumber: Check = (value) => typeof value === 'number';
const isOptional =
  (check: Check): Check =>
  (value) =>
    value === undefined || check(value);
const isIds: Check = (value) => Array.isArray(value) && value.every((id) => isText(id) || isNumber(id));

const SHAPES: Readonly<Record<ServerMessage['type'], Readonly<Record<string, Check>>>> = {
  chunk: {
    data: (value) => typeof value === 'object' && !Array.isArray(value),
    error: isOptional(isText),
    applied_controls: isOptional(isIds),
    rtp_timestamp: isOptional(isNumber),
  },
  done: { total_chunks: isNumber },
  error: { code: isText, detail: isText },
  going_away: { deadline: isNumber },
  closed: { reason: isText },
};

/** Reads a message; undefined for one that a newer server may send and this library does not know. Pure; never throws. */
export function parseServerMessage(text: unknown): ServerMessage | undefined {
  if (typeof text !== 'string') return undefined;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof value !== 'object' || value === null) return undefined;
  const message = value as Record<string, unknown>;
  const { type } = message;
  if (typeof type !== 'string' || !Object.hasOwn(SHAPES, type)) return undefined;
  const shape = Object.entries(SHAPES[type as ServerMessage['type']]);
  return shape.every(([name, check]) => check(message[name])) ? (message as unknown as ServerMessage) : undefined;
}
