import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { StreamServer } from './stream-server.js';

const NEVER = new AbortController().signal;

interface Asked {
  readonly method: string | undefined;
  readonly url: string | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

describe('StreamServer', () => {
  let server: Server;
  let url: string;
  let asked: Asked[];
  let answer: { status: number; headers?: Record<string, string>; body: string };

  beforeAll(async () => {
    const reply = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
      const body = Buffer.concat(await request.toArray()).toString();
      asked.push({ method: request.method, url: request.url, headers: request.headers, body });
      response.writeHead(answer.status, { 'content-type': 'application/json', ...answer.headers }).end(answer.body);
    };
    server = createServer((request, response) => void reply(request, response));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/behind/a/proxy`;
  });
  afterAll(() => {
    server.closeAllConnections();
    server.close();
  });
  beforeEach(() => {
    asked = [];
    answer = { status: 200, body: '{}' };
  });

  it('opens a session under the path of its address, with the credential, and closes it', async () => {
    answer.body = '{"session_id":"s/1","sdp":"v=0","type":"answer"}';
    const api = new StreamServer(`${url}?x=1#y`, 'key');
    expect(await api.open('v=0 offer', { task: 't2v', loop: true }, NEVER)).toEqual({
      sessionId: 's/1',
      sdp: 'v=0',
      roundTripMs: expect.any(Number),
    });
    await api.close('s/1');
    expect(asked).toMatchObject([
      { method: 'POST', url: '/behind/a/proxy/v1/stream/webrtc/offer', headers: { authorization: 'Bearer key' } },
      { method: 'DELETE', url: '/behind/a/proxy/v1/stream/webrtc/s%2F1', headers: { authorization: 'Bearer key' } },
    ]);
    expect(JSON.parse(asked[0]?.body ?? '')).toEqual({ sdp: 'v=0 offer', type: 'offer', task: 't2v', loop: true });
  });

  it('reads the ICE servers, and takes a server without that route for one that has none', async () => {
    const api = new StreamServer(url, undefined);
    const turn = { urls: ['turn:t.example'], username: 'u', credential: 'c' };
    answer.body = JSON.stringify({ ice_servers: [turn, { urls: 'stun:x' }, null], ice_transport_policy: 'relay' });
    expect(await api.iceSettings(NEVER)).toEqual({ iceServers: [turn], iceTransportPolicy: 'relay' });
    answer = { status: 404, body: '{"detail":"Not Found"}' };
    expect(await api.iceSettings(NEVER)).toEqual({ iceServers: [], iceTransportPolicy: 'all' });
    expect(asked[0]?.headers.authorization).toBeUndefined();
  });

  it.each([
    [
      { status: 503, headers: { 'retry-after': '7' }, body: '{"detail":"All slots\\nare taken."}' },
      'refused',
      /refused \(503\): All slots are taken\. Try again in 7 s\./,
    ],
    [{ status: 401, body: '{"detail":"no credential"}' }, 'refused', /\(401\).*STREAM_TOKEN/],
    [{ status: 422, body: '{"detail":"fps must be at most 240."}' }, 'refused', /\(422\): fps must be at most 240\. Correct/],
    [{ status: 404, body: '<html>' }, 'unreachable', /is no stream server/],
    [{ status: 200, body: '[]' }, 'unreachable', /no JSON object/],
    [{ status: 200, body: '{"session_id":1}' }, 'unreachable', /no session and no SDP/],
  ])('says why an offer was not answered: %j', async (given, kind, message) => {
    answer = given;
    await expect(new StreamServer(url, undefined).open('v=0', { task: 't' }, NEVER)).rejects.toMatchObject({
      name: 'ViewerError',
      kind,
      message: expect.stringMatching(message),
    });
  });

  it('says why a server cannot be reached, and never fails to close', async () => {
    const nobody = new StreamServer('http://127.0.0.1:1/', undefined);
    await expect(nobody.open('v=0', {}, NEVER)).rejects.toMatchObject({
      kind: 'unreachable',
      message: expect.stringMatching(/^http:\/\/127\.0\.0\.1:1\/ cannot be reached \(/u),
    });
    await expect(nobody.close('x')).resolves.toBeUndefined();
    for (const bad of ['localhost:8088', 'nothing', 'file:///etc/passwd']) {
      expect(() => new StreamServer(bad, undefined)).toThrow(expect.objectContaining({ kind: 'unreachable' }));
    }
  });

  it.each([
    ['http://user:secret@127.0.0.1:1/', '"…@127.0.0.1:1/" has a user name or a password. Leave'],
    ['http://secret@127.0.0.1:1/', '"…@127.0.0.1:1/" has a user name or a password. Leave'],
    ['http://user:secret@127.0.0.1:99999/', '"…@127.0.0.1:99999/" is no URL. Give'],
    ['user:secret@127.0.0.1', '"…@127.0.0.1" is no HTTP address. Give'],
    ['127.0.0.1/?token=secret', '"127.0.0.1/" is no URL. Give'],
  ])('does not tell what is secret in the address %j', (address, said) => {
    const withoutSecret = expect.stringMatching(/^(?!.*secret)/u);
    expect(() => new StreamServer(address, undefined)).toThrow(
      expect.objectContaining({ kind: 'unreachable', message: withoutSecret }),
    );
    expect(() => new StreamServer(address, undefined)).toThrow(said);
  });

  it('is cut short by its signal', async () => {
    const reason = new Error('enough');
    await expect(new StreamServer(url, undefined).iceSettings(AbortSignal.abort(reason))).rejects.toBe(reason);
  });
});
