import { createHmac } from 'node:crypto';
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { networkInterfaces } from 'node:os';
import { parseMessage } from 'werift';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { makeApiKey } from '#server/identity/index.js';
import { waitFor } from '../support/condition.ts';
import { freePort } from '../support/free-port.ts';
import { shippedPipeline, testPipeline, TestServer } from '../support/server.ts';
import { WeriftClient, type ClientOptions } from '../support/werift-client.ts';
import { WhepPlayer, whepRequest } from '../support/whep.ts';

const SECRET = 'a secret of the tests';
/** What a player offers: no data channel. */
const PLAYER = { video: 'recvonly', audio: 'recvonly', channels: [] } as const satisfies ClientOptions;
const SDP = { 'content-type': 'application/sdp' };
const FRAGMENT = 'application/trickle-ice-sdpfrag';

/** Where a client on this machine reaches the server. */
function machineAddress(): string {
  const addresses = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
  return addresses.find(({ family, internal }) => family === 'IPv4' && !internal)?.address ?? '127.0.0.1';
}

/** A socket that keeps the user names of the STUN checks that come. */
async function listenAt(address: string): Promise<AsyncDisposable & { readonly candidate: string; readonly users: Set<string> }> {
  const socket: Socket = createSocket('udp4');
  const users = new Set<string>();
  socket.on('message', (datagram) => users.add(String(parseMessage(datagram)?.getAttributeValue('USERNAME'))));
  const listening = once(socket, 'listening');
  socket.bind(0, address);
  await listening;
  return {
    candidate: `candidate:1 1 udp 2122260223 ${address} ${socket.address().port} typ host generation 0`,
    users,
    async [Symbol.asyncDispose]() {
      const closed = once(socket, 'close');
      socket.close();
      await closed;
    },
  };
}

describe('WHEP', () => {
  let server: TestServer;
  const clients: WeriftClient[] = [];

  beforeAll(async () => {
    server = await TestServer.start(shippedPipeline('test-pattern'), {
      TELEFUSER_WEBRTC_MAX_SESSIONS: '2',
      TELEFUSER_WEBRTC_DISCONNECTED_GRACE_SECONDS: '0',
      TELEFUSER_MAX_ICE_CANDIDATES: '24',
      TELEFUSER_TURN_SERVERS: 'turn:127.0.0.1:9?transport=tcp,turns:127.0.0.1:9?transport=tcp',
      TELEFUSER_TURN_SECRET: SECRET,
      TELEFUSER_ICE_TCP_PORT: String(await freePort()),
    });
  });
  afterEach(async () => {
    for (const client of clients.splice(0)) await client.close();
    await server.idle();
  });
  afterAll(() => server.close());

  async function player(options: ClientOptions = PLAYER): Promise<WhepPlayer> {
    const client = await WeriftClient.prepare(options);
    clients.push(client);
    return new WhepPlayer(server.api, client);
  }

  it('opens a session like any other by one request, and closes it by another', async () => {
    const viewer = await player();
    const answer = await viewer.post('?prompt=a+lighthouse&config={"width":320,"height":192}');
    const { headers } = answer;
    expect([answer.status, headers.get('content-type'), headers.get('cache-control')]).toEqual([
      201,
      SDP['content-type'],
      'no-store',
    ]);
    expect(headers.get('location')).toMatch(/^\/v1\/stream\/whep\/[0-9a-f-]{36}$/u);
    expect(headers.get('etag')).toMatch(/^"[!#-~]+"$/u);
    expect([...answer.text.matchAll(/^a=(send\w+|recv\w+|inactive)/gmu)].map(([, direction]) => direction)).toEqual([
      'sendonly',
      'sendonly',
    ]);

    await viewer.client.accept({ status: 201, headers, body: { sdp: answer.text } });
    const [picture] = await waitFor('a picture', async () => {
      const pictures = await viewer.client.video.pictures();
      return pictures.length > 0 && pictures;
    });
    expect([picture?.width, picture?.height]).toEqual([320, 192]);
    const { sessionId } = viewer;
    expect(await server.api.status(sessionId)).toMatchObject({ status: 'active', stream_mode: 'server_push', state: 'live' });
    expect((await whepRequest(viewer.session, 'GET')).status).toBe(204);

    expect((await whepRequest(viewer.session, 'DELETE')).status).toBe(200);
    expect(await server.api.closeReason(sessionId)).toBe('client_delete');
    for (const method of ['GET', 'DELETE']) {
      expect(await whepRequest(viewer.session, method)).toMatchObject({ status: 404, code: 'session-not-found' });
    }
    expect(await viewer.patch('*', viewer.fragment())).toMatchObject({ status: 404, code: 'session-not-found' });
  });

  it('links TURN servers with credentials minted for the session', async () => {
    const viewer = await player();
    const { headers } = await viewer.post();
    const links = (headers.get('link') ?? '').split(', ');
    expect(links.map((link) => /^<([^>]*)>/u.exec(link)?.[1])).toEqual([
      'turn:127.0.0.1:9?transport=tcp',
      'turns:127.0.0.1:9?transport=tcp',
    ]);
    for (const link of links) {
      const of = (name: string): string => new RegExp(` ${name}="([^"]*)"`, 'u').exec(link)?.[1] ?? '';
      expect([of('rel'), of('credential-type')]).toEqual(['ice-server', 'password']);
      expect(of('username').split(':')[1]).toBe(viewer.sessionId);
      expect(of('credential')).toBe(createHmac('sha1', SECRET).update(of('username')).digest('base64'));
    }
    await whepRequest(viewer.session, 'DELETE');
  });

  it('is recognised, and says to whom it may concern what it takes', async () => {
    const url = new URL('v1/stream/whep', server.api.url);
    for (const method of ['GET', 'HEAD']) {
      const answer = await whepRequest(url, method);
      expect([answer.status, answer.headers.get('content-type'), answer.text]).toEqual([200, 'application/sdp', '']);
    }
    const preflight = { origin: 'http://player.example', 'access-control-request-method': 'PATCH' };
    for (const headers of [{}, preflight]) {
      const answer = await whepRequest(url, 'OPTIONS', headers);
      expect([answer.status, answer.headers.get('accept-post')]).toEqual([204, 'application/sdp']);
      expect(answer.headers.get('access-control-allow-methods')).toContain('PATCH');
    }
    const exposed = (await whepRequest(url, 'GET')).headers.get('access-control-expose-headers') ?? '';
    for (const name of ['Location', 'ETag', 'Link', 'Retry-After']) expect(exposed).toContain(name);
  });

  it('refuses what is not an offer, with the status and problem of each mistake', async () => {
    const url = new URL('v1/stream/whep', server.api.url);
    const offer = (await player()).client.offerSdp;
    const cases = [
      [{}, undefined, '', 415, 'unsupported-media-type'],
      [{ 'content-type': 'application/json' }, '{}', '', 415, 'unsupported-media-type'],
      [{ 'content-type': FRAGMENT }, offer, '', 415, 'unsupported-media-type'],
      [{ 'content-type': 'text/plain' }, offer, '', 415, 'unsupported-media-type'],
      [SDP, '', '', 400, 'invalid-sdp'],
      [SDP, 'hello', '', 400, 'invalid-sdp'],
      [SDP, offer.replaceAll('recvonly', 'inactive'), '', 400, 'invalid-sdp'],
      [SDP, offer, '?fps=0', 422, 'validation-failed'],
      [SDP, offer, '?config=7', 422, 'validation-failed'],
      [SDP, offer, '?prompt=a&prompt=b', 422, 'validation-failed'],
    ] as const;
    for (const [headers, body, query, status, code] of cases) {
      expect(await whepRequest(`${url.href}${query}`, 'POST', headers, body)).toMatchObject({ status, code });
    }
    const elsewhere = new URL('v1/stream/webrtc/offer', server.api.url);
    expect(await whepRequest(elsewhere, 'POST', SDP, offer)).toMatchObject({ status: 415, code: 'unsupported-media-type' });
  });

  it('counts for the limit of sessions', async () => {
    const viewers = [await player(), await player(), await player()];
    const answers = [];
    for (const viewer of viewers) answers.push(await viewer.post());
    expect(answers.map(({ status, code }) => [status, code])).toEqual([
      [201, undefined],
      [201, undefined],
      [503, 'max-sessions'],
    ]);
    expect(answers[2]?.headers.get('retry-after')).toBe('5');
    for (const viewer of viewers.slice(0, 2)) await whepRequest(viewer.session, 'DELETE');
  });

  it('checks the candidates that come later, but for those in forbidden networks', async () => {
    const viewer = await player();
    await using permitted = await listenAt(machineAddress());
    await using forbidden = await listenAt('127.0.0.2');
    const offer = withoutCandidates(viewer.client.offerSdp);
    expect((await viewer.post('', offer)).status).toBe(201);
    const answer = await viewer.patch(viewer.etag, viewer.fragment([forbidden.candidate, permitted.candidate]));
    expect([answer.status, answer.text, answer.headers.get('etag')]).toEqual([204, '', null]);
    await waitFor('a check', () => permitted.users.size > 0);
    expect([...permitted.users][0]).toMatch(new RegExp(`^${viewer.transport.localParameters.usernameFragment}:`, 'u'));
    expect(forbidden.users.size).toBe(0);
    await whepRequest(viewer.session, 'DELETE');
  });

  it('asks which ICE session is meant, bounds its candidates, and restarts none that was never connected', async () => {
    const viewer = await player();
    await viewer.post('', withoutCandidates(viewer.client.offerSdp));
    const candidate = 'candidate:1 1 udp 2122260223 192.0.2.1 61764 typ host';
    const mine = viewer.fragment([candidate]);
    const other = mine.replace(/^a=ice-ufrag:.*$/mu, 'a=ice-ufrag:another');
    const cases = [
      [undefined, mine, 428, 'precondition-required'],
      ['"x"', mine, 412, 'precondition-failed'],
      ['*', 'hello', 400, 'invalid-sdp-fragment'],
      ['*', viewer.fragment(Array<string>(25).fill(candidate)), 400, 'invalid-sdp-fragment'],
      ['*', other, 409, 'ice-restart-refused'],
      [viewer.etag, viewer.fragment(Array<string>(24).fill(candidate)), 204, undefined],
      [viewer.etag, mine, 400, 'invalid-sdp-fragment'],
    ] as const;
    for (const [ifMatch, fragment, status, code] of cases) {
      expect(await viewer.patch(ifMatch, fragment)).toMatchObject({ status, code });
    }
    const wrongTypes = [
      [SDP, mine],
      [{ 'content-type': 'application/json' }, '{}'],
      [{}, undefined],
    ] as const;
    for (const [headers, body] of wrongTypes) {
      expect(await whepRequest(viewer.session, 'PATCH', headers, body)).toMatchObject({
        status: 415,
        code: 'unsupported-media-type',
      });
    }
    expect(await server.api.status(viewer.sessionId)).toMatchObject({ status: 'active' });
    await whepRequest(viewer.session, 'DELETE');
  });

  it('restarts ICE as often as it is asked to, on the same addresses, and media goes on', async () => {
    const viewer = await player();
    await viewer.play();
    const offered = addressesIn(viewer.client.connection.remoteDescription?.sdp ?? '');
    const etags = [viewer.etag];
    for (let round = 0; round < 3; round += 1) {
      const answer = await viewer.restart();
      expect([answer.status, answer.headers.get('content-type')]).toEqual([200, FRAGMENT]);
      expect(addressesIn(answer.text)).toEqual(offered);
      expect(etags).not.toContain(viewer.etag);
      etags.push(viewer.etag);
      const packets = viewer.client.video.packets.length;
      await waitFor('pictures on the new path', () => viewer.client.video.packets.length > packets + 20);
    }
    expect(await viewer.patch(etags[2], viewer.fragment())).toMatchObject({ status: 412, code: 'precondition-failed' });
    expect(await viewer.patch(etags[3], viewer.fragment())).toMatchObject({ status: 204 });
    expect(await server.api.status(viewer.sessionId)).toMatchObject({ status: 'active', state: 'live' });
    await whepRequest(viewer.session, 'DELETE');
  });

  it('restarts ICE of a session that an offer in JSON has opened, and heeds no restart that arrives after a newer one', async () => {
    const viewer = await player();
    await viewer.playByOffer();
    const present = async (): Promise<string | null> => (await whepRequest(viewer.session, 'GET')).headers.get('etag');
    const first = viewer.etag;
    expect([first, await present()]).toEqual([expect.stringMatching(/^"[!-~]+"$/u), first]);
    expect((await viewer.restart()).status).toBe(200);
    expect([viewer.etag === first, await present()]).toEqual([false, viewer.etag]);
    const late = viewer.fragment().replace(/^a=ice-ufrag:.*$/mu, 'a=ice-ufrag:late');
    expect(await viewer.patch(first, late)).toMatchObject({ status: 412, code: 'precondition-failed' });
    const packets = viewer.client.video.packets.length;
    await waitFor('pictures on the new path', () => viewer.client.video.packets.length > packets + 20);
    expect(await present()).toBe(viewer.etag);
    await whepRequest(viewer.session, 'DELETE');
  });

  it('goes on by another path for a client that has another address', async () => {
    const viewer = await player();
    await viewer.play();
    const port = (): number | undefined => viewer.transport.localCandidates[0]?.port;
    const before = port();
    await viewer.move();
    expect((await viewer.restart()).status).toBe(200);
    expect(port()).not.toBe(before);
    const packets = viewer.client.video.packets.length;
    await waitFor('pictures on the new path', () => viewer.client.video.packets.length > packets + 20);
    expect(await server.api.status(viewer.sessionId)).toMatchObject({ status: 'active', state: 'live' });
    await whepRequest(viewer.session, 'DELETE');
  });

  it('takes a restart whose answer was lost and that is made again', async () => {
    const viewer = await player();
    await viewer.play();
    const lost = viewer.fragment().replace(/^a=ice-ufrag:.*$/mu, 'a=ice-ufrag:lost');
    for (let round = 0; round < 3; round += 1) {
      expect((await viewer.patch('*', lost.replace('lost', `lost${round}`))).status).toBe(200);
    }
    expect((await viewer.restart()).status).toBe(200);
    const packets = viewer.client.video.packets.length;
    await waitFor('pictures on the new path', () => viewer.client.video.packets.length > packets + 20);
    await whepRequest(viewer.session, 'DELETE');
  });

  it('closes a session whose restart finds no path', async () => {
    const viewer = await player();
    await viewer.play();
    const { sessionId } = viewer;
    const other = viewer.fragment().replace(/^a=ice-ufrag:.*$/mu, 'a=ice-ufrag:another');
    expect((await viewer.patch('*', other)).status).toBe(200);
    const packets = viewer.client.video.packets.length;
    await waitFor('media by the old path', () => viewer.client.video.packets.length > packets + 20);
    expect(await server.api.closeReason(sessionId, 30_000)).toBe('disconnected');
  });

  it('asks who calls, and keeps a session to its owner', async () => {
    const [acme, other] = ['acme', 'other'].map((tenant) =>
      makeApiKey({ tenant, scopes: ['stream:create', 'stream:read', 'stream:close'], expiresAtMs: undefined }),
    );
    const written = [acme, other].map((made) => ({ ...made?.record, expiresAtMs: undefined }));
    await using closed = await TestServer.start(shippedPipeline('test-pattern'), {
      TELEFUSER_AUTH: 'required',
      TELEFUSER_API_KEYS: JSON.stringify(written),
    });
    const as = (key: string | undefined): Readonly<Record<string, string>> => ({ authorization: `Bearer ${key ?? ''}` });
    await using client = await WeriftClient.prepare(PLAYER);
    const viewer = new WhepPlayer(closed.api, client);
    expect(await viewer.post()).toMatchObject({ status: 401, code: 'unauthenticated' });

    const json = { 'content-type': 'application/json', ...as(acme?.key) };
    const minted = await whepRequest(new URL('v1/stream/tokens', closed.api.url), 'POST', json, '{}');
    const { token } = JSON.parse(minted.text) as { readonly token: string };
    expect((await viewer.post('', client.offerSdp, as(token))).status).toBe(201);
    const fragment = { 'content-type': FRAGMENT, 'if-match': '*' };
    const asked: readonly (readonly [string, Readonly<Record<string, string>>, string?])[] = [
      ['GET', {}],
      ['PATCH', fragment, viewer.fragment()],
      ['DELETE', {}],
    ];
    for (const [method, headers, body] of asked) {
      expect(await whepRequest(viewer.session, method, headers, body)).toMatchObject({ status: 401 });
      expect(await whepRequest(viewer.session, method, { ...headers, ...as(other?.key) }, body)).toMatchObject({ status: 404 });
    }
    const answers = [];
    for (const [method, headers, body] of asked) {
      answers.push((await whepRequest(viewer.session, method, { ...headers, ...as(token) }, body)).status);
    }
    expect(answers).toEqual([204, 204, 200]);
  });

  it('serves a bidirectional pipeline only to a player with a data channel', async () => {
    await using bidirectional = await TestServer.start(testPipeline('conversation'));
    await using without = await WeriftClient.prepare(PLAYER);
    expect(await new WhepPlayer(bidirectional.api, without).post()).toMatchObject({ status: 400, code: 'invalid-sdp' });
    await using steering = await WeriftClient.prepare({ video: 'recvonly' });
    await new WhepPlayer(bidirectional.api, steering).play();
  });
});

/** As a player offers that trickles. */
function withoutCandidates(sdp: string): string {
  return sdp.replaceAll(/^a=(?:candidate:.*|end-of-candidates)\r\n/gmu, '');
}

/** Addresses and ports of the candidates of a description. */
function addressesIn(sdp: string): ReadonlySet<string> {
  return new Set([...sdp.matchAll(/^a=candidate:\S+ \d+ \S+ \d+ (\S+ \d+)/gmu)].map(([, address = '']) => address));
}
