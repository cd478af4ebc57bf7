import 'reflect-metadata';

import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import { TerminusModule } from '@nestjs/terminus';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';

import { VERSION } from '../common/index.js';
import { Configuration } from '../config/index.js';
import { VideoEncoders } from '../media/index.js';
import {
  type PipelineDescription,
  type StartProgress,
  PipelineService,
  type PipelineState,
  type StreamMode,
  type WorkerDescription,
} from '../pipeline-loader/index.js';
import { Drain, ServiceFigures, SessionRegistry } from '../sessions/index.js';
import { EventLoopDelay } from './event-loop-delay.js';
import { type LoopState, LoopWatch } from './loop-watch.js';
import { ProbeChecks } from './probe-checks.js';
import { ProbesController } from './probes.controller.js';
import { ServiceController } from './service.controller.js';
import { ServiceMetrics } from './service-metrics.js';
import { ServiceStatus } from './service-status.js';

const READY: WorkerDescription = {
  state: 'ready',
  pid: 7,
  sessions: 1,
  restarts: 0,
  residentBytes: 1024,
  cpuSeconds: 0.5,
  totalCpuSeconds: 0.5,
};
const WORKERS: readonly WorkerDescription[] = [READY, { state: 'waiting', sessions: 0, restarts: 2, totalCpuSeconds: 0 }];

/** What health reads of the pipeline; each test sets it. */
class FakePipeline {
  state: PipelineState = 'starting';
  failure: string | undefined;
  mode: StreamMode | undefined;
  startSeconds: number | undefined;
  startingForMs = 0;
  startProgress: StartProgress | undefined;
  declared: Pick<PipelineDescription, 'about' | 'configSchema'> = {};
  workers: readonly WorkerDescription[] = WORKERS;

  describe(): Partial<PipelineDescription> {
    const { startSeconds } = this;
    return {
      pipelineFile: 'pipelines/demo',
      securityLevel: 'standard',
      runner: 'node',
      skipValidation: true,
      workers: this.workers,
      ...this.declared,
      ...(startSeconds !== undefined && { startSeconds, defaultFps: 24 }),
    };
  }

  becomeReady(): void {
    this.state = 'ready';
    this.mode = 'server_push';
    this.startSeconds = 1.5;
  }

  fail(): void {
    this.state = 'failed';
    this.failure = 'start() threw: no weights. Download them first.';
  }
}

const COUNTS = {
  webrtc_active_sessions: 3,
  webrtc_server_push_sessions: 2,
  webrtc_bidirectional_sessions: 1,
  webrtc_max_sessions: 10,
};
const pipeline = new FakePipeline();
const drain: { deadlineMs: number | undefined } = { deadlineMs: undefined };
const loop: { state: LoopState } = { state: 'in-time' };
let app: NestFastifyApplication;

beforeAll(async () => {
  const module = await Test.createTestingModule({
    imports: [TerminusModule.forRoot({ logger: false })],
    controllers: [ProbesController, ServiceController],
    providers: [
      EventLoopDelay,
      ProbeChecks,
      ServiceFigures,
      ServiceMetrics,
      ServiceStatus,
      { provide: PipelineService, useValue: pipeline },
      { provide: Drain, useValue: drain },
      { provide: LoopWatch, useValue: loop },
      {
        provide: SessionRegistry,
        useValue: { stats: () => ({ active: 3, serverPush: 2, bidirectional: 1, max: 10 }), open: () => [] },
      },
      { provide: Configuration, useValue: new Configuration() },
      { provide: VideoEncoders, useValue: new VideoEncoders(['H264', 'VP8'], 'off') },
    ],
  }).compile();
  app = module.createNestApplication<NestFastifyApplication>(new FastifyAdapter(), { logger: false });
  await app.init();
});
afterAll(async () => {
  await app.close();
});
beforeEach(() => {
  Object.assign(pipeline, new FakePipeline());
  drain.deadlineMs = undefined;
  loop.state = 'in-time';
});

async function get(url: string): Promise<{ status: number; body: Record<string, unknown> }> {
  const response = await app.inject({ method: 'GET', url });
  return { status: response.statusCode, body: response.json() };
}

describe('the probes', () => {
  it('say that a starting server lives and is neither started nor ready', async () => {
    expect((await get('/livez')).status).toBe(200);
    for (const url of ['/readyz', '/startupz']) {
      const { status, body } = await get(url);
      expect(status).toBe(503);
      expect(body).toMatchObject({
        status: 'error',
        detail: 'The pipeline is still starting.',
        error: { pipeline: { status: 'down' } },
      });
    }
  });

  it.each([
    [{ fraction: 0.409, text: 'Loading the text encoder…' }, ' (40 %): Loading the text encoder'],
    [{ fraction: 1 }, ' (100 %)'],
    [{ text: 'Downloading' }, ': Downloading'],
  ])('tell what the pipeline says of its start: %j', async (progress, words) => {
    pipeline.startProgress = progress;
    const detail = `The pipeline is still starting${words}.`;
    const { fraction, text } = progress as StartProgress;
    for (const url of ['/readyz', '/startupz']) {
      const { body } = await get(url);
      expect(body).toMatchObject({ detail, error: { pipeline: { reason: detail } } });
      expect((body['error'] as { pipeline: object }).pipeline).toMatchObject({
        ...(fraction !== undefined && { progress: fraction }),
        ...(text !== undefined && { message: text }),
      });
    }
    expect((await get('/v1/service/health')).body).toMatchObject({
      reason: detail,
      ...(fraction !== undefined && { start_progress: fraction }),
      ...(text !== undefined && { start_message: text }),
    });
  });

  it('tell how far a start has got', async () => {
    pipeline.startingForMs = 42_460;
    pipeline.workers = [{ state: 'starting', pid: 7, sessions: 0, restarts: 0, totalCpuSeconds: 0 }];
    const progress = { elapsed_seconds: 42.5, timeout_seconds: 600, workers: ['starting'] };
    expect((await get('/startupz')).body).toMatchObject({ error: { pipeline: { status: 'down', ...progress } } });
  });

  it('are all up when every process of the pipeline is ready', async () => {
    pipeline.becomeReady();
    pipeline.workers = [READY, READY];
    for (const url of ['/livez', '/readyz', '/startupz']) {
      expect(await get(url)).toMatchObject({ status: 200, body: { status: 'ok' } });
    }
    expect((await get('/startupz')).body).toMatchObject({ details: { pipeline: { start_seconds: 1.5 } } });
  });

  it('say why the pipeline failed to start, which no restart would mend', async () => {
    pipeline.fail();
    pipeline.workers = [{ state: 'failed', sessions: 0, restarts: 0, totalCpuSeconds: 0 }];
    expect(await get('/livez')).toMatchObject({ status: 200, body: { status: 'ok' } });
    for (const url of ['/readyz', '/startupz']) {
      expect(await get(url)).toMatchObject({ status: 503, body: { detail: 'start() threw: no weights. Download them first.' } });
    }
  });

  it('take a pipeline that starts again for started and alive, but not for ready', async () => {
    pipeline.becomeReady();
    pipeline.state = 'restarting';
    expect((await get('/livez')).status).toBe(200);
    expect((await get('/startupz')).status).toBe(200);
    expect((await get('/readyz')).status).toBe(503);
  });

  it('ask for a restart when a pipeline that ran was given up', async () => {
    pipeline.becomeReady();
    pipeline.fail();
    expect((await get('/startupz')).status).toBe(200);
    for (const url of ['/livez', '/readyz']) {
      expect(await get(url)).toMatchObject({ status: 503, body: { detail: 'start() threw: no weights. Download them first.' } });
    }
    expect((await get('/livez')).body).toMatchObject({
      info: { event_loop: { status: 'up' } },
      error: { pipeline_supervisor: { status: 'down' } },
    });
  });

  it('are degraded, and 200, while some of the processes are not there', async () => {
    pipeline.becomeReady();
    expect(await get('/livez')).toMatchObject({ status: 200, body: { status: 'ok' } });
    const missing = '1 of 2 processes of the pipeline take no sessions now.';
    expect(await get('/readyz')).toMatchObject({
      status: 200,
      body: { status: 'degraded', details: { pipeline: { status: 'degraded', reason: missing } } },
    });
    pipeline.workers = [READY, { state: 'failed', sessions: 0, restarts: 5, totalCpuSeconds: 0 }];
    const givenUp = '1 of 2 processes of the pipeline were given up.';
    expect(await get('/livez')).toMatchObject({
      status: 200,
      body: { status: 'degraded', details: { pipeline_supervisor: { status: 'degraded', reason: givenUp } } },
    });
  });

  it('say that a draining server lives, and takes no sessions', async () => {
    pipeline.becomeReady();
    pipeline.workers = [READY];
    drain.deadlineMs = 1_795_392_000_500;
    expect((await get('/livez')).status).toBe(200);
    expect((await get('/startupz')).status).toBe(200);
    expect(await get('/readyz')).toMatchObject({
      status: 503,
      body: {
        detail: expect.stringContaining('about to end') as string,
        info: { pipeline: { status: 'up' } },
        error: { drain: { status: 'down', deadline: 1_795_392_000.5 } },
      },
    });
    expect((await get('/v1/service/ready')).status).toBe(503);
    expect((await get('/v1/service/health')).body).toMatchObject({ status: 'healthy', ready: false, draining: true });
  });

  it.each([
    ['late', 200, 'degraded'],
    ['stuck', 503, 'error'],
  ] as const)('tell of an event loop that is %s', async (state, status, word) => {
    pipeline.becomeReady();
    loop.state = state;
    expect(await get('/livez')).toMatchObject({ status, body: { status: word } });
    expect((await get('/readyz')).status).toBe(200);
  });
});

describe('/v1/service/health', () => {
  it('is always 200 and says by its fields how the service is', async () => {
    expect(await get('/v1/service/health')).toEqual({
      status: 200,
      body: {
        status: 'healthy',
        ready: false,
        stream_ready: false,
        stream_mode: null,
        draining: false,
        ...COUNTS,
        timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/u) as string,
        version: VERSION,
        reason: 'The pipeline is still starting.',
      },
    });
  });

  it('has no reason when the pipeline is ready', async () => {
    pipeline.becomeReady();
    const { body } = await get('/v1/service/health');
    expect(body).toMatchObject({ status: 'healthy', ready: true, stream_ready: true, stream_mode: 'server_push' });
    expect(body).not.toHaveProperty('reason');
  });

  it('is unhealthy, with the reason, when the pipeline failed', async () => {
    pipeline.fail();
    expect(await get('/v1/service/health')).toMatchObject({
      status: 200,
      body: { status: 'unhealthy', ready: false, reason: pipeline.failure },
    });
  });
});

describe('/v1/service/ready', () => {
  it('is 503 with detail until the pipeline is ready, then 200', async () => {
    expect(await get('/v1/service/ready')).toMatchObject({
      status: 503,
      body: { status: 'not_ready', ready: false, detail: 'The pipeline is still starting.' },
    });
    pipeline.becomeReady();
    expect(await get('/v1/service/ready')).toMatchObject({ status: 200, body: { status: 'ready', ready: true } });
    pipeline.state = 'stopped';
    expect(await get('/v1/service/ready')).toMatchObject({ status: 503, body: { detail: 'The pipeline has been stopped.' } });
  });
});

describe('/v1/service/metadata', () => {
  it('describes the pipeline in the words of the contract', async () => {
    pipeline.becomeReady();
    expect(await get('/v1/service/metadata')).toEqual({
      status: 200,
      body: {
        service_type: 'stream',
        stream_mode: 'server_push',
        pipeline_file: 'pipelines/demo',
        security_level: 'STANDARD',
        skip_validation: true,
        runner: 'node',
        default_fps: 24,
        start_seconds: 1.5,
        workers: [
          { state: 'ready', pid: 7, sessions: 1, restarts: 0, resident_bytes: 1024, cpu_seconds: 0.5 },
          { state: 'waiting', sessions: 0, restarts: 2 },
        ],
        ...COUNTS,
        max_image_bytes: 10_485_760,
        max_image_pixels: 25_000_000,
        webrtc_video_codec: 'H264',
        webrtc_video_codecs: ['H264', 'VP8'],
        webrtc_video_encoders: { H264: 'libx264', VP8: 'libvpx' },
        webrtc_encoder_profile: 'latency',
        webrtc_video_bitrate: 4_000_000,
      },
    });
  });
});

describe('what a service declares', () => {
  it('is in the metadata, in the words of the API', async () => {
    pipeline.becomeReady();
    const about = { name: 'A world', description: 'Walk.', controls: ['arrows'], inputs: [], tasks: ['i2v'] };
    const configSchema = { type: 'object', properties: { steps: { maximum: 50 } } };
    pipeline.declared = { about: { ...about, defaultPrompt: 'a harbour' }, configSchema };
    const { body } = await get('/v1/service/metadata');
    expect(body).toMatchObject({ ...about, default_prompt: 'a harbour', config_schema: configSchema });
    expect(body).not.toHaveProperty('defaultPrompt');
  });
});

describe('/v1/service/metrics/json', () => {
  const NEVER = { count: 0, sum_ms: 0, p50_ms: null, p95_ms: null, p99_ms: null, max_ms: null };
  const MEASURED = expect.any(Number) as number;

  it('has every figure of a service of which nobody wanted anything yet', async () => {
    pipeline.becomeReady();
    expect(await get('/v1/service/metrics/json')).toEqual({
      status: 200,
      body: {
        timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/u) as string,
        uptime_seconds: MEASURED,
        ...COUNTS,
        sessions_opened: 0,
        sessions_closed: {},
        offers: {},
        frames: {
          generated: 0,
          sent: 0,
          queued: 0,
          dropped: { superseded: 0, late: 0, congested: 0, undecodable: 0, failed: 0, no_track: 0, closed: 0 },
        },
        latency: {
          control_to_push: NEVER,
          push_to_yield: NEVER,
          yield_to_encode: NEVER,
          encode: NEVER,
          encode_to_send: NEVER,
          send_to_shown: NEVER,
          control_to_sent: NEVER,
          control_to_shown: NEVER,
          yield_to_sent: NEVER,
        },
        event_loop_delay_ms: { p50: MEASURED, p99: MEASURED, max: MEASURED, window_seconds: MEASURED },
        process: { resident_bytes: MEASURED, cpu_seconds: MEASURED },
        workers: [
          { state: 'ready', pid: 7, sessions: 1, restarts: 0, resident_bytes: 1024, cpu_seconds: 0.5 },
          { state: 'waiting', sessions: 0, restarts: 2 },
        ],
      },
    });
  });

  it('has the latencies and results of all sessions', async () => {
    const figures = app.get(ServiceFigures);
    figures.offerAnswered(17);
    figures.latencies.record('encode', 4.25);
    const { body } = await get('/v1/service/metrics/json');
    expect(body).toMatchObject({
      offers: { answered: 1 },
      latency: { encode: { count: 1, sum_ms: 4.25, p50_ms: 4.25, max_ms: 4.25 } },
    });
  });

  it('says how late the loop was in the last minute, to everybody who asks', async () => {
    const busyUntilMs = performance.now() + 120;
    while (performance.now() < busyUntilMs);
    // Two turns of the loop: the timer is late in the second.
    for (let turns = 0; turns < 2; turns += 1) await new Promise(setImmediate);
    const first = await get('/v1/service/metrics/json');
    for (const { body } of [first, await get('/v1/service/metrics/json')]) {
      const delay = body['event_loop_delay_ms'] as Record<string, number>;
      expect(delay['max']).toBeGreaterThan(90);
      expect(delay['window_seconds']).toBeGreaterThan(0.1);
    }
  });
});
