import type { StreamError } from './stream-error.js';

/**
 * What proves to the server who asks: an API key, a JSON Web Token, or a stream token, sent as `Authorization: Bearer`. A stream token opens one
 * session only, so pass a function that fetches one: it is called for each session, also when a reconnect opens another.
 */
export type Credential = string | ((request: { readonly signal: AbortSignal }) => string | Promise<string>);

/** Where the server is. */
export interface ServerOptions {
  /** The address at which it is served, with the path where it is not at the root; a relative one is one of the page's. */
  readonly baseUrl: string | URL;
  readonly credential?: Credential | undefined;
  /** Further headers of each request, for a proxy in between. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** For requests, in place of the browser's own. */
  readonly fetch?: typeof globalThis.fetch | undefined;
}

/**
 * What the pipeline is asked for: the fields of an offer (`POST /v1/stream/webrtc/offer`). Any other field reaches the pipeline as it is.
 */
export interface SessionParameters {
  /** Default: `t2v`. */
  readonly task?: string | undefined;
  /** What to generate. */
  readonly prompt?: string | undefined;
  /** Frames a second for chunks that say none, 1–240. */
  readonly fps?: number | undefined;
  /** Default: the server chooses. A reconnect asks for the same again. */
  readonly sessionId?: string | undefined;
  /** What is accepted is up to the pipeline; one may declare it (`config_schema` of the metadata). */
  readonly config?: Readonly<Record<string, unknown>> | undefined;
  /** An initial image as a data URL, for a pipeline that takes one. */
  readonly image?: string | undefined;
  /** Further fields, such as `duration_s` or `seed`. */
  readonly fields?: Readonly<Record<string, unknown>> | undefined;
}

/**
 * A camera or microphone to send: `true` for the browser's choice, constraints for a certain one, a track that is yours (it is not stopped when
 * the session closes), or `later` to send nothing yet and leave room for `setCamera()` or `setMicrophone()`.
 */
export type InputSource = boolean | 'later' | MediaTrackConstraints | MediaStreamTrack;

/** When and how often to come back after the connection was lost. */
export interface ReconnectOptions {
  /** Give up this long after the connection was lost. Default: 120 000. */
  readonly giveUpAfterMs?: number | undefined;
  /** Wait before the second try; it doubles with each, with some chance in it. Default: 100. */
  readonly minDelayMs?: number | undefined;
  /** Longest wait between two tries. Default: 1000 in the first 15 seconds, then 10 000. */
  readonly maxDelayMs?: number | undefined;
  /** How long one try to reach the server may take. Default: 2000. */
  readonly attemptTimeoutMs?: number | undefined;
}

export interface ConnectOptions extends SessionParameters {
  /** Aborts connecting, and closes the session thereafter. */
  readonly signal?: AbortSignal | undefined;
  /** Sent to a bidirectional pipeline. */
  readonly camera?: InputSource | undefined;
  /** Sent to a bidirectional pipeline. */
  readonly microphone?: InputSource | undefined;
  /** Receive no picture. */
  readonly video?: boolean | undefined;
  /** Receive no sound. */
  readonly audio?: boolean | undefined;
  /** Use TURN servers only, for a test of them. Default: as the server says. */
  readonly relayOnly?: boolean | undefined;
  /** In place of those that the server offers (`GET /v1/stream/ice-servers`). */
  readonly iceServers?: readonly RTCIceServer[] | undefined;
  /**
   * Milliseconds of media that the browser holds back against an uneven network (`RTCRtpReceiver.jitterBufferTarget`); null leaves it to the browser.
   * Default: 150 for server push, where a moment more is not noticed and a gap in the sound is; 0 for a bidirectional pipeline.
   */
  readonly jitterBufferTargetMs?: number | null | undefined;
  /** `false`: end when the connection is lost. */
  readonly reconnect?: boolean | ReconnectOptions | undefined;
  /** From the call until the session is live. Default: 20 000. */
  readonly connectTimeoutMs?: number | undefined;
  /** Bytes that may wait in the data channel before a message is refused with `channel-full`. Default: 1 MiB. */
  readonly maxBufferedBytes?: number | undefined;
  /** How often `stats` is told, as long as somebody listens. Default: 1000. */
  readonly statsIntervalMs?: number | undefined;
  /** Whether `stats` has the server's account too, by one request each time. Default: true. */
  readonly serverStats?: boolean | undefined;
  /** Told of every line of the log as it is written; `session.log` keeps the last ones. */
  readonly onLog?: ((entry: LogEntry) => void) | undefined;
}

/** A line of the session's log. */
export interface LogEntry {
  /** Milliseconds since 1970. */
  readonly atUnixMs: number;
  readonly level: 'debug' | 'info' | 'warning' | 'error';
  /** What happened: a stable word, to branch on. */
  readonly event: LogEvent;
  /** The same for people. */
  readonly message: string;
  readonly error?: StreamError | undefined;
}

/** What a session writes into its log. */
export type LogEvent =
  | 'connecting'
  | 'session-opened'
  | 'live'
  | 'disconnected'
  | 'path-changed'
  | 'restarting-ice'
  | 'ice-restarted'
  | 'recovered'
  | 'opening-another-session'
  | 'attempt-failed'
  | 'waiting'
  | 'reconnected'
  | 'going-away'
  | 'ended'
  | 'failed'
  | 'closed';
