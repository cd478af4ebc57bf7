import { ViewerError } from './viewer.error.js';

const REQUEST_TIMEOUT_MS = 30_000;
const MAX_DETAIL_CHARACTERS = 400;

/** A STUN or TURN server, as `GET /v1/stream/ice-servers` gives it. */
export interface IceServer {
  readonly urls: readonly string[];
  readonly username?: string;
  readonly credential?: string;
}

export interface IceSettings {
  readonly iceServers: readonly IceServer[];
  readonly iceTransportPolicy: 'all' | 'relay';
}

export interface OpenedSession {
  readonly sessionId: string;
  readonly sdp: string;
  /** From the request to its answer. */
  readonly roundTripMs: number;
}

/** The HTTP API of a stream server, as far as a viewer needs it. Every call ends within 30 s, and fails with a ViewerError. */
export class StreamServer {
  private readonly base: URL;

  /**
   * @param url of the server, also under a path of a proxy.
   * @param token an API key, a JSON Web Token or a stream token, sent as bearer token.
   * @throws ViewerError (`unreachable`) when it is no HTTP URL, or has a user name or a password
   */
  constructor(
    url: string,
    private readonly token: string | undefined,
  ) {
    this.base = baseOf(url);
  }

  get url(): string {
    return this.base.href;
  }

  /** The client's ICE servers; a server that has no such route has none. */
  async iceSettings(signal: AbortSignal): Promise<IceSettings> {
    const response = await this.request('GET', 'v1/stream/ice-servers', undefined, signal);
    if (response.status === 404) return { iceServers: [], iceTransportPolicy: 'all' };
    const body = await this.bodyOf(response);
    return {
      iceServers: Array.isArray(body['ice_servers']) ? body['ice_servers'].filter(isIceServer) : [],
      iceTransportPolicy: body['ice_transport_policy'] === 'relay' ? 'relay' : 'all',
    };
  }

  /** @param fields of the offer beside its SDP. */
  async open(sdp: string, fields: Readonly<Record<string, unknown>>, signal: AbortSignal): Promise<OpenedSession> {
    const askedMs = performance.now();
    const response = await this.request('POST', 'v1/stream/webrtc/offer', { ...fields, sdp, type: 'offer' }, signal);
    const { session_id: sessionId, sdp: answer } = await this.bodyOf(response);
    const roundTripMs = performance.now() - askedMs;
    if (typeof sessionId !== 'string' || typeof answer !== 'string') throw this.notOurs('its answer has no session and no SDP');
    return { sessionId, sdp: answer, roundTripMs };
  }

  /** Closes a session; one that is gone already is what was wanted. Never throws. */
  async close(sessionId: string): Promise<void> {
    const path = `v1/stream/webrtc/${encodeURIComponent(sessionId)}`;
    await this.request('DELETE', path, undefined, AbortSignal.timeout(5000)).then(
      (response) => response.body?.cancel(),
      () => undefined,
    );
  }

  private async request(method: string, path: string, body: unknown, signal: AbortSignal): Promise<Response> {
    try {
      return await fetch(new URL(path, this.base), {
        method,
        signal: AbortSignal.any([signal, AbortSignal.timeout(REQUEST_TIMEOUT_MS)]),
        headers: {
          accept: 'application/json',
          ...(this.token === undefined ? {} : { authorization: `Bearer ${this.token}` }),
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
    } catch (error) {
      if (signal.aborted) throw error;
      const remedy = 'Check the address, and that the server runs and this machine reaches it.';
      throw new ViewerError('unreachable', `${this.url} cannot be reached (${reasonOf(error)})`, remedy, { cause: error });
    }
  }

  private async bodyOf(response: Response): Promise<Record<string, unknown>> {
    const body = await response.json().catch(() => undefined);
    const isObject = typeof body === 'object' && body !== null && !Array.isArray(body);
    if (!response.ok) throw this.refusal(response, isObject ? (body as Record<string, unknown>) : {});
    if (!isObject) throw this.notOurs('its answer is no JSON object');
    return body as Record<string, unknown>;
  }

  /** A problem document (RFC 9457), or any other error. */
  private refusal({ status, headers }: Response, { detail }: Record<string, unknown>): ViewerError {
    const said = typeof detail === 'string' ? oneLine(detail) : '';
    if (status === 404 && said === '') return this.notOurs('it has no such route');
    return new ViewerError(
      'refused',
      `${this.url} refused (${status})${said === '' ? '' : `: ${said}`}`,
      remedyFor(status, headers),
    );
  }

  private notOurs(why: string): ViewerError {
    return new ViewerError('unreachable', `${this.url} is no stream server: ${why}`, 'Give the address that its page has.');
  }
}

function baseOf(url: string): URL {
  const remedy = 'Give a URL such as http://localhost:8088/.';
  const base = URL.parse(url);
  if (base === null) throw new ViewerError('unreachable', `"${withoutSecrets(url)}" is no URL`, remedy);
  if (base.protocol !== 'http:' && base.protocol !== 'https:') {
    throw new ViewerError('unreachable', `"${withoutSecrets(url)}" is no HTTP address`, remedy);
  }
  // They would be printed, and written into the figures of a bench; and fetch() takes none.
  if (base.username !== '' || base.password !== '') {
    const what = `"${withoutSecrets(url)}" has a user name or a password`;
    throw new ViewerError('unreachable', what, 'Leave them out, and give a credential with --token-file or in STREAM_TOKEN.');
  }
  base.search = base.hash = '';
  if (!base.pathname.endsWith('/')) base.pathname += '/';
  return base;
}

/** What a user wrote for an address, whatever it is, without user name, password and query. */
function withoutSecrets(text: string): string {
  return text.replace(/^.*@/su, '…@').replace(/[?#].*$/su, '');
}

function remedyFor(status: number, headers: Headers): string {
  const retryAfter = /^\d{1,6}$/u.exec(headers.get('retry-after') ?? '')?.[0];
  if (status === 401) return 'Give a credential with --token-file or in STREAM_TOKEN.';
  if (status === 403) return 'Use a credential that may open sessions.';
  if (retryAfter !== undefined) return `Try again in ${retryAfter} s.`;
  return 'Correct the request; docs/errors.md says what each refusal means.';
}

/** What Node's fetch hides behind "fetch failed". */
function reasonOf(error: unknown): string {
  const { cause } = error as { cause?: unknown };
  const { code, message } = (cause ?? error) as { code?: unknown; message?: unknown };
  if (error instanceof DOMException && error.name === 'TimeoutError') return `no answer within ${REQUEST_TIMEOUT_MS / 1000} s`;
  if (typeof code === 'string') return code;
  return typeof message === 'string' ? oneLine(message) : String(error);
}

function oneLine(text: string): string {
  const line = text.replaceAll(/\s+/gu, ' ').replace(/\.$/u, '').trim();
  return line.length > MAX_DETAIL_CHARACTERS ? `${line.slice(0, MAX_DETAIL_CHARACTERS)}…` : line;
}

function isIceServer(value: unknown): value is IceServer {
  if (typeof value !== 'object' || value === null) return false;
  const { urls } = value as { urls?: unknown };
  return Array.isArray(urls) && urls.every((url) => typeof url === 'string');
}
