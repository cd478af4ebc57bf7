/** A session with a pipeline's run and a viewer that do what the test says, in simulated time. */
import { Logger } from '@nestjs/common';
import { afterAll, afterEach, beforeAll, beforeEach, expect, vi } from 'vitest';
import { ANYONE } from '../identity/index.js';
import type { Chunk, MediaInput } from '../common/index.js';
import type { Viewer, ViewerObserver } from '../media/index.js';
import type { PipelineRun } from '../pipeline-loader/index.js';
import { NO_TRACE } from '../tracing/index.js';
import type { CloseReason } from './close-reason.js';
import { Session } from './session.js';
import { StageLatencies } from './stage-latencies.js';

export const TIMEOUTS = { connectMs: 15_000, channelMs: 10_000, disconnectedGraceMs: 5000, doneGraceMs: 1000 };

export function chunk(index: number): Chunk {
  return { pictures: [{ kind: 'encoded', data: new Uint8Array() }], index, metadata: {} };
}

/** A pipeline's run that does what the test says. */
class FakeRun implements PipelineRun {
  readonly sessionId = 'demo';
  readonly pushed: unknown[] = [];
  readonly media: MediaInput[] = [];
  readonly controls: (string | undefined)[] = [];
  picturesReceived = 0;
  pulled = 0;
  closeCalls = 0;
  returned = false;
  reportPushError: (message: string) => void = () => undefined;
  reportChunkError: (message: string) => void = () => undefined;
  /** What `close()` waits for. */
  closing: Promise<void> = Promise.resolve();
  private readonly results: (Chunk | 'end' | Error)[] = [];
  private waiting: (() => void) | undefined;

  yields(...results: readonly (Chunk | 'end' | Error)[]): void {
    for (const result of results)
      if (typeof result === 'object' && 'pictures' in result) this.picturesReceived += result.pictures.length;
    this.results.push(...results);
    this.waiting?.();
  }

  async *chunks(): AsyncGenerator<Chunk> {
    try {
      for (;;) {
        while (this.results.length === 0) await new Promise<void>((resolve) => (this.waiting = resolve));
        const result = this.results.shift();
        if (result instanceof Error) throw result;
        if (result === 'end' || result === undefined) return;
        this.pulled += 1;
        yield result;
      }
    } finally {
      this.returned = true;
    }
  }

  push(message: unknown, control?: string): void {
    this.pushed.push(message);
    this.controls.push(control);
  }

  pushMedia(input: MediaInput): boolean {
    this.media.push(input);
    return true;
  }

  onPushError(listener: (message: string) => void): void {
    this.reportPushError = listener;
  }

  onChunkError(listener: (message: string) => void): void {
    this.reportChunkError = listener;
  }

  async close(): Promise<void> {
    this.closeCalls += 1;
    this.yields('end');
    await this.closing;
  }
}

/** A viewer without a network. */
class FakeViewer {
  readonly localSdp = 'v=0 answer';
  readonly counts = {
    received: 0,
    sent: 0,
    queued: 0,
    keyframes: 0,
    dropped: { superseded: 0, late: 0, congested: 0, undecodable: 0, failed: 0, closed: 0 },
  };
  takesVideo = true;
  untrackedFrames = 0;
  roundTripMs: number | undefined;
  readonly sent: Record<string, unknown>[] = [];
  readonly routed: Chunk[] = [];
  hasChannel = false;
  videoChunks = 0;
  starts: number[] = [];
  closeCalls = 0;
  /** What `drained()` waits for. */
  draining: Promise<void> = Promise.resolve();
  /** What `close()` waits for. */
  closing: Promise<void> = Promise.resolve();
  /** What `observe()` finds to have happened already. */
  early: ((observer: ViewerObserver) => void) | undefined;

  get stats(): unknown {
    const { takesVideo, counts, untrackedFrames, roundTripMs } = this;
    return { video: takesVideo ? counts : undefined, untrackedFrames, network: { roundTripMs } };
  }

  observe(observer: ViewerObserver): void {
    this.early?.(observer);
  }

  start(fps: number): void {
    this.starts.push(fps);
  }

  async route(routed: Chunk, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    this.routed.push(routed);
    this.videoChunks += 1;
    if (this.takesVideo) {
      this.counts.received += routed.pictures.length;
      this.counts.queued += routed.pictures.length;
    } else {
      this.untrackedFrames += routed.pictures.length;
    }
  }

  async drained(): Promise<void> {
    await this.draining;
  }

  send(text: string): boolean {
    const message = JSON.parse(text) as Record<string, unknown>;
    this.sent.push(message);
    return true;
  }

  async close(): Promise<void> {
    this.closeCalls += 1;
    this.counts.dropped.closed += this.counts.queued;
    this.counts.queued = 0;
    await this.closing;
  }

  /** The oldest queued pictures leave. */
  plays(count: number): void {
    const played = Math.min(count, this.counts.queued);
    this.counts.sent += played;
    this.counts.queued -= played;
  }
}

export function setUp(mode: 'server_push' | 'bidirectional' = 'server_push') {
  const run = new FakeRun();
  const viewer = new FakeViewer();
  const closedWith: CloseReason[] = [];
  const serviceLatencies = new StageLatencies();
  const firstFrames: number[] = [];
  const session = new Session(
    {
      id: 'demo',
      owner: ANYONE,
      mode,
      fps: 30,
      timeouts: TIMEOUTS,
      limits: { maxMessageBytes: 1000, maxJsonDepth: 8 },
      serviceLatencies,
      trace: NO_TRACE,
      onFirstFrame: (sentAtMs) => firstFrames.push(sentAtMs),
      onClosed: (reason) => closedWith.push(reason),
    },
    run,
    viewer as unknown as Viewer,
  );
  const messages = (type: string): Record<string, unknown>[] => viewer.sent.filter((message) => message['type'] === type);
  return { session, run, viewer, closedWith, messages, serviceLatencies, firstFrames };
}

/** A session whose client is connected, and whose channel is open if it is bidirectional. */
export async function live(mode: 'server_push' | 'bidirectional' = 'server_push') {
  const parts = setUp(mode);
  parts.session.begin();
  parts.session.connectionStateChanged('connecting');
  parts.session.connectionStateChanged('connected');
  if (mode === 'bidirectional') {
    parts.viewer.hasChannel = true;
    parts.session.channelOpened();
  }
  await settle();
  expect(parts.session.state).toBe('live');
  return parts;
}

/** Everything that can happen now happens. */
export async function settle(ms = 0): Promise<void> {
  await vi.advanceTimersByTimeAsync(ms);
}

export function expectClosed(
  { session, run, viewer, closedWith, messages }: ReturnType<typeof setUp>,
  reason: CloseReason,
): void {
  expect(closedWith).toEqual([reason]);
  expect(session.state).toBe('closed');
  expect(run.closeCalls).toBe(1);
  expect(viewer.closeCalls).toBe(1);
  expect(messages('closed')).toEqual([{ type: 'closed', session_id: 'demo', reason, timestamp: expect.any(Number) as number }]);
  expect(vi.getTimerCount()).toBe(0);
}

/** Declares for the tests of a file that the session's timers and clocks are simulated, and that nothing is logged. */
export function simulateTime(): void {
  beforeAll(() => Logger.overrideLogger(false));
  afterAll(() => Logger.overrideLogger(['log']));
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance', 'Date'] });
  });
  afterEach(() => {
    vi.useRealTimers();
  });
}
