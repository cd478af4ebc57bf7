import { waitFor } from './condition.ts';

export interface Answer<Body = Record<string, unknown>> {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Body;
}

export interface SessionStatusBody {
  readonly session_id: string;
  readonly status: 'active' | 'unknown';
  readonly stream_mode?: string;
  readonly state?: string;
  readonly close_reason?: string;
}

export interface RequestOptions {
  /** Beside, and instead of, those that every request has. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
}

const REQUEST_TIMEOUT_MS = 20_000;

/** The server's HTTP API as a client sees it; answers of any status are returned, not thrown. */
export class ApiClient {
  /** Of the server, with a slash at the end. */
  readonly url: string;
  private readonly credential: string | undefined;

  /** @param credential is sent as a bearer token with every request. */
  constructor(url: string, credential?: string) {
    this.url = url;
    this.credential = credential;
  }

  /** The same server for who has another credential. */
  as(credential: string | undefined): ApiClient {
    return new ApiClient(this.url, credential);
  }

  async request(method: string, path: string, body?: unknown, { headers, ...init }: RequestOptions = {}): Promise<Answer> {
    const response = await fetch(new URL(path, this.url), {
      method,
      signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS),
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
      ...init,
      // A connection that is kept alive would look like one that the server has leaked.
      headers: {
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...(this.credential === undefined ? {} : { authorization: `Bearer ${this.credential}` }),
        ...headers,
        connection: 'close',
      },
    });
    const text = await response.text();
    return { status: response.status, headers: response.headers, body: parse(text) };
  }

  get(path: string): Promise<Answer> {
    return this.request('GET', path);
  }

  offer(body: unknown, options?: RequestOptions): Promise<Answer> {
    return this.request('POST', 'v1/stream/webrtc/offer', body, options);
  }

  delete(sessionId: string): Promise<Answer> {
    return this.request('DELETE', `v1/stream/webrtc/${sessionId}`);
  }

  async status(sessionId: string): Promise<SessionStatusBody> {
    return (await this.get(`v1/stream/sessions/${sessionId}/status`)).body as unknown as SessionStatusBody;
  }

  async activeSessions(): Promise<number> {
    return (await this.get('v1/service/health')).body['webrtc_active_sessions'] as number;
  }

  /** Waits until the session is gone and returns why. */
  async closeReason(sessionId: string, timeoutMs?: number): Promise<string> {
    return waitFor(`session ${sessionId} to close`, async () => (await this.status(sessionId)).close_reason, timeoutMs);
  }

  async noSessions(timeoutMs?: number): Promise<void> {
    let active = 0;
    await waitFor(
      () => `${active} sessions to close`,
      async () => (active = await this.activeSessions()) === 0,
      timeoutMs,
    );
  }
}

function parse(text: string): Record<string, unknown> {
  try {
    return JSON.parse(text) as Record<string, unknown>;
  } catch {
    return { text };
  }
}
