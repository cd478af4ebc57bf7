import { describe, expect, it, vi } from 'vitest';
import { HttpApi } from './http-api.js';
import { StreamError } from './stream-error.js';

const NEVER = new AbortController().signal;

function answering(body: BodyInit | null, init: ResponseInit = {}) {
  const asked: { url: string; init: RequestInit | undefined }[] = [];
  const fetch = (url: URL | RequestInfo, given?: RequestInit): Promise<Response> => {
    asked.push({ url: url instanceof URL ? url.href : '', init: given });
    return Promise.resolve(new Response(body, init));
  };
  return { fetch, asked };
}

const PROBLEM = { type: 'urn:x', title: 'x', status: 503, detail: 'All slots are taken.', code: 'max-sessions' };

describe('HttpApi', () => {
  it.each([
    ['http://host:8088', 'http://host:8088/v1/x'],
    ['https://host/stream', 'https://host/stream/v1/x'],
    ['https://host/stream/?a=1#b', 'https://host/stream/v1/x'],
  ])('asks at %s for %s', async (baseUrl, expected) => {
    const { fetch, asked } = answering('{}');
    await new HttpApi({ baseUrl, fetch }).read('GET', 'v1/x');
    expect(asked[0]?.url).toBe(expected);
  });

  it.each(['ftp://host', 'no address', ''])('refuses "%s" as an address', (baseUrl) => {
    expect(() => new HttpApi(baseUrl)).toThrow(expect.objectContaining({ code: 'invalid-option' }));
  });

  it('sends the credential, asked for anew for each session, and further headers', async () => {
    const { fetch, asked } = answering('{}');
    let count = 0;
    const api = new HttpApi({ baseUrl: 'http://h', fetch, headers: { 'x-way': '1' }, credential: () => `token-${(count += 1)}` });
    for (const _ of [1, 2]) await api.read('POST', 'v1/x', { authorization: await api.authorize(NEVER), body: { a: 1 } });
    expect(asked.map(({ init }) => init?.headers)).toEqual(
      ['token-1', 'token-2'].map((token) => ({
        'x-way': '1',
        authorization: `Bearer ${token}`,
        'content-type': 'application/json',
      })),
    );
    expect(asked[0]?.init?.body).toBe('{"a":1}');
    await expect(new HttpApi('http://h').authorize(NEVER)).resolves.toEqual({});
  });

  it('says why there is no credential', async () => {
    const broken = new HttpApi({ baseUrl: 'http://h', credential: () => Promise.reject(new Error('the shop is closed')) });
    await expect(broken.authorize(NEVER)).rejects.toMatchObject({ code: 'unauthenticated', message: /the shop is closed/ });
  });

  it('keeps the problem of the server, and how long it asks to wait', async () => {
    const { fetch } = answering(JSON.stringify(PROBLEM), { status: 503, headers: { 'retry-after': '7' } });
    await expect(new HttpApi({ baseUrl: 'http://h', fetch }).read('GET', 'v1/x')).rejects.toMatchObject({
      code: 'max-sessions',
      message: PROBLEM.detail,
      problem: PROBLEM,
      retryAfterMs: 7000,
      retryable: true,
    });
  });

  it.each([
    [502, '<html>', 'server-unreachable'],
    [429, '', 'rate-limited'],
    [418, '{"teapot":true}', 'unexpected-answer'],
    [500, JSON.stringify({ ...PROBLEM, code: 'of-tomorrow' }), 'server-error'],
  ])('makes of an answer %i without a known problem: %s', async (status, body, code) => {
    const { fetch } = answering(body, { status });
    await expect(new HttpApi({ baseUrl: 'http://h', fetch }).read('GET', 'v1/x')).rejects.toMatchObject({ code });
  });

  it('takes no page for an answer', async () => {
    const { fetch } = answering('<html>');
    await expect(new HttpApi({ baseUrl: 'http://h', fetch }).read('GET', 'v1/x')).rejects.toMatchObject({
      code: 'unexpected-answer',
    });
  });

  it.each([
    [200, 'unexpected-answer'],
    [503, 'server-unreachable'],
  ])('fetches no more of an answer %i than one of this API may be', async (status, code) => {
    const chunk = new Uint8Array(65_536).fill(0x20);
    let [sent, isCancelled] = [0, false];
    const endless = new ReadableStream<Uint8Array<ArrayBuffer>>({
      pull: (controller) => {
        sent += chunk.length;
        controller.enqueue(chunk);
      },
      cancel: () => void (isCancelled = true),
    });
    const { fetch } = answering(endless, { status });
    await expect(new HttpApi({ baseUrl: 'http://h', fetch }).read('GET', 'v1/x')).rejects.toMatchObject({ code });
    await vi.waitFor(() => expect(isCancelled).toBe(true));
    expect(sent).toBeLessThan(2_000_000);
  });

  it('reads an answer in pieces, also of a fetch without streams', async () => {
    const bytes = new TextEncoder().encode('{"name":"Grüße"}');
    const pieces = new ReadableStream<Uint8Array<ArrayBuffer>>({
      start: (controller) => {
        for (const byte of bytes) controller.enqueue(Uint8Array.of(byte));
        controller.close();
      },
    });
    for (const fetch of [
      answering(pieces).fetch,
      () => Promise.resolve(Object.defineProperty(new Response(bytes), 'body', { value: null })),
    ]) {
      await expect(new HttpApi({ baseUrl: 'http://h', fetch }).read('GET', 'v1/x')).resolves.toEqual({ name: 'Grüße' });
    }
  });

  it('tells an end by the caller from one by time, and both from no answer', async () => {
    const hanging = (_url: unknown, init?: RequestInit): Promise<Response> =>
      new Promise((_resolve, reject) => {
        const stop = (): void => reject(init?.signal?.reason as Error);
        if (init?.signal?.aborted === true) stop();
        init?.signal?.addEventListener('abort', stop);
      });
    const api = new HttpApi({ baseUrl: 'http://h', fetch: hanging });
    await expect(api.read('GET', 'v1/x', { signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'aborted' });
    const own = new StreamError('closed', 'over');
    await expect(api.read('GET', 'v1/x', { signal: AbortSignal.abort(own) })).rejects.toBe(own);
    await expect(api.read('GET', 'v1/x', { timeoutMs: 1 })).rejects.toMatchObject({ code: 'timeout' });
    const failing = new HttpApi({ baseUrl: 'http://h', fetch: () => Promise.reject(new TypeError('Failed to fetch')) });
    await expect(failing.read('GET', 'v1/x')).rejects.toMatchObject({ code: 'server-unreachable', message: /Failed to fetch/ });
  });
});
