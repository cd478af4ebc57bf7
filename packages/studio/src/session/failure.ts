import { StreamError, type StreamErrorCode } from '@telefuser/stream-client';

/** What a person can do about a failure, in the studio itself. */
export type FailureAction = 'retry' | 'credential' | 'edit' | 'relay' | 'devices' | 'none';

export interface Failure {
  /** What happened, in the words of whoever looks at the page. */
  readonly title: string;
  /** What exactly, and what to do. */
  readonly text: string;
  readonly action: FailureAction;
  readonly code: string;
  /** Id of the refused request, which is in the server's log as well. */
  readonly requestId: string | undefined;
  /** The server's word for each field that it refused, by JSON pointer. */
  readonly fields: ReadonlyMap<string, string>;
  readonly retryAfterMs: number | undefined;
}

type Advice = readonly [title: string, advice: string, action: FailureAction];

const REPORT: Advice = [
  'Browser and server did not understand each other',
  'This should not happen. Please report it, with the log of this session.',
  'retry',
];
const GONE: Advice = ['The session is gone', 'Start another one.', 'retry'];

/** One for each code of the SDK: the compiler says when one is missing. */
const ADVICE: Readonly<Record<StreamErrorCode, Advice>> = {
  aborted: ['Stopped', 'The session was stopped before it had begun.', 'retry'],
  closed: ['The session is over', 'Start another one.', 'retry'],
  unsupported: [
    'This browser cannot play the stream',
    'Use a browser with WebRTC, and open the page by HTTPS or on localhost.',
    'none',
  ],
  'invalid-option': ['A setting cannot be used', 'Correct it and start again.', 'edit'],
  'server-unreachable': [
    'The server does not answer',
    'See that it still runs and that this device is online, then try again.',
    'retry',
  ],
  'unexpected-answer': ['Something else answered', 'A proxy may stand in the way, or the address is another server’s.', 'retry'],
  timeout: ['It took too long', 'The server may be busy or the network slow. Try again.', 'retry'],
  'connection-failed': [
    'No way for the picture was found',
    'A firewall may block UDP. Ask for a TURN server, or try another network.',
    'relay',
  ],
  'session-lost': ['The connection was lost', 'Start another session.', 'retry'],
  'reconnect-failed': [
    'The connection did not come back',
    'See whether the network and the server are up, then try again.',
    'retry',
  ],
  'pipeline-failed': ['The pipeline failed', 'It stopped with an error; the server’s log has the cause.', 'retry'],
  'pipeline-crashed': ['The pipeline crashed', 'The server starts it again. Give it a moment, then try again.', 'retry'],
  'server-shutdown': ['The server has ended', 'Try again once it is up.', 'retry'],
  'not-connected': ['Not connected', 'Wait until the session is live.', 'retry'],
  'channel-full': ['Too much at once', 'Messages are sent faster than the network takes them. Wait a moment.', 'none'],
  'message-too-large': ['The message is too large', 'Send less at once.', 'none'],
  'message-too-deep': ['The message nests too deep', 'Nest it less deep.', 'none'],
  'malformed-message': ['The message is not JSON', 'Correct it and send it again.', 'none'],
  'not-bidirectional': ['This pipeline takes no input', 'It only streams; there is nothing to steer.', 'none'],
  'push-failed': ['The pipeline refused the message', 'See which messages it takes.', 'none'],
  'media-denied': [
    'Camera or microphone is not allowed',
    'Allow it in the browser’s settings for this page, or switch it off.',
    'devices',
  ],
  'media-not-found': ['No camera or microphone was found', 'Connect one, or choose another device.', 'devices'],
  'media-unavailable': [
    'Camera or microphone cannot be used',
    'Another program may be using it. It also needs HTTPS or localhost.',
    'devices',
  ],
  'server-error': ['The server refused', 'It is newer than this page: reload the page and try again.', 'retry'],
  'invalid-sdp': REPORT,
  'invalid-sdp-fragment': REPORT,
  'negotiation-failed': ['No common codec', 'This browser cannot decode what the server sends. Try another browser.', 'none'],
  'session-refused': ['The pipeline refused the request', 'Correct the settings and start again.', 'edit'],
  'malformed-request': ['The request could not be read', 'Correct the settings and start again.', 'edit'],
  unauthenticated: ['The key is missing or not valid', 'Enter an API key or a token for this server.', 'credential'],
  'insufficient-scope': ['The key does not allow this', 'Enter a key that may open sessions.', 'credential'],
  'token-used': ['The token was used already', 'A stream token opens one session. Enter another one.', 'credential'],
  'session-not-found': GONE,
  'not-found': ['The server lacks this function', 'See that it is recent enough, and the address right.', 'retry'],
  'session-conflict': ['The session exists already', 'Try again.', 'retry'],
  'ice-restart-refused': GONE,
  'precondition-failed': GONE,
  'precondition-required': GONE,
  'body-too-large': ['The request is too large', 'Choose a smaller image, or send less configuration.', 'edit'],
  'unsupported-media-type': ['Something changed the request on its way', 'A proxy may stand in between.', 'retry'],
  'invalid-image': ['The initial image cannot be used', 'Choose another picture: a whole JPEG, PNG or WebP.', 'edit'],
  'validation-failed': ['A setting is not valid', 'Correct the marked fields and start again.', 'edit'],
  'rate-limited': ['Too many requests', 'Wait a moment, then try again.', 'retry'],
  'tenant-quota': ['All your sessions are taken', 'Close one of them, then try again.', 'retry'],
  'internal-error': ['The server made a mistake', 'Its log has the cause, by the request’s id below.', 'retry'],
  'service-not-running': ['The pipeline is not running', 'It may still be starting. Try again in a moment.', 'retry'],
  draining: ['The server is about to end', 'Try again in a moment; another one takes its place.', 'retry'],
  'pipeline-busy': ['The pipeline is busy', 'It takes no more sessions now. Try again later.', 'retry'],
  'identity-unavailable': ['The key cannot be checked now', 'Try again in a moment.', 'retry'],
  'max-sessions': [
    'The server is full',
    'All sessions are taken. Stop another one, or try again when somebody has left.',
    'retry',
  ],
  'no-media-path': ['The server has no way to send media', 'Its operator must look after its ports or TURN server.', 'retry'],
};

/** Codes whose message is the very thing that a person must read: which field, which limit. */
const MESSAGE_MATTERS: ReadonlySet<string> = new Set<StreamErrorCode>([
  'invalid-option',
  'validation-failed',
  'session-refused',
  'insufficient-scope',
  'push-failed',
  'pipeline-failed',
  'service-not-running',
  'server-error',
]);

/** A failure as the studio tells it. */
export function failureOf(error: unknown): Failure {
  if (!(error instanceof StreamError)) {
    const text = error instanceof Error ? error.message : String(error);
    return { ...EMPTY, title: 'Something went wrong', text, action: 'retry', code: 'unexpected' };
  }
  const { code, message, problem, retryAfterMs } = error;
  // The SDK is bundled with the studio, but an answer is cast to its codes.
  const [title, advice, action] = ADVICE[code] ?? ADVICE['server-error'];
  const fields = new Map((problem?.errors ?? []).map(({ pointer, detail }) => [pointer, detail]));
  return {
    ...EMPTY,
    title,
    // The fields are listed with what is wrong with each.
    text: MESSAGE_MATTERS.has(code) && fields.size === 0 ? `${asSentence(message)} ${advice}` : advice,
    action: fields.size > 0 ? 'edit' : action,
    code,
    requestId: problem?.instance?.split(':').at(-1),
    fields,
    retryAfterMs,
  };
}

/** What a pipeline threw seldom ends as a sentence does. */
const asSentence = (text: string): string => (/[.!?…]$/u.test(text.trim()) ? text.trim() : `${text.trim()}.`);

const EMPTY: Omit<Failure, 'title' | 'text' | 'action' | 'code'> = {
  requestId: undefined,
  fields: new Map(),
  retryAfterMs: undefined,
};
