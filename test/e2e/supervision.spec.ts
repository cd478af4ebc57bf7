import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { describe, expect, it } from 'vitest';

import type { ApiClient, Schemas } from '../support/api-client.ts';
import { waitFor } from '../support/condition.ts';
import { CommandProcess, isRunning, shippedPipeline, TemporaryPipeline, testPipeline, TestServer } from '../support/server.ts';
import { WATCH, WeriftClient } from '../support/werift-client.ts';

/** Pictures without end, 25 a second. */
const PICTURES = [
  { frames: { count: 1, format: 'I420', width: 64, height: 48, colour: [90, 20, 20], fps: 25 }, repeat: 0, everyMs: 40 },
];
/** Of the acceptance: a client hears within this that its pipeline is gone. */
const TOLD_WITHIN_MS = 2000;

async function workersOf(server: { readonly api: ApiClient }): Promise<readonly Schemas['WorkerDto'][]> {
  return (await server.api.metadata()).workers;
}

async function watch(server: TestServer, fields: object = {}): Promise<WeriftClient> {
  const client = await WeriftClient.connect(server.api, WATCH, { script: PICTURES, ...fields });
  await waitFor('pictures', () => client.video.accessUnits().length > 5);
  return client;
}

describe('a process of the pipeline', () => {
  it.each([
    ['is killed', async (server: TestServer) => process.kill(server.pipelinePid ?? 0, 'SIGKILL'), 'was ended by SIGKILL'],
    ['is suspended', async (server: TestServer) => process.kill(server.pipelinePid ?? 0, 'SIGSTOP'), 'was suspended by a signal'],
    [
      'takes too much memory',
      async (_: TestServer, [client]: readonly WeriftClient[]) => client!.send({ script: [{ allocate: 1024 }] }),
      'of memory, more than its limit of 400 MiB',
    ],
  ])('that %s is followed by the next one, and its four clients are told within two seconds', async (_, strike, cause) => {
    await using server = await TestServer.start(testPipeline('conversation'), {
      TELEFUSER_PIPELINE_MEMORY_LIMIT_MIB: '400',
      TELEFUSER_WEBRTC_DONE_GRACE_SECONDS: '1',
    });
    const clients = await Promise.all(Array.from({ length: 4 }, () => watch(server)));
    const pid = server.pipelinePid!;
    // The one that takes memory must be free to hear of it.
    if (cause.includes('memory')) clients[0] = await replaced(server, clients[0]!);
    const struckAtMs = performance.now();
    await strike(server, clients);
    // Memory is taken step by step; what counts is the time from the end of the process.
    let endedAtMs = struckAtMs;
    if (cause.includes('memory')) {
      await waitFor('the end of the process', () => !isRunning(pid));
      endedAtMs = performance.now();
    }
    const told = await Promise.all(
      clients.map(async (client) => {
        const message = await client.message('closed', ({ type }) => type === 'closed', 5000);
        return { reason: message['reason'], ms: performance.now() - endedAtMs };
      }),
    );
    expect(told.map(({ reason }) => reason)).toEqual(Array(4).fill('pipeline_crashed'));
    const slowestMs = Math.max(...told.map(({ ms }) => ms));
    console.info(`${cause}: four clients were told after at most ${slowestMs.toFixed(0)} ms`);
    expect(slowestMs).toBeLessThan(TOLD_WITHIN_MS);
    for (const client of clients) {
      expect(client.messages.find(({ type, error }) => type === 'chunk' && typeof error === 'string')?.['error']).toContain(
        cause,
      );
      await client.close();
    }

    await waitFor('the next process', async () => (await server.api.get('readyz')).status === 200);
    expect(isRunning(pid)).toBe(false);
    expect(await workersOf(server)).toMatchObject([{ state: 'ready', restarts: 1, sessions: 0 }]);
    await using next = await watch(server);
    await next.close();
    await server.idle();
    const children = await readFile(`/proc/self/task/${process.pid}/children`, 'utf8');
    expect(children.split(' ').map(Number)).toContain(server.pipelinePid);
    expect(children.split(' ').map(Number)).not.toContain(pid);
  });

  it('that hangs is followed by the next one', async () => {
    await using server = await TestServer.start(testPipeline('conversation'), { TELEFUSER_PIPELINE_HANG_TIMEOUT_SECONDS: '1' });
    await using client = await WeriftClient.connect(server.api, WATCH);
    client.send({ script: [{ spin: 60_000 }] });
    expect(await server.api.closeReason(client.sessionId)).toBe('pipeline_crashed');
    const closed = await client.message('the cause', ({ type, error }) => type === 'chunk' && error !== undefined);
    expect(closed['error']).toContain('did not answer for 1 s');
    await waitFor('the next process', async () => (await server.api.get('readyz')).status === 200);
  });

  it('that is busy for less than the time is left alone', async () => {
    await using server = await TestServer.start(testPipeline('conversation'), { TELEFUSER_PIPELINE_HANG_TIMEOUT_SECONDS: '3' });
    await using client = await WeriftClient.connect(server.api, WATCH);
    client.send({ script: [{ spin: 1500 }, { fields: { survived: true } }] });
    await client.message('an answer', ({ data }) => (data as { survived?: boolean } | undefined)?.survived === true);
    expect(await workersOf(server)).toMatchObject([{ restarts: 0 }]);
  });

  it('leaves no scratch folder behind, neither when it is killed nor when the server ends', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'telefuser-test-'));
    try {
      await using serving = await CommandProcess.serve(shippedPipeline('test-pattern'), {
        TELEFUSER_SECURITY_LEVEL: 'standard',
        TMPDIR: folder,
      });
      const [first] = await readdir(folder);
      expect(first).toMatch(/^telefuser-scratch-/);
      const [worker] = await workersOf(serving);
      process.kill(worker!.pid!, 'SIGKILL');
      await waitFor('the next process', async () => (await workersOf(serving))[0]?.restarts === 1);
      await waitFor('its readiness', async () => (await serving.api.get('readyz')).status === 200);
      const [second, ...more] = await readdir(folder);
      expect(second).not.toBe(first);
      expect(more).toEqual([]);
      serving.command.child.kill('SIGTERM');
      expect(await serving.command.exitCode()).toBe(0);
      expect(await readdir(folder)).toEqual([]);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });

  it('that ends again and again is given up, and the health says why', async () => {
    await using server = await TestServer.start(testPipeline('conversation'), {
      TELEFUSER_PIPELINE_MAX_FAILURES: '3',
      TELEFUSER_PIPELINE_RESTART_DELAY_SECONDS: '0.05',
    });
    for (let failure = 1; failure <= 3; failure += 1) {
      await waitFor('the process', async () => (await workersOf(server))[0]?.state === 'ready');
      process.kill(server.pipelinePid!, 'SIGKILL');
      await waitFor('its end', async () => (await workersOf(server))[0]?.state !== 'ready');
    }
    await waitFor('the end of all tries', async () => (await workersOf(server))[0]?.state === 'failed');
    const health = await server.api.get('v1/service/health');
    expect(health).toMatchObject({ status: 200, body: { status: 'unhealthy', stream_ready: false } });
    expect(health.body['reason']).toContain('down after 3 failures in a row; the last:');
    expect(health.body['reason']).toContain('SIGKILL');
    await using client = await WeriftClient.prepare(WATCH);
    expect(await client.offer(server.api)).toMatchObject({ status: 503, body: { code: 'service-not-running' } });
  });
});

/** Closes a client that watches and opens one that only talks. */
async function replaced(server: TestServer, old: WeriftClient): Promise<WeriftClient> {
  await old.close();
  return WeriftClient.connect(server.api, WATCH);
}

describe('several processes', () => {
  it('share the sessions, and the end of one costs the others no picture', async () => {
    await using server = await TestServer.start(testPipeline('conversation'), { TELEFUSER_PIPELINE_WORKERS: '3' });
    await waitFor('all processes', async () => (await workersOf(server)).every(({ state }) => state === 'ready'));
    const clients: WeriftClient[] = [];
    for (let count = 0; count < 6; count += 1) clients.push(await watch(server));
    const before = await workersOf(server);
    expect(before.map(({ sessions }) => sessions)).toEqual([2, 2, 2]);
    expect(new Set(before.map(({ pid }) => pid)).size).toBe(3);
    const usage = await waitFor('usage', async () =>
      (await workersOf(server)).find(({ cpu_seconds }) => cpu_seconds !== undefined),
    );
    expect(usage.resident_bytes).toBeGreaterThan(20_000_000);
    expect(usage.cpu_seconds).toBeGreaterThan(0);

    const indices = clients.map((client) => client.video.accessUnits().length);
    process.kill(before[1]!.pid!, 'SIGKILL');
    const closed = await Promise.all(
      clients.map((client) =>
        Promise.race([
          client.message('closed', ({ type }) => type === 'closed', 10_000).then(() => true),
          waitFor(
            'two more seconds of pictures',
            () => client.video.accessUnits().length >= (indices[clients.indexOf(client)] ?? 0) + 50,
          ).then(() => false),
        ]),
      ),
    );
    expect(closed.filter(Boolean)).toHaveLength(2);
    for (const [index, client] of clients.entries()) {
      if (closed[index] !== true) {
        // Every picture that was made has come: their media times follow each other by a frame or, after a wait, by more, and never go back.
        const stamps = client.video.accessUnits().map(({ timestamp }) => timestamp);
        expect(stamps.every((stamp, position) => position === 0 || stamp > stamps[position - 1]!)).toBe(true);
      }
      await client.close();
    }
    await waitFor('all processes again', async () => (await workersOf(server)).every(({ state }) => state === 'ready'));
    expect((await workersOf(server)).map(({ restarts }) => restarts)).toEqual([0, 1, 0]);
    await server.idle();
  });

  it('take as many sessions as the pipeline says, and the next offer is refused at once', async () => {
    await using pipeline = await TemporaryPipeline.write(
      `export const getService = () => ({
        maxSessions: 1,
        createSession: (config) => config.session_id,
        pushChunk() {}, closeSession() {},
        async *pullChunks() { yield { hello: true }; await new Promise(() => undefined); },
      });`,
    );
    await using server = await TestServer.start(pipeline.path, { TELEFUSER_PIPELINE_WORKERS: '2' });
    await waitFor('both processes', async () => (await workersOf(server)).every(({ state }) => state === 'ready'));
    await using first = await WeriftClient.connect(server.api, WATCH);
    await using second = await WeriftClient.connect(server.api, WATCH);
    await using third = await WeriftClient.prepare(WATCH);
    const askedAtMs = performance.now();
    const refused = await third.offer(server.api);
    expect(performance.now() - askedAtMs).toBeLessThan(1000);
    expect(refused).toMatchObject({ status: 503, body: { code: 'pipeline-busy', type: 'urn:telefuser:problem:pipeline-busy' } });
    expect(refused.headers.get('retry-after')).toBe('5');
    await first.close();
    await waitFor('the first to be gone', async () => (await server.api.activeSessions()) === 1);
    await using fourth = await WeriftClient.connect(server.api, WATCH);
    expect(await server.api.activeSessions()).toBe(2);
    await Promise.all([second.close(), fourth.close()]);
    await server.idle();
  });
});
