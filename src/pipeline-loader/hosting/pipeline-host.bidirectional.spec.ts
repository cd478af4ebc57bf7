import { describe, expect, it, vi } from 'vitest';
import type { Chunk } from '../../common/index.js';
import { collect, collectLog, fieldsOf, printed, start } from './pipeline-host.testing.js';
import { PipelineFailedError, SessionConflictError, SessionRefusedError } from '../pipeline.errors.js';

collectLog();

describe('a bidirectional pipeline', () => {
  it('hears messages of every kind in their order and answers', async () => {
    const { host } = await start('talk.mjs');
    const run = await host.open('s', {});
    const chunks = run.chunks()[Symbol.asyncIterator]();
    const sent = [{ type: 'control', key: 'ArrowUp' }, [1, 2], 'text', 7, null];
    for (const message of sent) run.push(message);
    run.push(Uint8Array.of(9, 8));
    run.pushMedia({ kind: 'video', pictures: [{ kind: 'raw', format: 'RGB24', width: 2, height: 1, data: new Uint8Array(6) }] });
    run.pushMedia({ kind: 'audio', audio: { data: new Uint8Array(8), sampleRate: 48_000, channels: 2 } });
    const heard: unknown[] = [];
    while (heard.length < 8) heard.push((await chunks.next()).value?.metadata['data']);
    expect(heard).toEqual([
      ...sent.map((message) => ({ message })),
      { bytes: [9, 8] },
      { video: [['RGB24', 2, 1, 6]] },
      { sound: [8, 48_000, 2] },
    ]);
    await run.close();
  });

  it('is closed in order: the generator’s clean-up, then closeSession, once each', async () => {
    const { host } = await start('talk.mjs');
    const run = await host.open('s', {});
    const first = run.chunks()[Symbol.asyncIterator]();
    run.push('hello');
    await first.next();
    await Promise.all([run.close(), run.close(), first.return?.()]);
    await run.close();
    const reporter = await host.open('reporter', { act: 'log' });
    const { value } = await reporter.chunks()[Symbol.asyncIterator]().next();
    expect(value?.metadata['log']).toEqual(['create s', 'close s', 'generator of s ended', 'create reporter']);
    await reporter.close();
  });

  it('may name its session itself', async () => {
    const { host } = await start('talk.mjs');
    const run = await host.open('asked', { act: 'own-id' });
    expect(run.sessionId).toBe('chosen');
    await expect(host.open('chosen', {})).rejects.toBeInstanceOf(SessionConflictError);
    // A second session under the same name must not close the first one's.
    await expect(host.open('other', { act: 'own-id' })).rejects.toBeInstanceOf(SessionConflictError);
    const chunks = run.chunks()[Symbol.asyncIterator]();
    run.push('still here');
    expect((await chunks.next()).done).toBe(false);
    await run.close();
  });

  it.each([
    ['refuse', SessionRefusedError, 'no such scene'],
    ['conflict', SessionConflictError, 'the GPU is taken'],
    ['bad-id', SessionRefusedError, 'createSession returned a number, not a session id'],
  ])('refuses a session by %s, and the id is free again', async (act, Refusal, message) => {
    const { host } = await start('talk.mjs');
    await expect(host.open('s', { act })).rejects.toThrow(new Refusal(message));
    await (await host.open('s', {})).close();
  });

  it('names a control in the first chunk whose making began after it was pushed', async () => {
    const { host } = await start('talk.mjs');
    const run = await host.open('s', {});
    const chunks = run.chunks()[Symbol.asyncIterator]();
    const next = async (): Promise<Chunk> => (await chunks.next()).value ?? Promise.reject(new Error('the run ended'));
    run.push('first');
    await next();
    const pushedMs = performance.now();
    // The generator waits for this one already: whether its answer reflects it, only the pipeline can know.
    run.push({ id: 7 }, '7');
    const answer = await next();
    expect(answer.metadata).toEqual({ data: { message: { id: 7 } } });
    expect(answer.appliedControls).toBeUndefined();
    run.push('next');
    const { appliedControls, pushedAtMs, yieldedAtMs } = await next();
    expect(appliedControls).toEqual(['7']);
    const times = [pushedMs, pushedAtMs?.[0] ?? Number.NaN, yieldedAtMs ?? Number.NaN, performance.now()];
    expect(times).toEqual(times.toSorted((a, b) => a - b));
    run.push('last');
    expect((await next()).appliedControls).toBeUndefined();
    await run.close();
  });

  it('names a control where the pipeline says so, and nowhere else', async () => {
    const { host } = await start('talk.mjs');
    const run = await host.open('s', { act: 'names-controls' });
    const chunks = run.chunks()[Symbol.asyncIterator]();
    run.push({ id: 'a' }, 'a');
    run.push({ id: 'b', quiet: true }, 'b');
    run.push('last');
    const named = [];
    for (let count = 0; count < 3; count += 1) named.push((await chunks.next()).value?.appliedControls);
    expect(named).toEqual([['a'], undefined, undefined]);
    await run.close();
  });

  it('that does not answer createSession is given up', async () => {
    const { host } = await start('talk.mjs', { callTimeoutMs: 200, closeTimeoutMs: 200 });
    await expect(host.open('s', { act: 'hang' })).rejects.toThrow('did not open the session within 0.2 s');
    await (await host.open('t', {})).close();
  });

  it('closes a session that is made after its opening was aborted', async () => {
    const { host } = await start('talk.mjs');
    const abort = new AbortController();
    const opening = host.open('s', { act: 'slow' }, abort.signal);
    abort.abort(new Error('the client left'));
    await expect(opening).rejects.toThrow('the client left');
    await vi.waitFor(
      async () => {
        const reporter = await host.open('reporter', { act: 'log' });
        const { value } = await reporter.chunks()[Symbol.asyncIterator]().next();
        await reporter.close();
        expect(value?.metadata['log']).toContain('close s');
      },
      { timeout: 5000 },
    );
  });

  it.each([
    ['throw-in-push', 'cannot take it'],
    ['reject-in-push', 'cannot take it later'],
  ])('that does %s is reported and goes on', async (act, message) => {
    const { host } = await start('talk.mjs');
    const run = await host.open('s', { act });
    const problems: string[] = [];
    run.onPushError((problem) => problems.push(problem));
    run.push({ type: 'control' });
    run.push({ type: 'control' });
    await vi.waitFor(() => expect(problems).toEqual([message, message]));
    await run.close();
  });

  it.each([
    ['throw-in-pull', 'the pipeline failed: Error: the model is broken'],
    ['throw-in-push', 'pushChunk threw: Error: cannot take it'],
  ])('logs what it throws with its stack (%s)', async (act, text) => {
    const { host } = await start('talk.mjs');
    const run = await host.open('s', { act });
    run.push({ hello: true });
    const ended = collect(run).catch((error: unknown) => error);
    await vi.waitFor(() => expect(printed.find((line) => line.includes(text))).toContain('talk.mjs:'));
    expect(fieldsOf.get(printed.find((line) => line.includes(text)) ?? '')).toEqual({ session_id: 's' });
    await run.close();
    await ended;
  });

  it('that throws in pullChunks fails its run', async () => {
    const { host } = await start('talk.mjs');
    const run = await host.open('s', { act: 'throw-in-pull' });
    await expect(collect(run)).rejects.toThrow(new PipelineFailedError('the model is broken'));
    await run.close();
  });

  it('that throws in closeSession is closed all the same', async () => {
    const { host } = await start('talk.mjs');
    const run = await host.open('s', { act: 'throw-in-close' });
    await run.close();
    expect(printed.join()).toContain('closeSession threw: cannot close');
    await (await host.open('s', {})).close();
  });

  it('drops messages and media, with a word, when it does not read', async () => {
    const { host } = await start('talk.mjs');
    const run = await host.open('s', {});
    const problems: string[] = [];
    run.onPushError((problem) => problems.push(problem));
    process.kill(host.pid!, 'SIGSTOP');
    const text = 'x'.repeat(200_000);
    for (let i = 0; i < 100; i += 1) run.push(text);
    const frame = { kind: 'raw', format: 'RGB24', width: 640, height: 480, data: new Uint8Array(640 * 480 * 3) } as const;
    expect(run.pushMedia({ kind: 'video', pictures: [frame] })).toBe(false);
    expect(problems.length).toBeGreaterThan(50);
    expect(problems[0]).toBe('the pipeline does not keep up with its messages; this one was dropped');
    expect(host.pendingBytes).toBeLessThan(9 * 1024 * 1024);
    process.kill(host.pid!, 'SIGCONT');
    await run.close();
  });

  it('is not handed a message that is too large for the pipe', async () => {
    const { host } = await start('talk.mjs');
    const run = await host.open('s', {});
    const problems: string[] = [];
    run.onPushError((problem) => problems.push(problem));
    run.push('x'.repeat(64 * 1024 * 1024));
    expect(problems[0]).toContain('cannot be handed to the pipeline');
    await run.close();
  });
});
