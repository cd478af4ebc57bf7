/** Many sessions on one machine, with viewers that only count, in another process: is every stream whole, and does the server stay quick? */
import { setTimeout as sleep } from 'node:timers/promises';
import { processUsage, ServerProcess } from '../support/server-process.ts';
import { EventLoopWatch } from './event-loop-watch.ts';
import { collect, type FigureKind, type Measurement } from './figures.ts';
import { SETTLE_MS } from './measure-streams.ts';
import { measureLoad } from './process-load.ts';
import type { Counts } from './receivers/counting-receiver.ts';
import { Receivers } from './receivers/receivers.ts';
import { median } from './statistics.ts';

/** 24, and what a clock may be off. */
const LEAST_FPS = 23.9;
const HTTP_PROBES = 20;

const FIGURES = {
  slowestFps: { name: 'frames a second, slowest session', unit: '', digits: 2, bound: { least: LEAST_FPS } },
  medianFps: { name: 'frames a second, median session', unit: '', digits: 2 },
  loopP99: { name: 'event-loop delay p99', unit: 'ms', digits: 1, bound: { most: 10 } },
  loopMax: { name: 'event-loop delay, longest', unit: 'ms', digits: 1 },
  loopP99ByServer: { name: '  … p99 by the server’s own metrics', unit: 'ms', digits: 1 },
  healthMs: { name: 'GET /v1/service/health meanwhile, median', unit: 'ms', digits: 1 },
  megabits: { name: 'media received, all sessions', unit: 'Mbps', digits: 1 },
  serverCpuPercent: { name: 'server CPU', unit: '% of a core', digits: 1 },
  hostCpuPercent: { name: 'pipeline CPU', unit: '% of a core', digits: 1 },
  receiversCpuPercent: { name: 'viewers’ CPU', unit: '% of a core', digits: 1 },
  serverMebibytes: { name: 'server memory', unit: 'MiB' },
} as const satisfies Record<string, FigureKind>;

type Values = Record<keyof typeof FIGURES, number>;

export async function measureScale(sessions: number, runs: number, seconds: number): Promise<Measurement> {
  const found: Values[] = [];
  for (let run = 0; run < runs; run += 1) found.push(await measureOnce(sessions, seconds));
  return {
    id: `sessions-${sessions}`,
    title: `${sessions} sessions at up to 2 Mbps, viewers that only count, ${seconds} s a run`,
    figures: collect(FIGURES, found),
  };
}

async function measureOnce(sessions: number, seconds: number): Promise<Values> {
  await using watch = await EventLoopWatch.create();
  await using server = await ServerProcess.start('pipelines/video-replay', {
    environment: {
      TELEFUSER_WEBRTC_MAX_SESSIONS: String(sessions + 1),
      TELEFUSER_WEBRTC_VIDEO_BITRATE: '2000000',
      ...watch.environment,
    },
  });
  await using receivers = await Receivers.open(server.url, sessions);
  await sleep(SETTLE_MS);
  await watch.take(server.pid);
  const [before, receiversBefore] = [await receivers.counts(), await processUsage(receivers.pid)];
  const [load, healthMs] = await Promise.all([measureLoad(server, seconds), healthTimes(server, seconds)]);
  const [after, receiversAfter] = [await receivers.counts(), await processUsage(receivers.pid)];
  const loop = await watch.take(server.pid);
  const elapsedSeconds = (after.atMs - before.atMs) / 1000;
  const bytes = (counts: readonly Counts[]): number => counts.reduce((sum, count) => sum + count.bytes, 0);
  // From frame to frame, so that none falls on the edge of the count.
  const fps = after.counts.map(({ frames, lastFrameAtMs }, index) => {
    const begin = before.counts[index];
    return begin === undefined ? 0 : ((frames - begin.frames) * 1000) / (lastFrameAtMs - begin.lastFrameAtMs);
  });
  return {
    slowestFps: Math.min(...fps),
    medianFps: median(fps),
    loopP99: loop.p99,
    loopMax: loop.max,
    loopP99ByServer: await ownLoopDelay(server),
    healthMs: median(healthMs),
    megabits: ((bytes(after.counts) - bytes(before.counts)) * 8) / elapsedSeconds / 1e6,
    serverCpuPercent: load.serverCpuPercent,
    hostCpuPercent: load.hostCpuPercent,
    receiversCpuPercent: ((receiversAfter.cpuSeconds - receiversBefore.cpuSeconds) * 100) / elapsedSeconds,
    serverMebibytes: load.serverBytes / 2 ** 20,
  };
}

async function healthTimes(server: ServerProcess, seconds: number): Promise<number[]> {
  const times: number[] = [];
  for (let probe = 0; probe < HTTP_PROBES; probe += 1) {
    await sleep((seconds * 1000) / (HTTP_PROBES + 1));
    const askedMs = performance.now();
    await server.get('v1/service/health');
    times.push(performance.now() - askedMs);
  }
  return times;
}

/** What the server says of itself; NaN where it says nothing. */
async function ownLoopDelay(server: ServerProcess): Promise<number> {
  const metrics = (await server.get('v1/service/metrics/json')) as { readonly event_loop_delay_ms?: { readonly p99?: number } };
  return metrics.event_loop_delay_ms?.p99 ?? Number.NaN;
}
