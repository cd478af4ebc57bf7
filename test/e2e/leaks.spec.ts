import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { request } from 'node:http';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { HEAP_FLAGS } from '#server/heap-flags.js';

import { ApiClient } from '../support/api-client.ts';
import { bareEnvironment } from '../support/bare-environment.ts';
import { waitFor, within } from '../support/condition.ts';
import type { Holdings } from '../support/probed-server.ts';
import { testPipeline } from '../support/server.ts';
import { WATCH, WeriftClient } from '../support/werift-client.ts';

/** More with `LEAK_SESSIONS=1000`. */
const SESSIONS = Number(process.env['LEAK_SESSIONS'] ?? 200);
const AT_ONCE = 6;
/** Memory is compared from here on; the sessions before pay for what is made once. */
const WARM_AFTER = 50;
const MAX_MEMORY_GROWTH = 0.15;
/** It takes a fifth of that on a machine that has nothing else to do. */
const DEADLINE_MS = SESSIONS * 1000;
/** For what takes a few seconds. */
const WAIT_MS = 40_000;
/** Kinds of resources that sessions come and go with. */
const TRANSIENT = ['UDPWrap', 'TCPSocketWrap', 'Timeout', 'Immediate'] as const;

const MEDIA = [
  {
    frames: { count: 1, format: 'I420', width: 64, height: 48, colour: [90, 20, 20] },
    audio: { ms: 40, sampleRate: 48_000, channels: 1 },
    repeat: 3,
  },
];

const PIPELINES = {
  Node: testPipeline('conversation'),
  Python: fileURLToPath(new URL('../pipelines/python/many_sessions.py', import.meta.url)),
};

let child: ChildProcess;
let api: ApiClient;

async function start(pipeline: string): Promise<void> {
  child = fork(fileURLToPath(new URL('../support/probed-server.ts', import.meta.url)), [pipeline], {
    execArgv: ['--expose-gc', ...HEAP_FLAGS],
    env: {
      ...bareEnvironment(),
      TELEFUSER_HOST: '127.0.0.1',
      TELEFUSER_PORT: '0',
      TELEFUSER_LOG_LEVEL: 'error',
      // Whoever waits asks often.
      TELEFUSER_RATE_LIMIT: '0',
      TELEFUSER_SECURITY_LEVEL: 'permissive',
      TELEFUSER_PYTHON: '/usr/bin/python3',
      TELEFUSER_WEBRTC_MAX_SESSIONS: '50',
      TELEFUSER_WEBRTC_CONNECT_TIMEOUT_SECONDS: '4',
      TELEFUSER_WEBRTC_DATA_CHANNEL_TIMEOUT_SECONDS: '5',
      TELEFUSER_WEBRTC_DISCONNECTED_GRACE_SECONDS: '0.2',
      TELEFUSER_WEBRTC_DONE_GRACE_SECONDS: '0.1',
      TELEFUSER_PIPELINE_CLOSE_TIMEOUT_SECONDS: '1',
    },
  });
  const [message] = (await within('the server', once(child, 'message'), WAIT_MS)) as [{ url: string }];
  api = new ApiClient(message.url);
}

async function stop(): Promise<void> {
  if (child.exitCode !== null) return;
  child.disconnect();
  await within('the server to end', once(child, 'exit'));
}

/** What the kernel says of a process. */
interface KernelHoldings {
  readonly descriptors: number;
  readonly threads: number;
  readonly rssBytes: number;
}

async function kernelHoldings(pid: number): Promise<KernelHoldings> {
  const [descriptors, status] = await Promise.all([
    readdir(join('/proc', String(pid), 'fd')),
    readFile(`/proc/${pid}/status`, 'utf8'),
  ]);
  const field = (name: string): number => Number(new RegExp(`^${name}:\\s+(\\d+)`, 'mu').exec(status)?.[1]);
  return { descriptors: descriptors.length, threads: field('Threads'), rssBytes: field('VmRSS') * 1024 };
}

async function hostPid(): Promise<number> {
  const children = (await readFile(`/proc/${child.pid}/task/${child.pid}/children`, 'utf8')).split(' ').filter(Boolean);
  expect(children).toHaveLength(1);
  return Number(children[0]);
}

/** Waits until the host's threads and descriptors are no more than before: a session's thread ends a moment after its session. */
async function settledHost(allowed?: KernelHoldings): Promise<KernelHoldings> {
  const pid = await hostPid();
  let last = await kernelHoldings(pid);
  if (allowed === undefined) return last;
  return waitFor(
    () => `the host to give back what it holds: ${JSON.stringify(last)}, before ${JSON.stringify(allowed)}`,
    async () => {
      last = await kernelHoldings(pid);
      return last.descriptors <= allowed.descriptors && last.threads <= allowed.threads && last;
    },
    WAIT_MS,
  );
}

async function probe(): Promise<Holdings> {
  const answer = once(child, 'message');
  child.send('probe');
  return ((await within('an answer of the server', answer)) as [Holdings])[0];
}

/**
 * Waits until the server holds no more than `allowed` (closed sockets, and connections that are kept alive for a while, go late) and has given
 * memory back since `releases`.
 */
async function settle(allowed: Holdings['resources'], releases = -1): Promise<Holdings> {
  await api.noSessions(WAIT_MS);
  let last: Holdings | undefined;
  return waitFor(
    () =>
      `resources to go, and memory to be given back (${last?.releases} times); held: ${JSON.stringify(last?.resources)}, allowed: ${JSON.stringify(allowed)}, codecs: ${JSON.stringify(last?.codecs)}`,
    async () => {
      last = await probe();
      const { resources, codecs } = last;
      const held = TRANSIENT.filter((name) => (resources[name] ?? 0) > (allowed[name] ?? 0));
      return last.releases > releases && held.length === 0 && Object.values(codecs).every((count) => count === 0) && last;
    },
    WAIT_MS,
  );
}

type Life = (id: string) => Promise<void>;

async function withClient(id: string, fields: object, act: (client: WeriftClient) => Promise<void>): Promise<void> {
  await using client = await WeriftClient.connect(api, WATCH, { session_id: id, script: MEDIA, ...fields });
  await waitFor('media', () => client.video.packets.length > 0);
  await act(client);
}

/** Every way in which a session begins and ends. */
const LIVES: Readonly<Record<string, Life>> = {
  DELETE: (id) => withClient(id, {}, async () => expect((await api.delete(id)).status).toBe(200)),
  'stop on the channel': (id) =>
    withClient(id, {}, async (client) => {
      client.send({ type: 'stop' });
      expect(await api.closeReason(id)).toBe('client_stop');
    }),
  'client leaves': (id) => withClient(id, {}, (client) => client.close()),
  'channel closed': (id) =>
    withClient(id, {}, async (client) => {
      client.channel.close();
      expect(await api.closeReason(id)).toBe('channel_closed');
    }),
  // Waited for, so that as many sessions have media at once at the end as at the beginning, and memory compares like with like.
  'client vanishes': (id) =>
    withClient(id, { script: [{ ...MEDIA[0], repeat: 0, everyMs: 40 }] }, async (client) => {
      await client.vanish();
      expect(await api.closeReason(id, WAIT_MS)).toBe('disconnected');
    }),
  'killed before its answer arrives': async (id) => {
    await using client = await WeriftClient.prepare(WATCH);
    expect((await client.offer(api, { session_id: id })).status).toBe(200);
    await client.vanish();
  },
  'killed in its DTLS handshake': async (id) => {
    await using client = await WeriftClient.prepare(WATCH);
    const answer = await client.offer(api, { session_id: id });
    await client.connection.setRemoteDescription({ type: 'answer', sdp: answer.body['sdp'] as string });
    await waitFor('the handshake', () =>
      client.connection.dtlsTransports.some(({ state }) => state === 'connecting' || state === 'connected'),
    );
    await client.vanish();
  },
  'refused by the pipeline': async (id) => {
    await using client = await WeriftClient.prepare(WATCH);
    expect((await client.offer(api, { session_id: id, config: { misbehave: { createSession: 'throw' } } })).status).toBe(400);
  },
  'HTTP request aborted': async (id) => {
    await using client = await WeriftClient.prepare(WATCH);
    const body = JSON.stringify({ sdp: client.offerSdp, task: 'test', session_id: id });
    const post = request(new URL('v1/stream/webrtc/offer', api.url), {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) },
    });
    const { promise: closed, resolve } = Promise.withResolvers<void>();
    post.on('error', () => undefined).on('close', resolve);
    post.end(body, () => setTimeout(() => post.destroy(), Number(id.split('-')[1]) % 12));
    await within('the end of the request', closed);
  },
  completed: (id) =>
    withClient(id, { misbehave: { pullChunks: 'end' } }, async () => {
      expect(await api.closeReason(id)).toBe('completed');
    }),
};

async function live(from: number, to: number): Promise<void> {
  const lives = Object.entries(LIVES);
  let next = from;
  const worker = async (): Promise<void> => {
    while (next < to) {
      const number = next++;
      const [name, life] = lives[number % lives.length] ?? ['', async () => undefined];
      await life(`leak-${number}`).catch((error: unknown) => {
        throw new Error(`session ${number} (${name}) failed`, { cause: error });
      });
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
}

describe.each(Object.entries(PIPELINES))('with a pipeline in %s', (language, pipeline) => {
  beforeAll(() => start(pipeline));
  afterAll(() => stop());

  it(
    `server and host hold nothing of ${SESSIONS} sessions that are over, however they ended`,
    async () => {
      const { resources: fresh, releases } = await settle({});
      await live(0, WARM_AFTER);
      const warm = await settle(fresh, releases);
      const [warmServer, warmHost] = [await kernelHoldings(child.pid!), await settledHost()];
      await live(WARM_AFTER, SESSIONS);
      const end = await settle(fresh, warm.releases);
      const endHost = await settledHost(warmHost);
      const endServer = await kernelHoldings(child.pid!);

      expect(end.resources['UDPWrap'] ?? 0).toBe(0);
      expect(end.resources['Timeout'] ?? 0).toBeLessThanOrEqual(fresh['Timeout'] ?? 0);
      expect(Object.values(end.codecs)).toEqual(Object.values(end.codecs).map(() => 0));
      expect(Object.keys(end.codecs).sort()).toEqual(['OpusEncoder', 'PictureDecoder', 'VideoEncoder']);
      expect(endServer.descriptors).toBeLessThanOrEqual(warmServer.descriptors);
      expect(endServer.threads).toBeLessThanOrEqual(warmServer.threads);
      const growth = end.rssBytes / warm.rssBytes - 1;
      const hostGrowth = endHost.rssBytes / warmHost.rssBytes - 1;
      const inMiB = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(0)} MiB`;
      console.info(
        `${language}: after ${WARM_AFTER} and ${SESSIONS} sessions: server ${inMiB(warm.rssBytes)}, ${inMiB(end.rssBytes)} (${(growth * 100).toFixed(1)} %), ` +
          `heap ${inMiB(warm.heapBytes)}, ${inMiB(end.heapBytes)}, descriptors ${warmServer.descriptors}, ${endServer.descriptors}, threads ${warmServer.threads}, ${endServer.threads}; ` +
          `host ${inMiB(warmHost.rssBytes)}, ${inMiB(endHost.rssBytes)} (${(hostGrowth * 100).toFixed(1)} %), descriptors ${warmHost.descriptors}, ${endHost.descriptors}, ` +
          `threads ${warmHost.threads}, ${endHost.threads}; resources ${JSON.stringify(end.resources)}`,
      );
      expect(growth).toBeLessThan(MAX_MEMORY_GROWTH);
      expect(hostGrowth).toBeLessThan(MAX_MEMORY_GROWTH);
    },
    DEADLINE_MS,
  );
});
