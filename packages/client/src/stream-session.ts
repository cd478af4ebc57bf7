import type { Control, ControlOptions } from './controls.js';
import type { InputSource, LogEntry } from './options.js';
import type { ChunkMessage, ErrorMessage, ServerMessage } from './server-messages.js';
import type { StreamError } from './stream-error.js';
import type { StreamStats } from './stream-stats.js';

export type StreamMode = 'server_push' | 'bidirectional';

/**
 * Where in its life a session is. `live`: media flows. `reconnecting`: the connection was lost, and is being sought again. The other three are for
 * good: `ended`, the stream came to its end; `closed`, this side closed it; `failed`, `error` says why.
 */
export type StreamState = 'live' | 'reconnecting' | 'ended' | 'closed' | 'failed';

/** How a session came to its end. */
export interface StreamEnd {
  readonly state: 'ended' | 'closed' | 'failed';
  /** The server's close reason (docs/lifecycle.md), where it said one. */
  readonly reason: string | undefined;
  /** With `failed` only. */
  readonly error: StreamError | undefined;
}

/** The first picture that reflects a control is on the screen. */
export interface ShownControl {
  readonly control: Control;
  /** From `control()` until the picture was due on the screen (`expectedDisplayTime`), milliseconds. */
  readonly latencyMs: number;
  readonly rtpTimestamp: number;
}

/** A picture on the screen, with the last controls that it and the pictures before it reflect. */
export interface DisplayedFrame {
  readonly rtpTimestamp: number | undefined;
  /** When it is due on the screen, `performance.now()`. */
  readonly displayedAtMs: number;
  readonly width: number;
  readonly height: number;
  /** The newest chunk whose first picture this one is, or one before it: its `data` is what the viewer sees. Undefined before the first. */
  readonly chunk: ChunkMessage | undefined;
}

/** What a session tells, by the name of the event. */
export interface StreamEvents {
  state: StreamState;
  /** Metadata of a chunk, as soon as it is there, which is before its picture is shown. */
  chunk: ChunkMessage;
  /** Every message of the server. */
  message: ServerMessage;
  /** The server refused a message, or the pipeline threw at it; the session goes on. */
  refused: ErrorMessage;
  /** A chunk reflects the control. */
  applied: Control;
  /** The picture that reflects the control is on the screen of an attached element. */
  shown: ShownControl;
  /** A picture is on the screen of the first attached element. */
  frame: DisplayedFrame;
  /** Once an interval, as long as somebody listens. */
  stats: StreamStats;
  /** The server is about to end; the session goes on until then at most, milliseconds since 1970. */
  goingaway: { readonly deadlineUnixMs: number };
  log: LogEntry;
  end: StreamEnd;
}

/**
 * A stream that is being watched. It outlives the connections that carry it: when one is lost it finds the way back, if it must by opening another
 * session of the server with the same parameters, and `stream` stays the same. `close()` ends it, as does the end of a block that holds it with
 * `await using`.
 */
export interface StreamSession extends AsyncDisposable {
  /** The id of the server's session; another after a reconnect that had to open another. */
  readonly id: string;
  readonly mode: StreamMode;
  readonly state: StreamState;
  /** Why it failed, once it has. */
  readonly error: StreamError | undefined;
  /** Picture and sound; the same object for life. */
  readonly stream: MediaStream;
  /** The camera and microphone that are sent, to show a preview. */
  readonly inputs: MediaStream;
  /** The last lines of the log, at most 500. */
  readonly log: readonly LogEntry[];
  /** The last that were told, or undefined. */
  readonly stats: StreamStats | undefined;
  /** Resolves when it is over, whatever the reason; never rejects. */
  readonly ended: Promise<StreamEnd>;
  /** Bytes that wait in the data channel. */
  readonly bufferedBytes: number;

  /**
   * Listens to an event.
   * @returns stops listening; so does `signal`
   */
  on<Name extends keyof StreamEvents>(
    name: Name,
    listener: (event: StreamEvents[Name]) => void,
    options?: { readonly signal?: AbortSignal },
  ): () => void;

  /**
   * Shows the stream in a video element, and looks at its frames, by which controls are measured. Sets `srcObject` and plays; a browser that
   * refuses to play sound that nobody has clicked for is asked again without it.
   * @returns takes the stream away again
   */
  attach(video: HTMLVideoElement): () => void;

  /**
   * Sends a message to a bidirectional pipeline: an object, which it gets as JSON, or bytes.
   * @throws StreamError `not-connected`, `channel-full`, `message-too-large`, `malformed-message`, `closed`
   */
  send(message: unknown): void;
  /** Resolves when the data channel has room again. Rejects with `aborted` or `closed`. */
  drained(options?: { readonly signal?: AbortSignal }): Promise<void>;
  /**
   * Sends a message with an id, by which the server tells which picture reflects it first.
   * @throws StreamError as `send`
   */
  control(message: Readonly<Record<string, unknown>>, options?: ControlOptions): Control;
  /** Sends another prompt: `{"type":"prompt","prompt":text}` with an id. */
  prompt(text: string, options?: ControlOptions): Control;

  /** Whether the sound is silenced here; nobody else notices. */
  muted: boolean;
  /** Sends nothing but black, or silence, while true. */
  cameraMuted: boolean;
  microphoneMuted: boolean;
  /**
   * Sends from another camera, or from none (`false`). It takes an option `camera` of `connect()`, at least `later`.
   * @throws StreamError `media-denied`, `media-not-found`, `media-unavailable`, `invalid-option`
   */
  setCamera(source: InputSource): Promise<void>;
  setMicrophone(source: InputSource): Promise<void>;

  /** Looks for another way to the server, as when the network has changed. The picture goes on meanwhile. */
  restartIce(options?: { readonly signal?: AbortSignal }): Promise<void>;
  /** The browser's own account, for what `stats` leaves out. */
  getStats(): Promise<RTCStatsReport>;

  /** Ends the session, here and at the server. Idempotent. */
  close(): Promise<void>;
}
