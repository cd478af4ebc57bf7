import { request as httpRequest } from 'node:http';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';

import { afterAll, describe, expect, it } from 'vitest';

import { waitFor, within } from '../support/condition.ts';
import { CommandProcess, TemporaryPipeline, testPipeline, TestServer } from '../support/server.ts';
import { WATCH, WeriftClient, type ChannelMessage, type ClientOptions } from '../support/werift-client.ts';
import type { Answer } from '../support/api-client.ts';

/** Rows of the table, in order; `E2E_TABLE=1` prints them. */
const table: string[] = [];
afterAll(() => {
  if (process.env['E2E_TABLE'] !== undefined) {
    process.stdout.write(
      `\n| # | input | answer |\n| --- | --- | --- |\n${table.map((row, index) => `| ${index + 1} | ${row} |`).join('\n')}\n`,
    );
  }
});

function record(input: string, answer: string): void {
  table.push(`${input} | ${answer.replaceAll('|', '\\|')}`);
}

/** An answer as the table says it. */
function inWords({ status, body }: Answer): string {
  const code = body['code'] === undefined ? '' : ` ${body['code'] as string}`;
  return `${status}${code}: ${(body['detail'] as string | undefined) ?? JSON.stringify(body)}`;
}

const PICTURE = { count: 2, format: 'I420', width: 64, height: 48, colour: [9, 9, 9] } as const;
const PLAY = { script: [{ frames: PICTURE }] };

/** A good session from offer to close: the server still serves. */
async function expectGoodPush(server: { readonly api: TestServer['api'] }): Promise<void> {
  await using client = await WeriftClient.connect(server.api, WATCH, PLAY);
  await waitFor('video', () => client.video.packets.length > 0);
  expect(await server.api.closeReason(client.sessionId)).toBe('completed');
}

async function expectGoodTalk(server: { readonly api: TestServer['api'] }): Promise<void> {
  await using client = await WeriftClient.connect(server.api, WATCH);
  client.send('are you there?');
  await client.message('an answer', ({ data }) => data?.['heard'] === 'are you there?');
  client.send({ type: 'stop' });
  expect(await server.api.closeReason(client.sessionId)).toBe('client_stop');
}

/** JSON nested so deep that no serialiser of this test could build it. */
function nested(depth: number): string {
  return `${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}`;
}

describe('bad requests', () => {
  const started = Promise.all([
    TestServer.start(testPipeline('server-push'), {
      TELEFUSER_WEBRTC_MAX_SESSIONS: '10',
      TELEFUSER_WEBRTC_CONNECT_TIMEOUT_SECONDS: '5',
    }),
    WeriftClient.prepare(WATCH),
  ]);
  afterAll(async () => {
    const [server, client] = await started;
    await client.close();
    await server.close();
  });

  const offer = (sdp: unknown, fields: object = {}): string => JSON.stringify({ sdp, type: 'offer', task: 'test', ...fields });
  const withoutLines = (sdp: string, start: RegExp): string =>
    sdp
      .split('\r\n')
      .filter((line) => !start.test(line))
      .join('\r\n');
  const many = (sdp: string, count: number): string =>
    `${sdp}${Array.from({ length: count }, (_, index) => `a=candidate:${index} 1 udp 1 192.0.2.1 ${1024 + index} typ host\r\n`).join('')}`;

  type Row = readonly [input: string, body: (sdp: string) => string, status: number, code: string, detail: string | RegExp];
  const rows: readonly Row[] = [
    ['no sdp', () => '{"task":"test"}', 422, 'validation-failed', 'sdp must be a string.'],
    ['no task', (sdp) => JSON.stringify({ sdp }), 422, 'validation-failed', /task must be/],
    ['sdp of type number', () => offer(5), 422, 'validation-failed', 'sdp must be a string.'],
    ['sdp null', () => offer(null), 422, 'validation-failed', 'sdp must be a string.'],
    ['task of type list', (sdp) => offer(sdp, { task: ['x'] }), 422, 'validation-failed', /task must be a string/],
    [
      'type "answer"',
      (sdp) => offer(sdp, { type: 'answer' }),
      422,
      'validation-failed',
      'type must be one of the following values: offer.',
    ],
    ['fps "fast"', (sdp) => offer(sdp, { fps: 'fast' }), 422, 'validation-failed', /fps must/],
    ['fps 0', (sdp) => offer(sdp, { fps: 0 }), 422, 'validation-failed', /fps must not be less than 1/],
    ['fps 1e999', (sdp) => offer(sdp).replace('"task"', '"fps":1e999,"task"'), 422, 'validation-failed', /fps must/],
    [
      'config.fps -1',
      (sdp) => offer(sdp, { config: { fps: -1 } }),
      422,
      'validation-failed',
      'config.fps must be a number from 1 to 240.',
    ],
    ['config of type list', (sdp) => offer(sdp, { config: [] }), 422, 'validation-failed', 'config must be an object.'],
    ['config of type text', (sdp) => offer(sdp, { config: 'x' }), 422, 'validation-failed', 'config must be an object.'],
    ['prompt of type object', (sdp) => offer(sdp, { prompt: {} }), 422, 'validation-failed', /prompt must be a string/],
    ['session_id ""', (sdp) => offer(sdp, { session_id: '' }), 422, 'validation-failed', /^session_id is not valid/],
    [
      'session_id "../../etc/passwd"',
      (sdp) => offer(sdp, { session_id: '../../etc/passwd' }),
      422,
      'validation-failed',
      /^session_id is not valid/,
    ],
    ['session_id "a/b"', (sdp) => offer(sdp, { session_id: 'a/b' }), 422, 'validation-failed', /^session_id is not valid/],
    ['session_id "a%2Fb"', (sdp) => offer(sdp, { session_id: 'a%2Fb' }), 422, 'validation-failed', /^session_id is not valid/],
    [
      'session_id with a line break',
      (sdp) => offer(sdp, { session_id: 'a\nb' }),
      422,
      'validation-failed',
      /^session_id is not valid/,
    ],
    [
      'session_id with a line break at its end',
      (sdp) => offer(sdp, { session_id: 'ab\n' }),
      422,
      'validation-failed',
      /^session_id is not valid/,
    ],
    [
      'session_id of 129 characters',
      (sdp) => offer(sdp, { session_id: 'x'.repeat(129) }),
      422,
      'validation-failed',
      /^session_id is not valid/,
    ],
    ['session_id of type number', (sdp) => offer(sdp, { session_id: 7 }), 422, 'validation-failed', /^session_id is not valid/],
    ['a body that is no JSON', () => '{"sdp":', 400, 'malformed-request', /JSON/],
    ['an empty body', () => '', 400, 'malformed-request', /empty|JSON/i],
    ['a body that is a list', () => '[]', 422, 'validation-failed', 'The body must be a JSON object.'],
    ['a body that is null', () => 'null', 422, 'validation-failed', 'The body must be a JSON object.'],
    [
      'a __proto__ key',
      (sdp) => offer(sdp).replace('"task"', '"__proto__":{"polluted":1},"task"'),
      400,
      'malformed-request',
      /malformed, or has a "__proto__" or "constructor" key/,
    ],
    [
      'a __proto__ key inside config',
      (sdp) => offer(sdp, { config: {} }).replace('{}', '{"__proto__":{"polluted":1}}'),
      400,
      'malformed-request',
      /malformed, or has a "__proto__" or "constructor" key/,
    ],
    [
      'a constructor.prototype key',
      (sdp) => offer(sdp).replace('"task"', '"constructor":{"prototype":{"polluted":1}},"task"'),
      400,
      'malformed-request',
      /malformed, or has a "__proto__" or "constructor" key/,
    ],
    [
      'JSON 40 levels deep',
      (sdp) => offer(sdp).replace('"task"', `"x":${nested(40)},"task"`),
      422,
      'validation-failed',
      'The body nests deeper than 32 levels.',
    ],
    [
      'JSON 20,000 levels deep',
      (sdp) => offer(sdp).replace('"task"', `"x":${nested(20_000)},"task"`),
      422,
      'validation-failed',
      'The body nests deeper than 32 levels.',
    ],
    ['a body of 17 MB', () => offer('x'.repeat(17_000_000)), 413, 'body-too-large', 'Request body is too large.'],
    ['empty SDP', () => offer(''), 400, 'invalid-sdp', /^The offer is empty/],
    [
      'SDP of 1 MB',
      (sdp) => offer(sdp + 'a=x\r\n'.repeat(210_000)),
      400,
      'invalid-sdp',
      /^The offer has \d{7} bytes; at most 65536 are taken\.$/,
    ],
    ['SDP "hello"', () => offer('hello'), 400, 'invalid-sdp', /^The offer is not SDP/],
    [
      'SDP without media sections',
      () => offer('v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\n'),
      400,
      'invalid-sdp',
      /no media section/,
    ],
    [
      'SDP without ICE credentials',
      (sdp) => offer(withoutLines(sdp, /^a=ice-(ufrag|pwd)/)),
      400,
      'invalid-sdp',
      /no ICE credentials/,
    ],
    ['SDP without a fingerprint', (sdp) => offer(withoutLines(sdp, /^a=fingerprint/)), 400, 'invalid-sdp', /no DTLS fingerprint/],
    ['SDP without a mid', (sdp) => offer(withoutLines(sdp, /^a=mid/)), 400, 'invalid-sdp', /no a=mid/],
    [
      'SDP with a mid twice',
      (sdp) => offer(sdp.replaceAll(/^a=mid:.*$/gm, 'a=mid:0')),
      400,
      'invalid-sdp',
      'The offer uses a=mid:0 twice.',
    ],
    [
      'SDP with every section rejected',
      (sdp) => offer(sdp.replaceAll(/^m=(\w+) \d+/gm, 'm=$1 0')),
      400,
      'invalid-sdp',
      /rejected/,
    ],
    ['SDP of plain RTP', (sdp) => offer(sdp.replaceAll('UDP/TLS/RTP/SAVPF', 'RTP/AVP')), 400, 'invalid-sdp', /not WebRTC's/],
    [
      'SDP with 100 candidates',
      (sdp) => offer(many(sdp, 100)),
      400,
      'invalid-sdp',
      /^The offer has 1\d\d ICE candidates; at most 64 are taken\.$/,
    ],
    [
      'SDP that only sends, without a channel',
      (sdp) => offer(withoutChannel(sdp).replaceAll('a=recvonly', 'a=sendonly')),
      400,
      'invalid-sdp',
      /^The offer takes nothing/,
    ],
  ];

  it.each(rows)('answers an offer with %s', async (input, body, status, code, detail) => {
    const [server, client] = await started;
    const answer = await server.api.offer(body(client.offerSdp));
    record(`offer with ${input}`, inWords(answer));
    expect(answer).toMatchObject({ status, body: { status, code, type: `urn:telefuser:problem:${code}` } });
    if (typeof detail === 'string') expect(answer.body['detail']).toBe(detail);
    else expect(answer.body['detail']).toMatch(detail);
    expect(answer.headers.get('content-type')).toMatch(/^application\/problem\+json/);
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
    expect(server.slotsInUse).toBe(0);
    expect(await server.api.activeSessions()).toBe(0);
  });

  it('rejects the video of an offer that has none of its codecs, and serves the rest', async () => {
    const [server, client] = await started;
    const sdp = client.offerSdp.replaceAll(/H264|VP8/g, 'AV9');
    const answer = await server.api.offer(offer(sdp, { session_id: 'no-video' }));
    record('offer with no video codec of ours', `${answer.status}: an answer with m=video 0, m=audio 9, m=application 9`);
    expect(answer.status).toBe(200);
    expect(answer.body['sdp']).toMatch(/^m=video 0 [^]*^m=audio 9 [^]*^m=application 9 /m);
    expect((await server.api.delete('no-video')).status).toBe(200);
    const nothing = await server.api.offer(offer(withoutChannel(sdp).replace(/^m=audio[^]*/m, '')));
    record('offer with nothing but video in no codec of ours', inWords(nothing));
    expect(nothing).toMatchObject({ status: 400, body: { code: 'negotiation-failed' } });
    await server.idle();
  });

  it('answers what is not JSON by content type, unknown routes and unknown methods', async () => {
    const [server] = await started;
    for (const [input, answer, status, code] of [
      [
        'offer as text/plain',
        await server.api.offer('{}', { headers: { 'content-type': 'text/plain' } }),
        415,
        'unsupported-media-type',
      ],
      [
        'offer as a form',
        await server.api.offer('a=b', { headers: { 'content-type': 'application/x-www-form-urlencoded' } }),
        415,
        'unsupported-media-type',
      ],
      ['GET of the offer route', await server.api.get('v1/stream/webrtc/offer'), 404, 'not-found'],
      ['an unknown route', await server.api.get('v1/nothing'), 404, 'not-found'],
      ['a path that cannot be decoded', await server.api.get('v1/stream/sessions/%ZZ/status'), 400, 'malformed-request'],
    ] as const) {
      record(input, inWords(answer));
      expect(answer, input).toMatchObject({ status, body: { code } });
    }
  });

  it('answers requests about sessions that are not there', async () => {
    const [server] = await started;
    const unknown = await server.api.delete('nobody');
    record('DELETE of an unknown session', inWords(unknown));
    expect(unknown).toMatchObject({ status: 404, body: { code: 'session-not-found', detail: 'No session "nobody" is open.' } });
    const pathLike = await server.api.request('DELETE', 'v1/stream/webrtc/..%2F..%2Fetc%2Fpasswd');
    record('DELETE of "../../etc/passwd"', inWords(pathLike));
    expect(pathLike).toMatchObject({ status: 404, body: { code: 'session-not-found' } });
    const prototype = await server.api.delete('__proto__');
    record('DELETE of "__proto__"', inWords(prototype));
    expect(prototype).toMatchObject({ status: 404, body: { code: 'session-not-found' } });
    const status = await server.api.get('v1/stream/sessions/nobody/status');
    record('status of an unknown session', inWords(status));
    expect(status).toMatchObject({ status: 200, body: { session_id: 'nobody', status: 'unknown' } });
    const long = await server.api.get(`v1/stream/sessions/${'x'.repeat(300)}/status`);
    record('status of an id of 300 characters', `${inWords(long).slice(0, 60)}…`);
    expect(long).toMatchObject({ status: 400, body: { code: 'malformed-request' } });
  });

  it('refuses an id that is taken, and leaves the session that has it alone', async () => {
    const [server, other] = await started;
    await using client = await WeriftClient.connect(server.api, WATCH, {
      session_id: 'taken',
      script: [{ frames: PICTURE, repeat: 0 }],
    });
    const answer = await other.offer(server.api, { session_id: 'taken' });
    record('offer with the session_id of an open session', inWords(answer));
    expect(answer).toMatchObject({
      status: 409,
      body: { code: 'session-conflict', detail: 'A session "taken" is already open. Choose another session_id.' },
    });
    const before = client.video.packets.length;
    await waitFor('more video', () => client.video.packets.length > before + 10);
    expect(server.slotsInUse).toBe(1);
    expect((await server.api.delete('taken')).status).toBe(200);
    const again = await server.api.delete('taken');
    record('DELETE twice', `200 closed, then ${inWords(again)}`);
    expect(again).toMatchObject({ status: 404, body: { code: 'session-not-found' } });
    await server.idle();
  });

  it('refuses the 11th session with Retry-After, and serves one when a slot is free again', async () => {
    const [server, eleventh] = await started;
    const ids = Array.from({ length: 10 }, (_, index) => `slot-${index}`);
    await Promise.all(
      ids.map(async (session_id) => expect((await eleventh.offer(server.api, { session_id, ...PLAY })).status).toBe(200)),
    );
    const answer = await eleventh.offer(server.api);
    record('the 11th session', `${inWords(answer)} (Retry-After: ${answer.headers.get('retry-after')})`);
    expect(answer).toMatchObject({
      status: 503,
      body: { code: 'max-sessions', detail: 'All 10 sessions are taken. Try again later, or close a session first.' },
    });
    expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
    // Whatever is wrong with it, a request that no slot is free for costs nothing more.
    expect((await server.api.offer({})).status).toBe(503);
    await server.api.delete('slot-0');
    await expectGoodPush(server);
    expect((await Promise.all(ids.slice(1).map((id) => server.api.delete(id)))).map(({ status }) => status)).toEqual(
      Array.from({ length: 9 }, () => 200),
    );
    await server.idle();
  });

  it('gives everything back when the HTTP client goes away before its answer', async () => {
    const [server, client] = await started;
    for (let attempt = 0; attempt < 10; attempt += 1) {
      const { hostname, port } = new URL(server.api.url);
      const body = offer(client.offerSdp, { session_id: `abandoned-${attempt}` });
      const pending = httpRequest({
        hostname,
        port,
        method: 'POST',
        path: '/v1/stream/webrtc/offer',
        headers: { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) },
      });
      pending.on('error', () => undefined);
      pending.end(body);
      // Somewhere between the arrival of the request and its answer; each attempt a little later.
      await waitFor('the request to arrive', () => server.slotsInUse > 0 || pending.destroyed, 500).catch(() => undefined);
      pending.destroy();
    }
    await server.idle();
    // Some go before the session is built, some before the answer is written, some with the answer on its way.
    const reasons: string[] = [];
    for (let attempt = 0; attempt < 10; attempt += 1) {
      const { status, close_reason } = await server.api.status(`abandoned-${attempt}`);
      expect(status).toBe('unknown');
      reasons.push(close_reason ?? 'never opened');
    }
    for (const reason of reasons) expect(['never opened', 'offer_abandoned', 'connect_timeout']).toContain(reason);
    record(
      'HTTP client gone before its answer (10 times)',
      `every slot given back; close_reason ${[...new Set(reasons)].sort().join(', ')}`,
    );
    expect(server.slotsInUse).toBe(0);
  });

  it('keeps the slot of an abandoned offer until the pipeline has let go of it', async () => {
    const [, client] = await started;
    await using server = await TestServer.start(testPipeline('conversation'), {
      TELEFUSER_WEBRTC_MAX_SESSIONS: '1',
      TELEFUSER_PIPELINE_CALL_TIMEOUT_SECONDS: '2',
      TELEFUSER_PIPELINE_CLOSE_TIMEOUT_SECONDS: '0.5',
    });
    const abandoned = new AbortController();
    const hanging = fetch(new URL('/v1/stream/webrtc/offer', server.api.url), {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: offer(client.offerSdp, { config: { misbehave: { createSession: 'hang' } } }),
      signal: abandoned.signal,
    });
    await waitFor('the slot to be taken', () => server.slotsInUse === 1);
    abandoned.abort();
    await expect(hanging).rejects.toThrow(/abort/iu);
    const answer = await server.api.offer({});
    record('offer while an abandoned one still occupies the only slot', inWords(answer));
    expect(answer.status).toBe(503);
    await server.idle();
  });

  it('drops clients that speak no HTTP or stop half-way', async () => {
    const [server] = await started;
    const { hostname, port } = new URL(server.api.url);
    const socket = connect(Number(port), hostname);
    socket.end('this is no HTTP\r\n\r\n');
    const answer = await within('the answer', text(socket));
    record('bytes that are no HTTP', answer.split('\r\n')[0] ?? '');
    expect(answer).toMatch(/^HTTP\/1\.1 400 /);
    expect(answer).toContain('urn:telefuser:problem:malformed-request');
    const half = connect(Number(port), hostname);
    half.write(
      'POST /v1/stream/webrtc/offer HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 1000\r\n\r\n{"sdp"',
    );
    await waitFor('the connection', () => half.readyState === 'open');
    half.destroy();
    await server.idle();
  });

  it('still serves a good session afterwards', async () => {
    const [server] = await started;
    await expectGoodPush(server);
    await server.idle();
    expect(server.slotsInUse).toBe(0);
  });
});

/** The offer without its data-channel section. */
function withoutChannel(sdp: string): string {
  const [session = '', ...sections] = sdp.split(/(?=^m=)/m);
  return session.replace(/^a=group:.*\r\n/m, '') + sections.filter((section) => !section.startsWith('m=application')).join('');
}

describe('bad messages', () => {
  const started = TestServer.start(testPipeline('conversation'), { TELEFUSER_MAX_MESSAGE_BYTES: '65536' });
  afterAll(async () => {
    await (await started).close();
  });

  it.each<[string, string | Buffer, string, string]>([
    [
      'a message that is no JSON',
      '{"type":',
      'malformed-message',
      'The message is not JSON. Send a JSON text such as {"type":"control",…}, or binary.',
    ],
    [
      'a message of 65,537 bytes',
      JSON.stringify('x'.repeat(65_535)),
      'message-too-large',
      'The message has 65537 bytes; at most 65536 are taken.',
    ],
    [
      'a binary message of 100,000 bytes',
      Buffer.alloc(100_000),
      'message-too-large',
      'The message has 100000 bytes; at most 65536 are taken.',
    ],
    ['a message 33 levels deep', nested(33), 'message-too-deep', 'The message is nested deeper than 32 levels.'],
    ['a message 10,000 levels deep', nested(10_000), 'message-too-deep', 'The message is nested deeper than 32 levels.'],
  ])('answers %s with an error message', async (input, message, code, detail) => {
    const server = await started;
    await using client = await WeriftClient.connect(server.api, WATCH);
    const { sctp } = client.connection;
    // A client that does not care for the server's a=max-message-size.
    if (sctp !== null) sctp.remoteMaxMessageSize = 10_000_000;
    client.channel.send(message);
    const answer = await client.message('an error', ({ type }) => type === 'error');
    record(input, `message error ${answer.code}: ${answer.detail}`);
    expect(answer).toMatchObject({ session_id: client.sessionId, code, detail });
    client.send('still here');
    await client.message('an answer', ({ data }) => data?.['heard'] === 'still here');
    client.send({ type: 'stop' });
    await server.api.closeReason(client.sessionId);
    await server.idle();
  });

  it('answers an empty message with an error message', async () => {
    const server = await started;
    await using client = await WeriftClient.connect(server.api, WATCH);
    // RFC 8831 section 6.6: an empty text is a payload protocol of its own; werift's `send('')` sends nothing.
    const emptyText = 56;
    await client.connection.sctp?.sctp.send(client.channel.id, emptyText, Buffer.from([0]));
    const answer = await client.message('an error', ({ type }) => type === 'error');
    record('an empty message', `message error ${answer.code}: ${answer.detail}`);
    expect(answer.code).toBe('malformed-message');
    client.send({ type: 'stop' });
    await server.api.closeReason(client.sessionId);
    await server.idle();
  });

  it.each<[string, string | Buffer, unknown]>([
    ['a message with a __proto__ key', '{"__proto__":{"polluted":1},"x":1}', { x: 1 }],
    ['a binary message', Buffer.from([0, 1, 2]), { bytes: [0, 1, 2], length: 3 }],
    ['a stop inside a list', '[{"type":"stop"}]', [{ type: 'stop' }]],
    ['a message that looks like media', '{"type":"media","video_frames":[]}', { media: 'video' }],
  ])('hands %s to the pipeline', async (input, message, heard) => {
    const server = await started;
    await using client = await WeriftClient.connect(server.api, WATCH);
    client.channel.send(message);
    const answer = await client.message('what was heard', ({ data }) => data?.['heard'] !== undefined);
    record(input, `reaches the pipeline: ${JSON.stringify(answer.data?.['heard'])}`);
    expect(answer.data?.['heard']).toEqual(heard);
    client.send({ type: 'stop' });
    await server.api.closeReason(client.sessionId);
    await server.idle();
  });

  it('takes messages that were sent before the channel was open', async () => {
    const server = await started;
    await using client = await WeriftClient.prepare(WATCH);
    client.channel.stateChanged.subscribe((state) => {
      if (state === 'open') client.send('early bird');
    });
    await client.accept(await client.offer(server.api));
    await client.message('an answer', ({ data }) => data?.['heard'] === 'early bird');
    record('a message in the moment the channel opens', 'reaches the pipeline');
    client.send({ type: 'stop' });
    await server.api.closeReason(client.sessionId);
    await server.idle();
    expect(server.slotsInUse).toBe(0);
  });

  it('survives a flood of messages', async () => {
    const server = await started;
    await using client = await WeriftClient.connect(server.api, WATCH);
    // More than that at once, and werift's own congestion control needs a second for every thirty, on either side.
    const flood = 250;
    for (let count = 0; count < flood; count += 1) client.send({ count });
    await waitFor('every answer', () => client.messages.length >= flood, 15_000);
    expect(client.messages.map(({ data }) => data?.['heard'])).toEqual(Array.from({ length: flood }, (_, count) => ({ count })));
    record('250 messages at once', 'each reaches the pipeline, in order');
    client.send({ type: 'stop' });
    await server.api.closeReason(client.sessionId);
    await expectGoodTalk(server);
    await server.idle();
  });

  it('refuses an offer without a data channel', async () => {
    const server = await started;
    await using client = await WeriftClient.prepare({ ...WATCH, channels: [] });
    const answer = await client.offer(server.api);
    record('bidirectional: offer without a data channel', inWords(answer));
    expect(answer).toMatchObject({
      status: 400,
      body: {
        code: 'invalid-sdp',
        detail: 'The offer has no data channel. Call createDataChannel("telefuser") before createOffer().',
      },
    });
    await server.idle();
  });
});

describe('clients that break the protocols below', () => {
  it('cannot end the server with malformed SCTP, DCEP, RTP or RTCP', async () => {
    await using serving = await CommandProcess.serve(testPipeline('conversation'), { TELEFUSER_SECURITY_LEVEL: 'permissive' });
    const { command, api } = serving;
    const attack = async (input: string, options: ClientOptions, act: (client: WeriftClient) => Promise<void>): Promise<void> => {
      await using client = await WeriftClient.connect(api, options);
      await act(client);
      await expectGoodTalk({ api });
      expect(command.child.exitCode, command.stderr).toBeNull();
      const { status } = await api.status(client.sessionId);
      record(input, `dropped; the session stays ${status}`);
      await api.delete(client.sessionId);
    };
    await attack('SCTP packets of noise inside DTLS', WATCH, async ({ connection }) => {
      for (let size = 1; size < 200; size += 7) await connection.dtlsTransports[0]?.sendData(Buffer.alloc(size, size));
    });
    await attack('an acknowledgement of a channel that nobody opened (DCEP)', WATCH, async ({ connection }) => {
      const dcep = 50;
      await connection.sctp?.sctp.send(77, dcep, Buffer.from([2]));
    });
    await attack('a message of an unknown payload protocol', WATCH, async ({ connection, channel }) => {
      await connection.sctp?.sctp.send(channel.id, 99, Buffer.from('x'));
    });
    await attack('a truncated open message of a channel (DCEP)', WATCH, async ({ connection }) => {
      await connection.sctp?.sctp.send(79, 50, Buffer.from([3, 0]));
    });
    await attack('RTP with payloads of noise', { video: 'sendonly', audio: 'sendonly' }, async (client) => {
      for (let frame = 0; frame < 60; frame += 1) {
        await client.sendMedia('audio', Buffer.alloc(40, frame * 7), frame * 960);
        await client.sendMedia(
          'video',
          Buffer.concat([Buffer.from([0, 0, 0, 1, 0x65]), Buffer.alloc(200 + frame, frame * 13)]),
          frame * 3000,
        );
      }
    });
    await attack('UDP datagrams of noise', WATCH, async ({ connection }) => {
      const [transport] = connection.iceTransports;
      for (let size = 1; size < 200; size += 11) await transport?.connection.send(Buffer.alloc(size, size));
    });
    await api.noSessions();
  });
});

describe('pipelines that misbehave', () => {
  const started = Promise.all([
    TestServer.start(testPipeline('server-push'), { TELEFUSER_PIPELINE_CLOSE_TIMEOUT_SECONDS: '0.5' }),
    TestServer.start(testPipeline('conversation'), {
      TELEFUSER_PIPELINE_CLOSE_TIMEOUT_SECONDS: '0.5',
      TELEFUSER_PIPELINE_CALL_TIMEOUT_SECONDS: '0.5',
    }),
  ]);
  afterAll(async () => {
    for (const server of await started) await server.close();
  });

  /** The errors a client hears, and how its session ends. */
  const inShort = (messages: readonly ChannelMessage[], reason: string): string => {
    const errors = messages.flatMap(({ error, code, detail }) =>
      error === undefined ? (code === undefined ? [] : [`${code}: ${detail}`]) : [`chunk error: ${error}`],
    );
    return [
      ...new Set(errors),
      ...messages.filter(({ type }) => type === 'done').map(({ total_chunks }) => `done with total_chunks ${total_chunks}`),
      `close_reason ${reason}`,
    ].join('; ');
  };

  const good = { frames: PICTURE } as const;
  it.each<[string, object, string, RegExp | undefined, number]>([
    ['serve() throws', { serve: 'throw' }, 'pipeline_failed', /^serve cannot$/, 0],
    ['serve() returns a number', { serve: 'not-iterable' }, 'pipeline_failed', /nothing that can be iterated/, 0],
    ['the generator throws at once', { script: [{ throw: 'no model' }] }, 'pipeline_failed', /^no model$/, 0],
    [
      'the generator throws after two chunks',
      { script: [{ ...good, repeat: 2 }, { throw: 'out of memory' }] },
      'pipeline_failed',
      /^out of memory$/,
      2,
    ],
    [
      'yields null between good chunks',
      { script: [good, { garbage: null }, good] },
      'completed',
      /^a chunk must be an object, not null$/,
      2,
    ],
    ['yields a text', { script: [good, { garbage: 'frames' }, good] }, 'completed', /not string/, 2],
    ['yields a list', { script: [good, { garbage: [] }, good] }, 'completed', /not an array/, 2],
    [
      'yields frames that are no list',
      { script: [good, { garbage: { frames_b64: 7 } }, good] },
      'completed',
      /frames_b64 must be an array/,
      2,
    ],
    [
      'yields bad base64',
      { script: [good, { garbage: { frames_b64: ['%%%'] } }, good] },
      'completed',
      /frames_b64\[0\] is not base64/,
      2,
    ],
    [
      'yields audio of odd length',
      { script: [good, { garbage: { audio_b64: 'AAAA' } }, good] },
      'completed',
      /no multiple of 2/,
      2,
    ],
    ['yields fps 0', { script: [good, { garbage: { fps: 0 } }, good] }, 'completed', /fps must be a number from 1 to 240/, 2],
    [
      'yields 2,000 frames in a chunk',
      { script: [good, { garbage: { frames_b64: Array.from({ length: 2000 }, () => 'AA==') } }, good] },
      'completed',
      /holds 2000 frames/,
      2,
    ],
    [
      'yields an undecodable JPEG among good ones',
      { script: [good, { frames: { ...PICTURE, format: 'undecodable' } }, good] },
      'completed',
      /./,
      3,
    ],
    ['throws in its clean-up', { script: [{ throw: 'first' }], in_return: 'throw' }, 'pipeline_failed', /./, 0],
  ])('server push: %s', async (input, fields, expectedReason, error, chunks) => {
    const [server] = await started;
    await using client = await WeriftClient.connect(server.api, WATCH, fields as Record<string, unknown>);
    const done = await client.message('done', ({ type }) => type === 'done');
    const reason = await server.api.closeReason(client.sessionId);
    record(`server push: ${input}`, inShort(client.messages, reason));
    expect(reason).toBe(expectedReason);
    expect(done.total_chunks).toBe(chunks);
    if (error !== undefined) expect(client.messages.find((message) => message.error !== undefined)?.error).toMatch(error);
    await expectGoodPush(server);
    await server.idle();
  });

  it('server push: never yields', async () => {
    const [server] = await started;
    await using client = await WeriftClient.connect(server.api, WATCH, { script: [{ hang: true }] });
    expect(await server.api.status(client.sessionId)).toMatchObject({ status: 'active', state: 'live' });
    await expectGoodPush(server);
    const began = performance.now();
    expect((await server.api.delete(client.sessionId)).status).toBe(200);
    expect(performance.now() - began).toBeLessThan(2500);
    record(
      'server push: never yields',
      'the session stays live and its tracks silent; DELETE closes it within the close timeout',
    );
    await server.idle();
  });

  it('server push: hangs in its clean-up', async () => {
    const [server] = await started;
    await using client = await WeriftClient.connect(server.api, WATCH, { script: [{ ...good, repeat: 0 }], in_return: 'hang' });
    await waitFor('video', () => client.video.packets.length > 0);
    const began = performance.now();
    expect((await server.api.delete(client.sessionId)).status).toBe(200);
    expect(performance.now() - began).toBeLessThan(2500);
    record('server push: hangs in its clean-up', '200 closed after the close timeout; slot given back');
    await expectGoodPush(server);
    await server.idle();
  });

  it('server push: yields garbage without end', async () => {
    const [server] = await started;
    await using client = await WeriftClient.connect(server.api, WATCH, { script: [{ garbage: 7, repeat: 0 }] });
    await client.message('an error', ({ error }) => error !== undefined);
    await expectGoodPush(server);
    expect((await server.api.delete(client.sessionId)).status).toBe(200);
    record('server push: yields garbage without end', inShort(client.messages.slice(0, 1), 'client_delete'));
    // One sentence is not worth saying thousands of times.
    expect(client.messages.length).toBeLessThan(200);
    await server.idle();
  });

  it('server push: yields metadata without end', async () => {
    const [server] = await started;
    await using client = await WeriftClient.connect(server.api, WATCH, {
      script: [{ fields: { note: 'x'.repeat(100) }, repeat: 0 }],
    });
    await client.message('a chunk', ({ type }) => type === 'chunk');
    await expectGoodPush(server);
    expect((await server.api.delete(client.sessionId)).status).toBe(200);
    record('server push: yields metadata without end', 'what the channel cannot take is dropped; DELETE closes the session');
    await server.idle();
  });

  it.each<[string, object, number, string, RegExp]>([
    ['createSession throws', { createSession: 'throw' }, 400, 'session-refused', /^createSession cannot$/],
    ['createSession throws a conflict', { createSession: 'conflict' }, 409, 'session-conflict', /^the GPU is taken$/],
    ['createSession hangs', { createSession: 'hang' }, 503, 'service-not-running', /did not open the session within 0\.5 s/],
  ])('bidirectional: %s', async (input, misbehave, status, code, detail) => {
    const [, server] = await started;
    await using client = await WeriftClient.prepare(WATCH);
    const answer = await client.offer(server.api, { config: { misbehave } });
    record(`bidirectional: ${input}`, inWords(answer));
    expect(answer).toMatchObject({ status, body: { code } });
    expect(answer.body['detail']).toMatch(detail);
    expect(server.slotsInUse).toBe(0);
    await expectGoodTalk(server);
    await server.idle();
  });

  it('bidirectional: createSession gives its session an id that no URL can carry', async () => {
    const [, server] = await started;
    await using client = await WeriftClient.prepare(WATCH);
    const answer = await client.offer(server.api, { config: { call_it: 'a/b c' } });
    record('bidirectional: createSession returns "a/b c"', inWords(answer));
    expect(answer).toMatchObject({ status: 400, body: { code: 'session-refused' } });
    await expectGoodTalk(server);
    await server.idle();
  });

  it('bidirectional: pushChunk throws', async () => {
    const [, server] = await started;
    await using client = await WeriftClient.connect(server.api, WATCH, { config: { misbehave: { pushChunk: 'throw' } } });
    client.send({ type: 'control' });
    const error = await client.message('an error', ({ type }) => type === 'error');
    expect(error).toMatchObject({ code: 'push-failed', detail: 'pushChunk cannot' });
    expect(await server.api.status(client.sessionId)).toMatchObject({ status: 'active', state: 'live' });
    client.send({ type: 'stop' });
    record('bidirectional: pushChunk throws', inShort(client.messages, await server.api.closeReason(client.sessionId)));
    await expectGoodTalk(server);
    await server.idle();
  });

  it('bidirectional: pullChunks throws', async () => {
    const [, server] = await started;
    await using client = await WeriftClient.connect(server.api, WATCH, { config: { misbehave: { pullChunks: 'throw' } } });
    await client.message('done', ({ type }) => type === 'done');
    const reason = await server.api.closeReason(client.sessionId);
    record('bidirectional: pullChunks throws', inShort(client.messages, reason));
    expect(reason).toBe('pipeline_failed');
    expect(client.messages[0]?.error).toBe('pullChunks cannot');
    await expectGoodTalk(server);
    await server.idle();
  });

  it.each(['throw', 'hang'])('bidirectional: closeSession does %s', async (how) => {
    const [, server] = await started;
    await using client = await WeriftClient.connect(server.api, WATCH, { config: { misbehave: { closeSession: how } } });
    const answer = await server.api.delete(client.sessionId);
    record(`bidirectional: closeSession does ${how}`, inWords(answer).replace(client.sessionId, '…'));
    expect(answer).toMatchObject({ status: 200, body: { status: 'closed' } });
    await expectGoodTalk(server);
    await server.idle();
  });
});

describe('pipelines that take their process with them', () => {
  it.each([
    ['server push: process.exit()', 'server-push', { script: [{ frames: PICTURE }, { exit: 7 }] }],
    ['bidirectional: process.exit()', 'conversation', { script: [{ exit: 7 }] }],
  ] as const)('%s closes its sessions, and offers are refused with the reason', async (input, pipeline, fields) => {
    await using server = await TestServer.start(testPipeline(pipeline));
    await using client = await WeriftClient.connect(server.api, WATCH, fields);
    const reason = await server.api.closeReason(client.sessionId);
    expect(reason).toBe('pipeline_crashed');
    const said = client.messages.find(({ error }) => error !== undefined)?.error;
    expect(said).toMatch(/exit code 7/);
    await using next = await WeriftClient.prepare(WATCH);
    const answer = await next.offer(server.api);
    record(input, `chunk error: ${said}; close_reason ${reason}; the next offer: ${inWords(answer)}`);
    expect(answer).toMatchObject({ status: 503, body: { code: 'service-not-running' } });
    expect(answer.body['detail']).toMatch(/exit code 7/);
    expect((await server.api.get('readyz')).status).toBe(503);
    expect((await server.api.get('livez')).status).toBe(200);
    await server.idle();
  });

  it.each([
    [
      'getService() throws',
      `export const getService = () => { throw new Error('no licence'); };`,
      /getService\(\) threw: no licence/,
    ],
    [
      'start() throws',
      `export const getService = () => ({ start() { throw new Error('no GPU'); }, *serve() {} });`,
      /start\(\) threw: no GPU/,
    ],
    [
      'start() never returns',
      `export const getService = () => ({ start: () => new Promise(() => setInterval(() => {}, 1000)), *serve() {} });`,
      /start\(\) did not return within 1 s/,
    ],
  ])('%s: offers are refused with the reason', async (input, source, expected) => {
    await using pipeline = await TemporaryPipeline.write(source);
    await using server = await TestServer.listen(pipeline.path, { TELEFUSER_PIPELINE_START_TIMEOUT_SECONDS: '1' });
    await expect(within('the start to fail', server.server.pipelineStarted)).rejects.toThrow(expected);
    await using client = await WeriftClient.prepare(WATCH);
    const answer = await client.offer(server.api);
    record(input, inWords(answer));
    expect(answer).toMatchObject({ status: 503, body: { code: 'service-not-running' } });
    expect(answer.body['detail']).toMatch(expected);
    expect(answer.headers.get('retry-after')).not.toBeNull();
    await server.idle();
  });

  it.each([
    ['stop() throws', `export const getService = () => ({ stop() { throw new Error('cannot'); }, *serve() {} });`],
    [
      'stop() hangs',
      `export const getService = () => ({ stop: () => new Promise(() => setInterval(() => {}, 1000)), *serve() {} });`,
    ],
  ])('%s: the server closes all the same', async (input, source) => {
    await using pipeline = await TemporaryPipeline.write(source);
    const server = await TestServer.start(pipeline.path, { TELEFUSER_PIPELINE_CLOSE_TIMEOUT_SECONDS: '0.5' });
    await server.idle();
    const began = performance.now();
    await server.close();
    const ms = performance.now() - began;
    record(input, 'the server closes within the close timeout');
    expect(ms).toBeLessThan(3000);
  });
});
