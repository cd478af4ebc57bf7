import type { ServerOptions } from './options.js';
import { aborted, isStreamErrorCode, StreamError, type ProblemDocument } from './stream-error.js';

const TIMEOUT_MS = 10_000;
/** Of an answer: longer ones are none of this API. */
const MAX_ANSWER_CHARACTERS = 1_048_576;

/** `Authorization` of the requests of one session: a stream token belongs to the session that it opened. */
export type Authorization = Readonly<Record<string, string>>;

interface Request {
  readonly authorization?: Authorization;
  readonly signal?: AbortSignal | undefined;
  readonly timeoutMs?: number;
  /** Sent as JSON, or as it is where `headers` say a content type. */
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent even as the page goes. */
  readonly keepalive?: boolean;
}

interface Answer {
  readonly text: string;
  /** The header `ETag`, which names the ICE session. */
  readonly etag: string | undefined;
}

/** The HTTP API of one server. Every failure is a `StreamError`. */
export class HttpApi {
  readonly #base: URL;
  readonly #options: ServerOptions;

  /** @throws StreamError `invalid-option` */
  constructor(server: string | URL | ServerOptions) {
    this.#options = typeof server === 'string' || server instanceof URL ? { baseUrl: server } : server;
    this.#base = baseOf(this.#options.baseUrl);
  }

  /** Asks for the credential, for the requests of one session. */
  async authorize(signal: AbortSignal): Promise<Authorization> {
    const { credential } = this.#options;
    const given = typeof credential === 'function' ? await this.#ask(credential, signal) : credential;
    return given === undefined || given === '' ? {} : { authorization: `Bearer ${given}` };
  }

  /** @throws StreamError `unexpected-answer` besides those of `send` */
  async read<T>(method: string, path: string, request: Request = {}): Promise<T> {
    return (await this.readTagged(method, path, request)).value as T;
  }

  /** The same with the header `ETag`. */
  async readTagged(
    method: string,
    path: string,
    request: Request,
  ): Promise<{ readonly value: unknown; readonly etag: Answer['etag'] }> {
    const { text, etag } = await this.send(method, path, request);
    const value = parseObject(text);
    if (value === undefined) throw unexpected(method, path, 'its answer is no JSON object');
    return { value, etag };
  }

  /** @throws StreamError */
  async send(method: string, path: string, request: Request = {}): Promise<Answer> {
    const { signal, timeoutMs = TIMEOUT_MS, body, keepalive = false } = request;
    const timeout = AbortSignal.timeout(timeoutMs);
    const fetch = this.#options.fetch ?? globalThis.fetch;
    try {
      const response = await fetch(new URL(path, this.#base), {
        method,
        headers: {
          ...this.#options.headers,
          ...request.authorization,
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
          ...request.headers,
        },
        ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
        cache: 'no-store',
        keepalive,
        signal: signal === undefined ? timeout : AbortSignal.any([signal, timeout]),
      });
      const text = await textUpToLimit(response);
      if (!response.ok) throw refusal(response, text ?? '', `${method} ${path}`);
      if (text === undefined) throw unexpected(method, path, 'its answer is too long');
      return { text, etag: response.headers.get('etag') ?? undefined };
    } catch (cause) {
      if (cause instanceof StreamError) throw cause;
      if (signal?.aborted === true) throw aborted(signal);
      if (timeout.aborted) {
        throw new StreamError('timeout', `${this.#base.host} did not answer ${method} ${path} in ${timeoutMs} ms.`, { cause });
      }
      throw new StreamError('server-unreachable', `${this.#base.host} could not be reached: ${textOf(cause)}.`, { cause });
    }
  }

  async #ask(credential: Exclude<ServerOptions['credential'], string | undefined>, signal: AbortSignal): Promise<string> {
    try {
      return await credential({ signal });
    } catch (cause) {
      if (signal.aborted) throw aborted(signal);
      if (cause instanceof StreamError) throw cause;
      throw new StreamError('unauthenticated', `No credential was given: ${textOf(cause)}.`, { cause });
    }
  }
}

function baseOf(given: string | URL): URL {
  const here = typeof document === 'undefined' ? globalThis.location?.href : document.baseURI;
  const base = URL.canParse(given, here) ? new URL(given, here) : undefined;
  if (base === undefined || !/^https?:$/.test(base.protocol)) {
    throw new StreamError(
      'invalid-option',
      `"${String(given)}" is no address of a server: it must begin with http:// or https://.`,
    );
  }
  base.search = base.hash = '';
  if (!base.pathname.endsWith('/')) base.pathname += '/';
  return base;
}

/** The text of an answer; undefined, and no more of it is fetched, once it is longer than one of this API may be. */
async function textUpToLimit(response: Response): Promise<string | undefined> {
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
  // Either there is none, or a `fetch` that was passed has no streams.
  if (reader === undefined) return response.text();
  for (let text = ''; ;) {
    const { value = '', done } = await reader.read();
    text += value;
    if (done) return text;
    if (text.length > MAX_ANSWER_CHARACTERS) {
      void reader.cancel().catch(() => undefined);
      return undefined;
    }
  }
}

function refusal({ status, headers }: Response, text: string, request: string): StreamError {
  const problem = parseObject(text);
  const after = retryAfterMs(headers.get('retry-after'));
  if (problem !== undefined && typeof problem['code'] === 'string' && typeof problem['detail'] === 'string') {
    const { code, detail } = problem;
    const known = isStreamErrorCode(code) ? code : 'server-error';
    return new StreamError(known, detail, { problem: problem as unknown as ProblemDocument, retryAfterMs: after });
  }
  // A proxy answers in place of a server that is being restarted.
  if (status === 502 || status === 503 || status === 504) {
    return new StreamError('server-unreachable', `${request} was answered ${status}.`, { retryAfterMs: after });
  }
  if (status === 429) return new StreamError('rate-limited', `${request} was answered 429.`, { retryAfterMs: after });
  return new StreamError('unexpected-answer', `${request} was answered ${status}, without saying why.`);
}

/** Seconds or a date (RFC 9110 section 10.2.3). */
function retryAfterMs(header: string | null): number | undefined {
  if (header === null) return undefined;
  const ms = /^\d+$/.test(header) ? Number(header) * 1000 : Date.parse(header) - Date.now();
  return Number.isFinite(ms) ? Math.max(0, ms) : undefined;
}

function parseObject(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

function unexpected(method: string, path: string, what: string): StreamError {
  return new StreamError('unexpected-answer', `${method} ${path}: ${what}.`);
}

export function textOf(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).replace(/\.$/, '');
}
