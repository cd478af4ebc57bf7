import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline/promises';
import { fileURLToPath } from 'node:url';
import { Logger } from '@nestjs/common';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Chunk } from '../../common/index.js';
import type { HostCommand } from './host-process.js';
import { PipelineHost, type PipelineHostOptions } from './pipeline-host.js';
import {
  PipelineCrashedError,
  PipelineFailedError,
  PipelineUnavailableError,
  SessionConflictError,
  SessionRefusedError,
} from '../pipeline.errors.js';
import type { PipelineRun } from '../pipeline-run.js';

// These specs start the compiled host (`dist`), because Node cannot run the server's own TypeScript.
const fixture = (name: string): string => fileURLToPath(new URL(`../fixtures/${name}`, import.meta.url));

/** The Node host without a sandbox. */
function nodeHost(environment: Readonly<Record<string, string>> = {}): HostCommand {
  const main = fileURLToPath(new URL('../../../dist/pipeline-loader/node-host/main.js', import.meta.url));
  return { command: process.execPath, args: [main], environment };
}

const hosts: PipelineHost[] = [];
const printed: string[] = [];
/** The fields of a line, by its text. */
const fieldsOf = new Map<string, unknown>();

beforeEach(() => {
  printed.length = 0;
  for (const method of ['log', 'warn', 'error', 'debug'] as const) {
    vi.spyOn(Logger.prototype, method).mockImplementation((text: unknown, fields: unknown) => {
      printed.push(String(text));
      fieldsOf.set(String(text), fields);
    });
  }
});

afterEach(async () => {
  await Promise.all(hosts.splice(0).map((host) => host.stop()));
  vi.restoreAllMocks();
});

interface StartedHost {
  readonly host: PipelineHost;
  /** How the process ended, when it has. */
  readonly exit: Promise<string>;
}

async function start(name: string, options: Partial<PipelineHostOptions> = {}): Promise<StartedHost> {
  const { promise: exit, resolve } = Promise.withResolvers<string>();
  const host = new PipelineHost(
    {
      name: 'Pipeline',
      command: nodeHost(),
      file: fixture(name),
      gpuNum: 2,
      options: { size: 'small' },
      hangTimeoutMs: 10_000,
      memoryLimitBytes: 1024 ** 3,
      startTimeoutMs: 8000,
      callTimeoutMs: 2000,
      closeTimeoutMs: 2000,
      ...options,
    },
    resolve,
  );
  hosts.push(host);
  await host.started();
  return { host, exit };
}

async function collect(run: PipelineRun): Promise<Chunk[]> {
  const chunks: Chunk[] = [];
  for await (const chunk of run.chunks()) chunks.push(chunk);
  return chunks;
}

async function collectAct(host: PipelineHost, act: string, more: object = {}): Promise<Chunk[]> {
  const run = await host.open(`session-${act}`, { act, ...more });
  try {
    return await collect(run);
  } finally {
    await run.close();
  }
}

/** Ended, and not yet asked for how by the process that it fell to: that may take a while, and is not ours. */
function isZombie(pid: number): boolean {
  try {
    return /^\d+ \(.*\) Z/su.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
}

function isAlive(pid: number | undefined): boolean {
  if (pid === undefined) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

describe('a server-push pipeline', () => {
  it('is served from the first chunk to the end', async () => {
    const { host } = await start('push.mjs');
    expect(await host.started()).toMatchObject({ mode: 'server_push', defaultFps: 12 });
    const chunks = await collectAct(host, 'good', { count: 5 });
    expect(chunks.map((chunk) => [chunk.index, chunk.metadata['note'], chunk.pictures.length])).toEqual(
      Array.from({ length: 5 }, (_, index) => [index, `chunk ${index}`, 1]),
    );
    expect(printed).toContain('gpus: 2');
  });

  it('runs nothing before the first chunk is pulled', async () => {
    const { host } = await start('push.mjs');
    const run = await host.open('s', { act: 'counted', count: 3 });
    expect(await collectAct(host, 'events')).toMatchObject([{ metadata: { events: [] } }]);
    await run.close();
  });

  it('is held at its yield by a consumer that does not consume', async () => {
    const { host } = await start('push.mjs');
    const run = await host.open('s', { act: 'counted', count: 1_000_000 });
    const chunks = run.chunks()[Symbol.asyncIterator]();
    await chunks.next();
    await chunks.next();
    // One in hand, and at most the credit of two ahead of it.
    const [report] = await collectAct(host, 'events');
    expect((report!.metadata['events'] as number[]).length).toBeLessThanOrEqual(4);
    await run.close();
  });

  it('is cleaned up when its run is closed', async () => {
    const { host } = await start('push.mjs');
    const run = await host.open('s', { act: 'cleaned' });
    for await (const chunk of run.chunks()) {
      if (chunk.index === 5) break;
    }
    await run.close();
    expect(await collectAct(host, 'events')).toMatchObject([{ metadata: { events: ['returned'] } }]);
  });

  it('is cleaned up even while it works on a chunk', async () => {
    const { host } = await start('push.mjs');
    const run = await host.open('s', { act: 'cleaned-while-pending' });
    const chunks = run.chunks()[Symbol.asyncIterator]();
    await chunks.next();
    const pending = chunks.next();
    await run.close();
    expect(await pending).toEqual({ done: true, value: undefined });
    expect(await collectAct(host, 'events')).toMatchObject([{ metadata: { events: ['returned'] } }]);
  });

  it('is given up when its generator hangs, within the close timeout', async () => {
    const { host } = await start('push.mjs', { closeTimeoutMs: 300 });
    const run = await host.open('s', { act: 'stuck' });
    const chunks = run.chunks()[Symbol.asyncIterator]();
    await chunks.next();
    const pending = chunks.next();
    const began = performance.now();
    await run.close();
    expect(performance.now() - began).toBeLessThan(1500);
    expect(await pending).toEqual({ done: true, value: undefined });
    expect(printed.join()).toContain('the generator did not end in time');
    expect(await collectAct(host, 'good')).toHaveLength(3);
  });

  it.each([
    ['throw-in-serve', 'serve is broken', 0],
    ['throw-late', 'out of memory', 1],
    ['nothing', 'the pipeline returned nothing that can be iterated; write an async generator (async *)', 0],
  ])('that does %s fails its run with the reason and goes on', async (act, message, chunksBefore) => {
    const { host } = await start('push.mjs');
    const run = await host.open('s', { act });
    const chunks: Chunk[] = [];
    const failure = (async () => {
      for await (const chunk of run.chunks()) chunks.push(chunk);
    })();
    await expect(failure).rejects.toThrow(new PipelineFailedError(message));
    expect(chunks).toHaveLength(chunksBefore);
    await run.close();
    expect(await collectAct(host, 'good')).toHaveLength(3);
  });

  it('may yield garbage: it is reported and skipped', async () => {
    const { host } = await start('push.mjs');
    const run = await host.open('s', { act: 'garbage' });
    const problems: string[] = [];
    run.onChunkError((problem) => problems.push(problem));
    expect((await collect(run)).map((chunk) => chunk.index)).toEqual([7]);
    expect(problems).toEqual([
      'a chunk must be an object, not string',
      'a chunk must be an object, not null',
      'frames_b64[0] is not base64',
      'fps must be a number from 1 to 240',
    ]);
    await run.close();
  });

  it('may yield bytes that are no picture: that is the decoder’s to find', async () => {
    const { host } = await start('push.mjs');
    expect((await collectAct(host, 'undecodable')).map((chunk) => [...chunk.pictures[0]!.data])).toEqual([[1, 2, 3]]);
  });

  it('may reuse its buffer', async () => {
    const { host } = await start('push.mjs');
    const chunks = await collectAct(host, 'reused');
    for (const chunk of chunks) expect(chunk.pictures[0]!.data.every((byte) => byte === chunk.index)).toBe(true);
    expect(chunks).toHaveLength(8);
  });

  it('may print: lines reach the log and not the protocol', async () => {
    const { host } = await start('push.mjs');
    expect(await collectAct(host, 'print')).toHaveLength(1);
    await vi.waitFor(() =>
      expect(printed).toEqual(expect.arrayContaining(['printed on stdout', 'printed on stderr', `${'x'.repeat(2000)}…`])),
    );
    // What is said by `console` is said for the session; a line on stdout does not say for whom it was.
    expect(fieldsOf.get('printed on stdout')).toEqual({ session_id: expect.any(String) as string });
    expect(fieldsOf.get(`${'x'.repeat(2000)}…`)).toBeUndefined();
  });

  it('sees the environment it was given and nothing else', async () => {
    const { host } = await start('push.mjs', { command: nodeHost({ VIDEO_PATH: 'film.mp4' }) });
    expect((await collectAct(host, 'environment'))[0]!.metadata).toEqual({ environment: ['VIDEO_PATH'], videoPath: 'film.mp4' });
  });

  it('refuses a second session of the same id while the first one lives', async () => {
    const { host } = await start('push.mjs');
    const run = await host.open('same', { act: 'cleaned' });
    await expect(host.open('same', {})).rejects.toBeInstanceOf(SessionConflictError);
    await run.close();
    expect(await collect(await host.open('same', { count: 1 }))).toHaveLength(1);
  });

  it('has chunks that can be consumed only once', async () => {
    const { host } = await start('push.mjs');
    const run = await host.open('s', {});
    await collect(run);
    expect(() => run.chunks()[Symbol.asyncIterator]()).toThrow('only once');
  });

  it('ignores messages and media', async () => {
    const { host } = await start('push.mjs');
    const run = await host.open('s', {});
    run.push({ type: 'control' });
    expect(run.pushMedia({ kind: 'audio', audio: { data: new Uint8Array(4), sampleRate: 48_000, channels: 2 } })).toBe(false);
    expect(await collect(run)).toHaveLength(3);
  });
});

describe('a pipeline whose process goes', () => {
  it.each([
    ['exit', "the pipeline's process ended with exit code 3"],
    ['uncaught', "the pipeline's process ended with exit code 1 after an error nobody caught: nobody catches this"],
    ['rejected', "the pipeline's process ended with exit code 1 after an error nobody caught: nobody awaits this"],
    ['break-protocol', "the pipeline's process broke the host protocol: a message header of 4294967295 bytes"],
  ])('by %s ends every run with the reason', async (act, cause) => {
    const { host, exit } = await start('push.mjs');
    const other = collect(await host.open('other', { act: 'never' }));
    const run = collect(await host.open('s', { act }));
    const error = new PipelineCrashedError(cause);
    await Promise.all([expect(run).rejects.toThrow(error), expect(other).rejects.toThrow(error)]);
    expect(await exit).toBe(cause);
    expect(isAlive(host.pid)).toBe(false);
    await expect(host.open('later', {})).rejects.toBeInstanceOf(PipelineUnavailableError);
  });

  it('by a signal says so', async () => {
    const { host, exit } = await start('push.mjs');
    process.kill(host.pid!, 'SIGKILL');
    expect(await exit).toBe("the pipeline's process was ended by SIGKILL");
  });
});

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

describe('stopping', () => {
  it('runs the service’s stop and leaves no process', async () => {
    const { host, exit } = await start('push.mjs');
    const run = collect(await host.open('s', { act: 'cleaned-while-pending' }));
    await host.stop();
    expect(await exit).toBe("the pipeline's process ended with exit code 0");
    expect(isAlive(host.pid)).toBe(false);
    await run.catch((error: unknown) => expect(error).toBeInstanceOf(PipelineCrashedError));
    await vi.waitFor(() => expect(printed).toContain('stopped in good order'));
    await host.stop();
  });

  it.each(['stop-hangs', 'blocks'])('ends a pipeline whose stop %s', async (variant) => {
    const { host } = await start('starts.mjs', { command: nodeHost({ VARIANT: variant }), closeTimeoutMs: 200 });
    await host.stop();
    expect(isAlive(host.pid)).toBe(false);
  });

  it('happens at once when the server dies without a word', async () => {
    const entry = new URL('../../../dist/pipeline-loader/hosting/pipeline-host.js', import.meta.url).href;
    const options = {
      name: 'Pipeline',
      command: nodeHost(),
      file: fixture('push.mjs'),
      gpuNum: 1,
      options: {},
      hangTimeoutMs: 10_000,
      memoryLimitBytes: 1024 ** 3,
      startTimeoutMs: 8000,
      callTimeoutMs: 1000,
      closeTimeoutMs: 1000,
    };
    const script = `const { PipelineHost } = await import(${JSON.stringify(entry)});
      const host = new PipelineHost(${JSON.stringify(options)}, () => undefined);
      await host.started();
      console.log('pid', host.pid);`;
    const server = spawn(process.execPath, ['--input-type=module', '--eval', script], { stdio: ['ignore', 'pipe', 'inherit'] });
    let pid = 0;
    for await (const line of createInterface({ input: server.stdout })) {
      pid = Number(/^pid (\d+)$/.exec(line)?.[1] ?? 0);
      if (pid > 0) break;
    }
    expect(isAlive(pid)).toBe(true);
    const gone = once(server, 'exit');
    server.kill('SIGKILL');
    await gone;
    await vi.waitFor(() => expect(isAlive(pid) && !isZombie(pid)).toBe(false), { timeout: 5000 });
  });
});
