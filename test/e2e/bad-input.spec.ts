import { request as httpRequest } from 'node:http';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';

import { afterAll, describe, expect, it } from 'vitest';

import { AnswerTable, inWords } from '../support/answer-table.ts';
import { waitFor, within } from '../support/condition.ts';
import { expectGoodPush, PICTURE, PLAY } from '../support/good-session.ts';
import { nested } from '../support/nested-json.ts';
import { testPipeline, TestServer } from '../support/server.ts';
import { WATCH, WeriftClient } from '../support/werift-client.ts';

const table = new AnswerTable();

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
    table.record(`offer with ${input}`, inWords(answer));
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
    table.record('offer with no video codec of ours', `${answer.status}: an answer with m=video 0, m=audio 9, m=application 9`);
    expect(answer.status).toBe(200);
    expect(answer.body['sdp']).toMatch(/^m=video 0 [^]*^m=audio 9 [^]*^m=application 9 /m);
    expect((await server.api.delete('no-video')).status).toBe(200);
    const nothing = await server.api.offer(offer(withoutChannel(sdp).replace(/^m=audio[^]*/m, '')));
    table.record('offer with nothing but video in no codec of ours', inWords(nothing));
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
      table.record(input, inWords(answer));
      expect(answer, input).toMatchObject({ status, body: { code } });
    }
  });

  it('answers requests about sessions that are not there', async () => {
    const [server] = await started;
    const unknown = await server.api.delete('nobody');
    table.record('DELETE of an unknown session', inWords(unknown));
    expect(unknown).toMatchObject({ status: 404, body: { code: 'session-not-found', detail: 'No session "nobody" is open.' } });
    const pathLike = await server.api.request('DELETE', 'v1/stream/webrtc/..%2F..%2Fetc%2Fpasswd');
    table.record('DELETE of "../../etc/passwd"', inWords(pathLike));
    expect(pathLike).toMatchObject({ status: 404, body: { code: 'session-not-found' } });
    const prototype = await server.api.delete('__proto__');
    table.record('DELETE of "__proto__"', inWords(prototype));
    expect(prototype).toMatchObject({ status: 404, body: { code: 'session-not-found' } });
    const status = await server.api.get('v1/stream/sessions/nobody/status');
    table.record('status of an unknown session', inWords(status));
    expect(status).toMatchObject({ status: 200, body: { session_id: 'nobody', status: 'unknown' } });
    const long = await server.api.get(`v1/stream/sessions/${'x'.repeat(300)}/status`);
    table.record('status of an id of 300 characters', `${inWords(long).slice(0, 60)}…`);
    expect(long).toMatchObject({ status: 400, body: { code: 'malformed-request' } });
  });

  it('refuses an id that is taken, and leaves the session that has it alone', async () => {
    const [server, other] = await started;
    await using client = await WeriftClient.connect(server.api, WATCH, {
      session_id: 'taken',
      script: [{ frames: PICTURE, repeat: 0 }],
    });
    const answer = await other.offer(server.api, { session_id: 'taken' });
    table.record('offer with the session_id of an open session', inWords(answer));
    expect(answer).toMatchObject({
      status: 409,
      body: { code: 'session-conflict', detail: 'A session "taken" is already open. Choose another session_id.' },
    });
    const before = client.video.packets.length;
    await waitFor('more video', () => client.video.packets.length > before + 10);
    expect(server.slotsInUse).toBe(1);
    expect((await server.api.delete('taken')).status).toBe(200);
    const again = await server.api.delete('taken');
    table.record('DELETE twice', `200 closed, then ${inWords(again)}`);
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
    table.record('the 11th session', `${inWords(answer)} (Retry-After: ${answer.headers.get('retry-after')})`);
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
    table.record(
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
    table.record('offer while an abandoned one still occupies the only slot', inWords(answer));
    expect(answer.status).toBe(503);
    await server.idle();
  });

  it('drops clients that speak no HTTP or stop half-way', async () => {
    const [server] = await started;
    const { hostname, port } = new URL(server.api.url);
    const socket = connect(Number(port), hostname);
    socket.end('this is no HTTP\r\n\r\n');
    const answer = await within('the answer', text(socket));
    table.record('bytes that are no HTTP', answer.split('\r\n')[0] ?? '');
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
