/**
 * Everything that can go wrong, by the name of its cause. What the server says in a problem document (RFC 9457) keeps the server's word for it;
 * the other words are of this library. The list is closed: a code that only a newer server knows becomes `server-error`.
 */
export type StreamErrorCode = keyof typeof REMEDIES;

/** What to do, one sentence each, for whoever runs the page. */
const REMEDIES = {
  // Of this library
  aborted: 'Nothing: your AbortSignal has ended it.',
  closed: 'Open another session with connect(): this one is over.',
  unsupported: 'Use a browser with WebRTC, and a page of HTTPS or localhost.',
  'invalid-option': 'Correct the option that the message names.',
  'server-unreachable': 'See that the server runs, that its address is right, and that TELEFUSER_CORS_ORIGINS lets the page in.',
  'unexpected-answer': 'See that the address is that of a TeleFuser stream server.',
  timeout: 'Try again later.',
  'connection-failed': 'Let UDP to the server through the firewall, or configure a TURN server (TELEFUSER_TURN_SERVERS).',
  'session-lost': 'Open another session.',
  'reconnect-failed': 'See that the server runs, then open another session.',
  'pipeline-failed': 'Look for the cause in the log of the server.',
  'pipeline-crashed': 'Try again in a moment.',
  'server-shutdown': 'Try again in a moment.',
  'not-connected': 'Wait for the state "live" before sending.',
  'channel-full': 'Send less often, or wait with session.drained().',
  'message-too-large': 'Send less at once.',
  'message-too-deep': 'Nest the message less deep.',
  'malformed-message': 'Send JSON or bytes.',
  'not-bidirectional': 'Send nothing: the pipeline of this server takes no input.',
  'push-failed': 'Send what the pipeline takes.',
  'media-denied': 'Allow the camera and the microphone in the settings of the browser.',
  'media-not-found': 'Connect a camera or microphone, or choose another device.',
  'media-unavailable': 'See that no other program uses it, and that the page is of HTTPS or localhost.',
  'server-error': 'Look the code up in the documents of the server.',
  // Of the server (docs/errors.md)
  'invalid-sdp': 'Report it: this browser was not understood.',
  'invalid-sdp-fragment': 'Report it: this browser was not understood.',
  'negotiation-failed': 'Use a browser with H.264 or VP8 and Opus, or another TELEFUSER_WEBRTC_VIDEO_CODEC.',
  'session-refused': 'Correct the parameters of the session as the message says.',
  'invalid-image': 'Choose a JPEG, PNG or WebP picture within the limits of the message.',
  'malformed-request': 'Send parameters that are JSON, without "__proto__" and "constructor" as keys.',
  unauthenticated: 'Pass a credential that is still valid: an API key or a token.',
  'insufficient-scope': 'Use a credential with the scope that the message names.',
  'token-used': 'Pass a function as credential, which fetches another stream token for each session.',
  'session-not-found': 'Open another session.',
  'not-found': 'See that the address has the path at which the server is served.',
  'session-conflict': 'Choose another session id, or leave it to the server.',
  'ice-restart-refused': 'Open another session.',
  'precondition-failed': 'Open another session.',
  'precondition-required': 'Open another session.',
  'body-too-large': 'Send a smaller image or configuration, or raise TELEFUSER_MAX_BODY_BYTES.',
  'unsupported-media-type': 'See that no proxy changes requests.',
  'validation-failed': 'Correct the fields that the message names.',
  'rate-limited': 'Try again later.',
  'tenant-quota': 'Close another session, or try again later.',
  'internal-error': 'Look for the cause in the log of the server.',
  'service-not-running': 'Try again in a moment.',
  draining: 'Try again in a moment.',
  'pipeline-busy': 'Try again later.',
  'identity-unavailable': 'Try again in a moment.',
  'max-sessions': 'Close another session, or try again later.',
  'no-media-path': 'See to the UDP ports or the TURN server of the server.',
} as const;

/** Worth another try without any change. */
const RETRYABLE: ReadonlySet<StreamErrorCode> = new Set<StreamErrorCode>([
  'server-unreachable',
  'timeout',
  'connection-failed',
  'session-lost',
  'pipeline-crashed',
  'server-shutdown',
  'session-not-found',
  'session-conflict',
  'ice-restart-refused',
  'precondition-failed',
  'rate-limited',
  'tenant-quota',
  'internal-error',
  'service-not-running',
  'draining',
  'pipeline-busy',
  'identity-unavailable',
  'max-sessions',
  'no-media-path',
]);

/** The problem document (RFC 9457) that a server's refusal came with. */
export interface ProblemDocument {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly code: string;
  /** Names the request: its id is in the log of the server. */
  readonly instance?: string;
  /** With `validation-failed`: each field by its JSON pointer (RFC 6901). */
  readonly errors?: readonly { readonly pointer: string; readonly detail: string }[];
}

export interface StreamErrorDetails {
  readonly problem?: ProblemDocument | undefined;
  readonly retryAfterMs?: number | undefined;
  readonly cause?: unknown;
}

/** Every failure of this library. `message` says what was wrong, `remedy` what to do. */
export class StreamError extends Error {
  override readonly name = 'StreamError';
  readonly code: StreamErrorCode;
  /** What to do about it, a sentence. */
  readonly remedy: string;
  /** Whether the same call may succeed later without any change. */
  readonly retryable: boolean;
  /** What the server said, when it was the server that refused. */
  readonly problem: ProblemDocument | undefined;
  /** How long the server asks to wait before the next try. */
  readonly retryAfterMs: number | undefined;

  constructor(code: StreamErrorCode, message: string, { problem, retryAfterMs, cause }: StreamErrorDetails = {}) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
    this.remedy = REMEDIES[code];
    this.retryable = RETRYABLE.has(code);
    this.problem = problem;
    this.retryAfterMs = retryAfterMs;
  }
}

/** Whether a word is a code of this library; `server-error` stands for those that are none. */
export function isStreamErrorCode(word: string): word is StreamErrorCode {
  return Object.hasOwn(REMEDIES, word);
}

/** @throws StreamError `aborted` */
export function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted === true) throw aborted(signal);
}

export function aborted({ reason }: AbortSignal): StreamError {
  return reason instanceof StreamError ? reason : new StreamError('aborted', 'The operation was aborted.', { cause: reason });
}
