import 'reflect-metadata';

import { Global, Logger, Module } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import type { OfferSummary } from '../common/index.js';
import { loadConfiguration } from '../config/index.js';
import { ConfigurationModule } from '../configuration.module.js';
import { ViewerFactory, type ViewerObserver, type ViewerStats } from '../media/index.js';
import { PipelineService, type PipelineDescription, type PipelineRun } from '../pipeline-loader/index.js';
import { ANYONE, IdentityModule } from '../identity/index.js';
import { ServiceFigures, SessionService, SlotLease, type SessionOffer } from '../sessions/index.js';
import { NO_TRACE } from '../tracing/index.js';
import { Metrics } from './metrics.js';
import { renderMetricsDocument } from './metrics-reference.testing.js';
import { NetworkSampler } from './network-sampler.js';

const SUMMARY: OfferSummary = {
  media: [{ mid: '0', kind: 'video', direction: 'recvonly', codecs: [] }],
  dataChannel: true,
  iceCandidates: 0,
  dtlsSetup: 'actpass',
};
const NEVER = new AbortController().signal;
const STREAM = {
  retransmittedPackets: 4,
  retransmittedBytes: 400,
  probeBytes: 50,
  redundantPackets: 0,
  refusedFrames: 0,
  nacks: 2,
  plis: 1,
  firs: 0,
};

/** A viewer without a network, of which one picture of ten was dropped. */
class FakeViewer {
  readonly localSdp = 'v=0 answer';
  readonly hasChannel = true;
  readonly videoChunks = 0;
  observer: ViewerObserver | undefined;
  sent = 0;

  get stats(): ViewerStats {
    const { sent } = this;
    const dropped = { superseded: 0, late: sent / 9, congested: 0, undecodable: 0, failed: 0, closed: 0 };
    return {
      videoCodec: 'H264',
      video: { received: sent + sent / 9, sent, queued: 0, keyframes: 1, dropped },
      videoFormat: undefined,
      untrackedFrames: 0,
      audio: undefined,
      videoBitrate: 1e6,
      network: {
        targetBitrate: 1e6,
        pacingBitrate: 2e6,
        estimate: 1.5e6,
        roundTripMs: 21,
        lossFraction: 0.01,
        usage: 'normal',
        source: 'transport-feedback',
      },
      videoStream: { ...STREAM, packets: 10 * sent, bytes: 10_000 * sent },
      audioStream: undefined,
    };
  }

  observe(observer: ViewerObserver): void {
    this.observer = observer;
  }
  start(): void {
    // Nothing to start.
  }
  send(): boolean {
    return true;
  }
  drained(): Promise<void> {
    return Promise.resolve();
  }
  close(): Promise<void> {
    return Promise.resolve();
  }

  /** Connects, and shows its pictures. */
  watch(frames: number): void {
    this.observer?.connectionStateChanged('connected');
    const nowMs = performance.now();
    const times = { yieldedAtMs: nowMs, routedAtMs: nowMs, encodeBeganAtMs: nowMs, encodedAtMs: nowMs + 3, sentAtMs: nowMs + 5 };
    for (let frame = 0; frame < frames; frame += 1) this.observer?.pictureSent(times, undefined);
    this.sent += frames;
  }
}

const viewers: FakeViewer[] = [];
const pipeline = {
  checkConfig: () => [],
  state: 'ready',
  mode: 'server_push',
  delivery: {},
  defaultFps: 24,
  open: (sessionId: string) => Promise.resolve(runOf(sessionId)),
  describe: (): Partial<PipelineDescription> => ({
    state: 'ready',
    startSeconds: 1.5,
    workers: [{ state: 'ready', pid: 7, sessions: 1, restarts: 2, residentBytes: 1024, cpuSeconds: 0.5, totalCpuSeconds: 3.5 }],
  }),
};

function runOf(sessionId: string): PipelineRun {
  const run: Partial<PipelineRun> = {
    sessionId,
    picturesReceived: 0,
    chunks: async function* () {
      // Yields nothing and stays open until the run is closed.
    },
    onPushError: () => undefined,
    onChunkError: () => undefined,
    close: () => Promise.resolve(),
  };
  return run as PipelineRun;
}

@Global()
@Module({ providers: [{ provide: PipelineService, useValue: pipeline }], exports: [PipelineService] })
class FakePipelineModule {}

async function create() {
  // Not by `MetricsModule` from the index, so that the module's own wiring is what is tested.
  const { MetricsModule } = await import('./metrics.module.js');
  const configuration = loadConfiguration({ TELEFUSER_WEBRTC_MAX_SESSIONS: '100' });
  const module = await Test.createTestingModule({
    imports: [ConfigurationModule.register(configuration), FakePipelineModule, IdentityModule, MetricsModule],
  })
    .overrideProvider(ViewerFactory)
    .useValue({
      answer: () => {
        const viewer = new FakeViewer();
        viewers.push(viewer);
        return Promise.resolve(viewer);
      },
    })
    .compile();
  return {
    metrics: module.get(Metrics),
    sessions: module.get(SessionService),
    figures: module.get(ServiceFigures),
    sampler: module.get(NetworkSampler),
  };
}

function offerOf(sessionId: string): SessionOffer {
  return {
    caller: ANYONE,
    sdp: 'v=0',
    arrivedAtMs: performance.now(),
    trace: NO_TRACE,
    summary: SUMMARY,
    sessionId,
    fps: undefined,
    config: {},
    fields: {},
  };
}

/** Every series of a text with its value; without the lines that describe them. */
function seriesOf(text: string): Map<string, number> {
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return new Map(lines.map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ') + 1))]));
}

const isCounter = (series: string): boolean => /^\w+_(?:total|bucket|sum|count)\b/u.test(series);

beforeAll(() => Logger.overrideLogger(false));
afterAll(() => Logger.overrideLogger(['log']));

describe('the metrics', () => {
  it('are the same series after a thousand sessions as before, of which no counter ever went back', async () => {
    const { metrics, sessions, sampler } = await create();
    const before = seriesOf(metrics.render('prometheus'));
    let last = before;
    const look = (nowMs: number): void => {
      sampler.sample(nowMs);
      const now = seriesOf(metrics.render('prometheus'));
      expect([...now.keys()]).toEqual([...before.keys()]);
      const backward = [...now].filter(([series, value]) => isCounter(series) && value < (last.get(series) ?? Number.NaN));
      expect(backward).toEqual([]);
      last = now;
    };
    for (let batch = 0; batch < 20; batch += 1) {
      const ids = Array.from({ length: 50 }, (_, index) => `viewer-${batch}-${index}`);
      viewers.length = 0;
      for (const id of ids) await sessions.open(offerOf(id), new SlotLease(() => undefined), NEVER);
      for (const viewer of viewers) viewer.watch(9);
      look(batch * 10_000);
      for (const viewer of viewers) viewer.watch(9);
      look(batch * 10_000 + 1000);
      for (const [index, id] of ids.entries()) {
        if (index % 2 === 0) await sessions.close(id, ANYONE);
        else await sessions.get(id, ANYONE).close('connection_closed');
      }
      look(batch * 10_000 + 2000);
    }
    const of = (series: string): number | undefined => last.get(series);
    expect(of('telefuser_sessions_opened_total{mode="server_push"}')).toBe(1000);
    expect(of('telefuser_sessions_closed_total{mode="server_push",reason="client_delete"}')).toBe(500);
    expect(of('telefuser_sessions_active{mode="server_push"}')).toBe(0);
    expect(of('telefuser_offers_total{result="answered"}')).toBe(1000);
    expect(of('telefuser_time_to_first_frame_seconds_count{mode="server_push"}')).toBe(1000);
    expect(of('telefuser_frames_sent_total')).toBe(18_000);
    expect(of('telefuser_frames_dropped_total{reason="late"}')).toBe(2000);
    expect(of('telefuser_sent_bytes_total{media="video",purpose="media"}')).toBe(180_000_000);
    expect(of('telefuser_session_round_trip_seconds_count')).toBe(2000);
    expect(of('telefuser_session_round_trip_seconds_bucket{le="0.02"}')).toBe(0);
    expect(of('telefuser_session_round_trip_seconds_bucket{le="0.03"}')).toBe(2000);
    // 90 kB a second.
    expect(of('telefuser_session_send_rate_bytes_per_second_sum')).toBe(1000 * 90_000);
    expect(of('telefuser_pipeline_cpu_seconds_total{worker="1"}')).toBe(3.5);
  });

  it('count an offer that was refused under the code of its problem', async () => {
    const { metrics, sessions, figures } = await create();
    await sessions.open(offerOf('one'), new SlotLease(() => undefined), NEVER);
    const again = sessions.open(offerOf('one'), new SlotLease(() => undefined), NEVER);
    const refusal = await again.catch((error: unknown) => error);
    // As the filter of problems does.
    figures.offerRefused(refusal);
    expect(metrics.render('prometheus')).toContain('telefuser_offers_total{result="session-conflict"} 1\n');
  });

  it('are documented, every one', async () => {
    const { metrics } = await create();
    await expect(renderMetricsDocument(metrics.groups())).toMatchFileSnapshot('../../docs/metrics.md');
  });
});
