import { afterAll, describe, expect, it } from 'vitest';

import { AnswerTable, inWords } from '../support/answer-table.ts';
import { waitFor, within } from '../support/condition.ts';
import { expectGoodPush, expectGoodTalk, PICTURE } from '../support/good-session.ts';
import { TemporaryPipeline, testPipeline, TestServer } from '../support/server.ts';
import { WATCH, WeriftClient, type ChannelMessage } from '../support/werift-client.ts';

const table = new AnswerTable();

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
    table.record(`server push: ${input}`, inShort(client.messages, reason));
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
    table.record(
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
    table.record('server push: hangs in its clean-up', '200 closed after the close timeout; slot given back');
    await expectGoodPush(server);
    await server.idle();
  });

  it('server push: yields garbage without end', async () => {
    const [server] = await started;
    await using client = await WeriftClient.connect(server.api, WATCH, { script: [{ garbage: 7, repeat: 0 }] });
    await client.message('an error', ({ error }) => error !== undefined);
    await expectGoodPush(server);
    expect((await server.api.delete(client.sessionId)).status).toBe(200);
    table.record('server push: yields garbage without end', inShort(client.messages.slice(0, 1), 'client_delete'));
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
    table.record(
      'server push: yields metadata without end',
      'what the channel cannot take is dropped; DELETE closes the session',
    );
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
    table.record(`bidirectional: ${input}`, inWords(answer));
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
    table.record('bidirectional: createSession returns "a/b c"', inWords(answer));
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
    table.record('bidirectional: pushChunk throws', inShort(client.messages, await server.api.closeReason(client.sessionId)));
    await expectGoodTalk(server);
    await server.idle();
  });

  it('bidirectional: pullChunks throws', async () => {
    const [, server] = await started;
    await using client = await WeriftClient.connect(server.api, WATCH, { config: { misbehave: { pullChunks: 'throw' } } });
    await client.message('done', ({ type }) => type === 'done');
    const reason = await server.api.closeReason(client.sessionId);
    table.record('bidirectional: pullChunks throws', inShort(client.messages, reason));
    expect(reason).toBe('pipeline_failed');
    expect(client.messages[0]?.error).toBe('pullChunks cannot');
    await expectGoodTalk(server);
    await server.idle();
  });

  it.each(['throw', 'hang'])('bidirectional: closeSession does %s', async (how) => {
    const [, server] = await started;
    await using client = await WeriftClient.connect(server.api, WATCH, { config: { misbehave: { closeSession: how } } });
    const answer = await server.api.delete(client.sessionId);
    table.record(`bidirectional: closeSession does ${how}`, inWords(answer).replace(client.sessionId, '…'));
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
    table.record(input, `chunk error: ${said}; close_reason ${reason}; the next offer: ${inWords(answer)}`);
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
    table.record(input, inWords(answer));
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
    table.record(input, 'the server closes within the close timeout');
    expect(ms).toBeLessThan(3000);
  });
});
