/** One kind of failure a client can be told about. `docs/errors.md` holds the same facts, and a test keeps the two together. */
export interface ProblemEntry {
  /** HTTP status of the answer. */
  readonly status: number;
  /** Short summary of the kind; the same for every occurrence (RFC 9457, section 3.1.3). */
  readonly title: string;
  /** When it is answered. */
  readonly when: string;
  /** What the client can do about it. */
  readonly remedy: string;
  /** A `detail` as a client would see it, for the API document. */
  readonly example: string;
  /** Seconds for the `Retry-After` header; absent: the header is not sent. */
  readonly retryAfterSeconds?: number;
  /** Whether the answer has `WWW-Authenticate`, which says what credential would do. */
  readonly challenges?: true;
}

const entries = {
  'invalid-sdp': {
    status: 400,
    title: 'The SDP offer cannot be used',
    when: 'The offer is no SDP, is too large, or has no media section, ICE credentials or DTLS fingerprint that this server can answer.',
    remedy: 'Send the SDP of `RTCPeerConnection.createOffer()` unchanged, after `setLocalDescription`.',
    example: 'The offer has no ICE credentials (a=ice-ufrag and a=ice-pwd).',
  },
  'invalid-image': {
    status: 400,
    title: 'The image cannot be used',
    when:
      'The `image` of the offer is a data URL, but not one of a whole JPEG, PNG or WebP file that is no animation and within `max_image_bytes` and ' +
      '`max_image_pixels` of `/v1/service/metadata`; `errors` says which field and what is wrong.',
    remedy: 'Send another file, or make a smaller JPEG of it.',
    example: 'image is no JPEG, PNG or WebP file.',
  },
  'invalid-sdp-fragment': {
    status: 400,
    title: 'The SDP fragment cannot be used',
    when: 'The body of a `PATCH` by WHEP is no SDP fragment (RFC 8840), is too large, or lacks the ICE credentials of the client.',
    remedy:
      'Send `a=ice-ufrag`, `a=ice-pwd` and the candidates as `a=candidate` lines; for a restart the credentials of a new offer ' +
      '(`createOffer({ iceRestart: true })`).',
    example: 'The fragment has no ICE credentials: it needs a=ice-ufrag and a=ice-pwd.',
  },
  'negotiation-failed': {
    status: 400,
    title: 'The offer could not be negotiated',
    when: 'The offer is well formed, but no answer to it could be made, for example because no codec is common to both sides.',
    remedy:
      'Offer Opus for audio, and for video one of the `webrtc_video_codecs` in `/v1/service/metadata` (H.264 or VP8 unless configured).',
    example: 'The offer has no video codec that this server can send: it sends H264 and VP8.',
  },
  'session-refused': {
    status: 400,
    title: 'The pipeline refused the session',
    when: 'The pipeline looked at the request (its `config`, `prompt`, …) and refused it.',
    remedy: "Correct the request's fields as `detail` says; what is accepted is the pipeline's own affair.",
    example: 'The pipeline refused the session: config.size must be 480 or 720.',
  },
  'malformed-request': {
    status: 400,
    title: 'The request cannot be read',
    when: 'The body is no JSON or has a `__proto__` or `constructor` key that would poison an object, or the URL cannot be decoded.',
    remedy: 'Send a JSON object with `content-type: application/json`.',
    example: 'The body is not JSON that is taken: it is malformed, or has a "__proto__" or "constructor" key.',
  },
  unauthenticated: {
    status: 401,
    title: 'The credential is missing or not valid',
    when: 'The server takes known clients only (`TELEFUSER_AUTH=required`), and the request has no credential, or one that is unknown, wrong or expired.',
    remedy:
      'Send `Authorization: Bearer` with an API key, a JSON Web Token of the configured issuer, or a stream token that is still valid.',
    example: 'The credential is not valid.',
    challenges: true,
  },
  'insufficient-scope': {
    status: 403,
    title: 'The credential does not allow this',
    when: 'The credential is valid, but lacks the scope that the operation needs; `WWW-Authenticate` names it.',
    remedy: 'Use a credential with the scope, or have it granted.',
    example: 'This needs the scope stream:create.',
    challenges: true,
  },
  'token-used': {
    status: 403,
    title: 'The stream token has opened its session already',
    when: 'A stream token opens one session, and this one has done so, or is doing so right now.',
    remedy: 'Have another token made with `POST /v1/stream/tokens`.',
    example: 'This token has opened its session already. Have another one made.',
  },
  'session-not-found': {
    status: 404,
    title: 'No such session',
    when: 'No session with this id is open: it was never opened, is closed, or is not yours.',
    remedy: 'Use the `session_id` of the answer to the offer; a closed session is gone, so make a new offer.',
    example: 'No session "demo-1" is open.',
  },
  'not-found': {
    status: 404,
    title: 'No such route',
    when: 'The server has no such path, or not with this method.',
    remedy: 'Look the route up in `/docs`.',
    example: 'Cannot GET /v1/streams.',
  },
  'session-conflict': {
    status: 409,
    title: 'The session conflicts with another one',
    when: 'A session with this id is open, or the pipeline says that the session conflicts with another one.',
    remedy: 'Choose another `session_id`, or leave it out to be given one.',
    example: 'A session "demo-1" is already open.',
  },
  'ice-restart-refused': {
    status: 409,
    title: 'The ICE session cannot be restarted',
    when: 'The session has never been connected, so there is nothing to restart, or its offer had no BUNDLE group.',
    remedy: 'Wait until the session is connected, or close it and open another one.',
    example: 'Session "demo-1" has not been connected yet. Wait until it is, or open another one.',
  },
  'precondition-failed': {
    status: 412,
    title: 'The ICE session is another one',
    when: 'The `If-Match` of a `PATCH` by WHEP names an ICE session that was restarted since.',
    remedy: 'Use the `ETag` of the last answer that had one. For a restart send `If-Match: *`.',
    example: 'The session has another ICE session now: If-Match must be its ETag, or *.',
  },
  'body-too-large': {
    status: 413,
    title: 'The body is too large',
    when: 'The body is longer than `TELEFUSER_MAX_BODY_BYTES`.',
    remedy: 'Send less, or raise `TELEFUSER_MAX_BODY_BYTES`.',
    example: 'Request body is too large.',
  },
  'unsupported-media-type': {
    status: 415,
    title: 'The body has an unsupported media type',
    when: 'The body is not announced as what the route takes: JSON, or by WHEP an SDP offer or fragment.',
    remedy:
      'Send `content-type: application/json`; by WHEP `application/sdp` with an offer, and `application/trickle-ice-sdpfrag` with a `PATCH`.',
    example: 'Unsupported Media Type: text/plain.',
  },
  'validation-failed': {
    status: 422,
    title: 'The request has invalid fields',
    when: 'The body is JSON, but a field is missing, of the wrong type or out of its bounds; `errors` names each. By WHEP the query parameters are the fields.',
    remedy: 'Correct the fields that `errors` points at.',
    example: 'sdp must be a string.',
  },
  'precondition-required': {
    status: 428,
    title: 'The request must name the ICE session',
    when: 'A `PATCH` by WHEP has no `If-Match`.',
    remedy: 'Send `If-Match` with the `ETag` of the last answer that had one, or `*` for a restart.',
    example: 'The request has no If-Match: send the ETag of the ICE session, or * for a restart.',
  },
  'rate-limited': {
    status: 429,
    title: 'Too many requests',
    when: 'The client, or its address as long as it has no valid credential, has made as many requests as `TELEFUSER_RATE_LIMIT` allows in a minute.',
    remedy: 'Try again after `Retry-After` seconds; `RateLimit` says with every answer how many requests are left.',
    example: 'As many requests as are allowed were made. Try again in 12 seconds.',
    retryAfterSeconds: 60,
  },
  'tenant-quota': {
    status: 429,
    title: 'All sessions of the tenant are taken',
    when: 'The tenant has as many sessions open as `TELEFUSER_TENANT_MAX_SESSIONS` allows.',
    remedy: 'Close a session of the tenant first, or try again after `Retry-After` seconds.',
    example: 'All 4 sessions of the tenant are taken.',
    retryAfterSeconds: 5,
  },
  'internal-error': {
    status: 500,
    title: 'Unexpected error',
    when: 'Something failed that the server did not foresee. The answer says nothing more; the log does.',
    remedy: "Look into the server's log, and report the error.",
    example: 'The server met an unexpected error. Its log says more.',
  },
  'service-not-running': {
    status: 503,
    title: 'The pipeline is not running',
    when: 'The pipeline is still starting, failed to start, has crashed and is being started again, or the server is shutting down.',
    remedy: 'Try again after `Retry-After` seconds; `/readyz` says when sessions are accepted.',
    example: 'The pipeline is still starting.',
    retryAfterSeconds: 5,
  },
  draining: {
    status: 503,
    title: 'The server is about to end',
    when: 'The server was asked to end: its open sessions go on for a while, and it takes no new ones.',
    remedy:
      'Try again after `Retry-After` seconds: behind a load balancer another server answers, else the one that takes its place.',
    example: 'This server is about to end and takes no new session. Try again: another one answers, or the next.',
    retryAfterSeconds: 2,
  },
  'pipeline-busy': {
    status: 503,
    title: 'The pipeline takes no more sessions now',
    when: 'The pipeline declares how many sessions one of its processes takes at once (`maxSessions`), and every process has as many.',
    remedy: 'Try again after `Retry-After` seconds, or run more processes with `--workers`.',
    example: 'The pipeline takes 1 session at once in each of its 2 running processes, and has as many.',
    retryAfterSeconds: 5,
  },
  'identity-unavailable': {
    status: 503,
    title: 'The credential cannot be checked now',
    when: 'The public keys of the identity provider (`TELEFUSER_JWKS_URL`) could not be fetched.',
    remedy: 'Try again after `Retry-After` seconds; the log says why they could not be fetched.',
    example: 'The keys of the identity provider cannot be fetched now.',
    retryAfterSeconds: 5,
  },
  'max-sessions': {
    status: 503,
    title: 'All session slots are taken',
    when: 'As many sessions are open as `TELEFUSER_WEBRTC_MAX_SESSIONS` allows.',
    remedy: 'Try again after `Retry-After` seconds, or raise `TELEFUSER_WEBRTC_MAX_SESSIONS`.',
    example: 'All 10 sessions are taken.',
    retryAfterSeconds: 5,
  },
  'no-media-path': {
    status: 503,
    title: 'The server has no address for media',
    when: 'Every UDP port of `TELEFUSER_ICE_UDP_PORTS` is taken, or media may only be relayed and no TURN server relays it.',
    remedy:
      'Try again after `Retry-After` seconds; widen `TELEFUSER_ICE_UDP_PORTS`, or see to the TURN server and its credentials.',
    example: 'There is no path for media: no UDP port from 50000 to 50009 is free; they are what TELEFUSER_ICE_UDP_PORTS allows.',
    retryAfterSeconds: 5,
  },
} as const satisfies Record<string, ProblemEntry>;

/** Stable name of a kind of failure; part of the API. */
export type ProblemCode = keyof typeof entries;

/** Every kind of failure that the HTTP API answers with. */
export const PROBLEM_CATALOGUE: Readonly<Record<ProblemCode, ProblemEntry>> = entries;

/** The codes in the catalogue's order (by status). */
export const PROBLEM_CODES = Object.keys(entries) as readonly ProblemCode[];

/** Value of a problem document's `type` (RFC 9457, section 3.1.1): a name, not an address to open. */
export function problemType(code: ProblemCode): string {
  return `urn:telefuser:problem:${code}`;
}
