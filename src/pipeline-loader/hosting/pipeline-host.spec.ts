import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline/promises';
import { describe, expect, it, vi } from 'vitest';
import type { Chunk } from '../../common/index.js';
import type { PipelineHost } from './pipeline-host.js';
import { collect, collectLog, fieldsOf, fixture, nodeHost, printed, start } from './pipeline-host.testing.js';
import { PipelineCrashedError, PipelineFailedError, PipelineUnavailableError, SessionConflictError } from '../pipeline.errors.js';

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

collectLog();

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
