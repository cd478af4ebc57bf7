import createClient, { type Client } from 'openapi-fetch';

import type { components, paths } from './api-types.ts';
import { waitFor } from './condition.ts';
import { keepSecretsIn, logWatch } from './watched-logs.ts';

/** What the API's document describes, by name. */
export type Schemas = components['schemas'];

export interface Answer<Body = Record<string, unknown>> {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Body;
}

type OpenedOrProblem = Schemas['WebRtcAnswer'] | Schemas['ProblemDto'];

export interface RequestOptions {
  /** Beside, and instead of, those that every request has. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
}

const REQUEST_TIMEOUT_MS = 20_000;

/**
 * The server's HTTP API as a client sees it. What a well-behaved client asks goes through the client that is generated from the API's
 * document, so that a test that asks for what the API has not, or reads what it does not answer, does not compile. What a bad one sends
 * goes through {@link request}. Answers of any status are returned, unless the document knows but one.
 */
export class ApiClient {
  /** Of the server, with a slash at the end. */
  readonly url: string;
  private readonly credential: string | undefined;
  private readonly client: Client<paths>;

  /** @param credential is sent as a bearer token with every request. */
  constructor(url: string, credential?: string) {
    this.url = url;
    this.credential = credential;
    if (credential !== undefined) logWatch.keep('a credential of a client', credential);
    this.client = createClient<paths>({
      baseUrl: url,
      // A connection that is kept alive would look like one that the server has leaked.
      headers: { ...authorization(credential), connection: 'close' },
      fetch: async (request) => {
        const response = await fetch(request, { signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS) });
        keepSecretsIn(await response.clone().text());
        return response;
      },
    });
  }

  /** The same server for who has another credential. */
  as(credential: string | undefined): ApiClient {
    return new ApiClient(this.url, credential);
  }

  /** Any request, with any body. A string is sent as it is. */
  async request(method: string, path: string, body?: unknown, { headers, ...init }: RequestOptions = {}): Promise<Answer> {
    const response = await fetch(new URL(path, this.url), {
      method,
      signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS),
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
      ...init,
      // A connection that is kept alive would look like one that the server has leaked.
      headers: {
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...authorization(this.credential),
        ...headers,
        connection: 'close',
      },
    });
    const text = await response.text();
    keepSecretsIn(typeof body === 'string' ? body : JSON.stringify(body ?? null), text, response.headers.get('link') ?? '');
    return { status: response.status, headers: response.headers, body: parse(text) };
  }

  get(path: string): Promise<Answer> {
    return this.request('GET', path);
  }

  /** An offer as it should be; further fields are the pipeline's. */
  async open(offer: Schemas['WebRtcOffer'] & Readonly<Record<string, unknown>>): Promise<Answer<OpenedOrProblem>> {
    keepSecretsIn(offer.sdp);
    return answerOf(await this.client.POST('/v1/stream/webrtc/offer', { body: offer }));
  }

  /** An offer with any body. */
  offer(body: unknown, options?: RequestOptions): Promise<Answer> {
    return this.request('POST', 'v1/stream/webrtc/offer', body, options);
  }

  async delete(sessionId: string): Promise<Answer<Schemas['SessionClosed'] | Schemas['ProblemDto']>> {
    const params = { path: { session_id: sessionId } };
    return answerOf(await this.client.DELETE('/v1/stream/webrtc/{session_id}', { params }));
  }

  async status(sessionId: string): Promise<Schemas['SessionStatus']> {
    const params = { path: { session_id: sessionId } };
    return dataOf(await this.client.GET('/v1/stream/sessions/{session_id}/status', { params }));
  }

  /** Figures of a session that is open. */
  async stats(sessionId: string): Promise<Schemas['SessionStats']> {
    const params = { path: { session_id: sessionId } };
    return dataOf(await this.client.GET('/v1/stream/sessions/{session_id}/stats', { params }));
  }

  async health(): Promise<Schemas['ServiceHealthDto']> {
    return dataOf(await this.client.GET('/v1/service/health'));
  }

  async metadata(): Promise<Schemas['ServiceMetadataDto']> {
    return dataOf(await this.client.GET('/v1/service/metadata'));
  }

  /** Figures of the service. */
  async metrics(): Promise<Schemas['ServiceMetricsDto']> {
    return dataOf(await this.client.GET('/v1/service/metrics/json'));
  }

  async activeSessions(): Promise<number> {
    return (await this.health()).webrtc_active_sessions;
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

function authorization(credential: string | undefined): Record<string, string> {
  return credential === undefined ? {} : { authorization: `Bearer ${credential}` };
}

interface Fetched<Data, Failure> {
  readonly data?: Data;
  readonly error?: Failure;
  readonly response: Response;
}

function answerOf<Data, Failure>({ data, error, response }: Fetched<Data, Failure>): Answer<Data | Failure> {
  return { status: response.status, headers: response.headers, body: (response.ok ? data : error) as Data | Failure };
}

/** The body of an answer that says yes. */
function dataOf<Data>({ data, error, response }: Fetched<Data, unknown>): Data {
  if (data === undefined) throw new Error(`${response.url} answered ${response.status}: ${JSON.stringify(error)}`);
  return data;
}

function parse(text: string): Record<string, unknown> {
  try {
    return JSON.parse(text) as Record<string, unknown>;
  } catch {
    return { text };
  }
}
