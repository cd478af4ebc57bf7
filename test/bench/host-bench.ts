/**
 * Measures the way from a Python pipeline to the browser: the CPU of raw pictures against JPEG, and how soon a control arrives.
 *
 *     npm run bench:host -- [--seconds 20] [--rounds 2]
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { ApiClient } from '../support/api-client.ts';
import { launchChromium } from '../support/chromium.ts';
import { waitFor } from '../support/condition.ts';
import { ProbePage } from '../support/probe-page.ts';
import { ServerProcess } from '../support/server-process.ts';
import { WATCH, WeriftClient } from '../support/werift-client.ts';
import { foreignPercent, machineUsage } from './machine-load.ts';
import { percentile } from './statistics.ts';

const WAYS = ['raw', 'ready', 'jpeg'] as const;
type Way = (typeof WAYS)[number];

const FPS = 24;
const TALKERS = 4;
const CONTROLS_PER_SECOND = 10;
const WARM_UP_MS = 10_000;
const ENVIRONMENT = {
  TELEFUSER_PYTHON: '/usr/bin/python3',
  TELEFUSER_SECURITY_LEVEL: 'standard',
  TELEFUSER_WEBRTC_VIDEO_BITRATE: '2000000',
  TELEFUSER_WEBRTC_START_BITRATE: '2000000',
};

const { values } = parseArgs({
  options: { seconds: { type: 'string', default: '20' }, rounds: { type: 'string', default: '2' } },
});
const seconds = Number(values.seconds);

interface Cost {
  readonly serverMs: number;
  readonly hostMs: number;
  readonly shownFps: number;
  readonly foreign: number;
}

/** CPU milliseconds a frame, with one viewer in Chromium. */
async function measureWay(way: Way): Promise<Cost> {
  await using server = await ServerProcess.start('test/bench/pipelines/frames.py', {
    environment: ENVIRONMENT,
    args: ['-o', `way=${way}`],
  });
  await using chromium = await launchChromium();
  const probe = await ProbePage.open(chromium.context, server.url);
  const { handle } = await probe.openSession({ pictures: { counter: false, areas: [] } });
  await sleep(WARM_UP_MS);
  const [before, machineBefore] = [await server.usage(), await machineUsage()];
  const framesBefore = (await probe.recording(handle)).frames.length;
  const beganMs = performance.now();
  await sleep(seconds * 1000);
  const [after, machineAfter] = [await server.usage(), await machineUsage()];
  const elapsed = (performance.now() - beganMs) / 1000;
  const frames = (await probe.recording(handle)).frames.length - framesBefore;
  await probe.closeSession(handle);
  const perFrame = (cpuSeconds: number): number => (cpuSeconds * 1000) / (elapsed * FPS);
  return {
    serverMs: perFrame(after.serverCpuSeconds - before.serverCpuSeconds),
    hostMs: perFrame(after.hostCpuSeconds - before.hostCpuSeconds),
    shownFps: frames / elapsed,
    foreign: foreignPercent(machineBefore, machineAfter, elapsed),
  };
}

/** Milliseconds from `send` on the client's data channel to `push_chunk`, with every session streaming. */
async function measureControls(): Promise<number[]> {
  await using server = await ServerProcess.start('test/bench/pipelines/talk.py', { environment: ENVIRONMENT });
  const api = new ApiClient(server.url);
  const clients = await Promise.all(Array.from({ length: TALKERS }, () => WeriftClient.connect(api, WATCH)));
  await waitFor('pictures', () => clients.every((client) => client.video.packets.length > 100), 20_000);
  const now = (): number => (performance.timeOrigin + performance.now()) / 1000;
  const endMs = performance.now() + seconds * 1000;
  while (performance.now() < endMs) {
    for (const client of clients) {
      client.send({ type: 'control', key: 'ArrowUp', action: 'press', sent: now() });
      await sleep(1000 / CONTROLS_PER_SECOND / TALKERS);
    }
  }
  await sleep(500);
  const delays = clients.flatMap(({ messages }) =>
    messages.flatMap(({ data }) =>
      ((data?.['heard'] ?? []) as { sent: number; heard: number }[]).map(({ sent, heard }) => (heard - sent) * 1000),
    ),
  );
  await Promise.all(clients.map((client) => client.close()));
  return delays;
}

const costs: Record<Way, Cost[]> = { raw: [], ready: [], jpeg: [] };
for (let round = 0; round < Number(values.rounds); round += 1) {
  for (const way of WAYS) {
    process.stderr.write(`${way} …\n`);
    costs[way].push(await measureWay(way));
  }
}
const mean = (numbers: readonly number[]): number => numbers.reduce((sum, number) => sum + number, 0) / numbers.length;
const total = (way: Way): number => mean(costs[way].map(({ serverMs, hostMs }) => serverMs + hostMs));
console.log(`832x480 at ${FPS} fps from Python to Chromium, 2 Mbps; CPU ms a frame, ${values.rounds} rounds of ${seconds} s`);
for (const way of WAYS) {
  const [server, host] = [mean(costs[way].map(({ serverMs }) => serverMs)), mean(costs[way].map(({ hostMs }) => hostMs))];
  const shown = costs[way].map(({ shownFps }) => shownFps.toFixed(2)).join(', ');
  const foreign = Math.max(...costs[way].map(({ foreign: percent }) => percent)).toFixed(0);
  console.log(
    `  ${way.padEnd(6)} server ${server.toFixed(2)}  pipeline ${host.toFixed(2)}  both ${(server + host).toFixed(2)}  ` +
      `(${(((server + host) * FPS) / 10).toFixed(1)} % of a core; shown ${shown} fps; other programs at most ${foreign} %)`,
  );
}
console.log(
  `  raw / jpeg encoded for each chunk: ${(total('raw') / total('jpeg')).toFixed(2)}   raw / ready jpeg: ${(total('raw') / total('ready')).toFixed(2)}`,
);
const delays = await measureControls();
console.log(
  `control, data channel to push_chunk, ${TALKERS} sessions streaming raw pictures, ${delays.length} controls: ` +
    `median ${percentile(delays, 0.5).toFixed(1)} ms, p95 ${percentile(delays, 0.95).toFixed(1)} ms, worst ${Math.max(...delays).toFixed(1)} ms`,
);
