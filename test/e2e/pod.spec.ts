import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { text } from 'node:stream/consumers';
import { connect } from 'node:tls';

import { afterEach, describe, expect, it } from 'vitest';

import { ApiClient } from '../support/api-client.ts';
import { waitFor } from '../support/condition.ts';
import { Container, withoutContainers } from '../support/container.ts';
import { freePort } from '../support/free-port.ts';
import { renderChart } from '../support/helm.ts';
import { imageOf } from '../support/image.ts';
import { FakeKubelet } from '../support/kubelet.ts';
import { workloadOf } from '../support/manifest.ts';
import { containerOf, probesOf, type Cluster } from '../support/pod.ts';
import { skipReason } from '../support/skip-reason.ts';
import { WATCH, WeriftClient } from '../support/werift-client.ts';

const LOOPBACK = '127.0.0.1';
/** Certificates for localhost. */
const CERTIFICATES = new URL('../fixtures/tls/', import.meta.url);
const KEY = `tfk_pods1_${randomBytes(32).toString('base64url')}`;
const KEYS = JSON.stringify([
  {
    id: 'pods1',
    sha256: createHash('sha256').update(KEY).digest('hex'),
    tenant: 'tests',
    scopes: ['stream:create', 'stream:read', 'stream:close'],
  },
]);
const CLUSTER: Cluster = { podIp: LOOPBACK, nodeIp: LOOPBACK, secrets: { 'stream-api-keys': { 'keys.json': KEYS } } };
/** Probes come twenty times as often as in a cluster. */
const HASTE = 20;

const running: AsyncDisposable[] = [];

afterEach(async () => {
  for (const one of running.splice(0).toReversed()) await one[Symbol.asyncDispose]();
});

/** A pod of the chart with these values, on ports that are free here, and what its kubelet sees. */
async function startPod(values: Readonly<Record<string, unknown>>, cluster: Cluster) {
  const [port, management] = [await freePort(), await freePort()];
  const all = { 'http.port': port, 'management.port': management, ...values };
  const manifests = await renderChart(
    Object.entries(all).flatMap(([name, value]) => ['--set-json', `${name}=${JSON.stringify(value)}`]),
  );
  const container = await Container.start(containerOf(manifests, imageOf('server'), cluster));
  running.push(container);
  const probes = probesOf(workloadOf(manifests), HASTE);
  const kubelet = new FakeKubelet(`http://${LOOPBACK}:${probes.port}`, probes.pod).begin();
  running.push(kubelet);
  await kubelet.decided('started', 'ready').catch((error: unknown) => {
    throw new Error(`${container.log}\n${String(error)}`);
  });
  return { container, kubelet, port, management: new ApiClient(`http://${LOOPBACK}:${management}/`) };
}

/** A line of /proc/<pid>/status. */
async function statusOf(pid: number, field: string): Promise<string | undefined> {
  return new RegExp(`^${field}:\\s+(.*)$`, 'mu').exec(await readFile(`/proc/${pid}/status`, 'utf8'))?.[1];
}

async function expectRestricted(pid: number): Promise<void> {
  expect(await statusOf(pid, 'Uid')).toBe('10001\t10001\t10001\t10001');
  for (const set of ['CapInh', 'CapPrm', 'CapEff', 'CapBnd', 'CapAmb']) {
    expect(await statusOf(pid, set), set).toBe('0000000000000000');
  }
  expect(await statusOf(pid, 'NoNewPrivs')).toBe('1');
}

/** Where the file system of a process can be written, but for devices and /proc. */
async function writablePlaces(pid: number): Promise<string[]> {
  const mounts = (await readFile(`/proc/${pid}/mountinfo`, 'utf8')).trim().split('\n');
  const places = mounts.map((line) => line.split(' ')).filter(([, , , , , options]) => options?.split(',').includes('rw'));
  return places.map(([, , , , place = '']) => place).filter((place) => !/^\/(?:dev|proc)(?:\/|$)/u.test(place));
}

describe.skipIf(withoutContainers !== undefined)(`the pod of the chart${skipReason(withoutContainers)}`, () => {
  it('starts as another user without a capability on a file system that is read-only, is probed, and plays to who has a key', async () => {
    const { container, kubelet, port, management } = await startPod(
      { 'media.mode': 'hostPorts', 'auth.apiKeys.existingSecret': 'stream-api-keys' },
      CLUSTER,
    );
    const pid = await container.pid();
    await expectRestricted(pid);
    expect(await writablePlaces(pid)).toEqual([]);
    // What the ServiceMonitor asks for.
    expect((await management.get('metrics')).body['text']).toMatch(/^telefuser_sessions_active\{/mu);

    const stranger = new ApiClient(`http://${LOOPBACK}:${port}/`);
    await using refused = await WeriftClient.prepare(WATCH);
    expect((await refused.offer(stranger, {})).status).toBe(401);
    const owner = new ApiClient(stranger.url, KEY);
    await using viewer = await WeriftClient.connect(owner, WATCH, {});
    await waitFor('pictures', () => viewer.video.packets.length > 20);
    // What runs the pipeline is confined further: it has the seccomp filter of its level.
    const [child = ''] = (await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8')).split(' ');
    expect(await statusOf(Number(child), 'Seccomp')).toBe('2');

    expect((await owner.delete(viewer.sessionId)).status).toBe(200);
    await owner.noSessions();
    expect(await container.stop()).toBe(0);
    expect(kubelet.decisions).not.toContain('kill');
  });

  it('writes only into its volumes where the level of the pipeline needs a scratch folder, and speaks HTTPS with its own certificate', async () => {
    const [certificate, key] = await Promise.all(
      ['one.crt', 'one.key'].map((name) => readFile(new URL(name, CERTIFICATES), 'utf8')),
    );
    const tls = { 'tls.crt': certificate ?? '', 'tls.key': key ?? '' };
    const { container, port } = await startPod(
      {
        'media.turn': { servers: [`turn:${LOOPBACK}:3478`], secret: 'a-secret-of-the-turn-server' },
        'auth.mode': 'none',
        'tls.existingSecret': 'stream-tls',
        'pipeline.path': 'pipelines/video-replay',
        'pipeline.securityLevel': 'standard',
      },
      { ...CLUSTER, secrets: { 'stream-tls': tls } },
    );
    const pid = await container.pid();
    await expectRestricted(pid);
    expect(await writablePlaces(pid)).toEqual(['/tmp']);
    const socket = connect({ host: LOOPBACK, port, servername: 'localhost', ca: tls['tls.crt'] });
    await once(socket, 'secureConnect');
    socket.end('GET /livez HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n');
    expect(await text(socket)).toMatch(/^HTTP\/1\.1 200 OK\r\n/u);
    expect(await container.stop()).toBe(0);
  });
});
