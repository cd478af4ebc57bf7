import { Logger } from '@nestjs/common';
import fc from 'fast-check';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { ANYONE } from '../identity/index.js';
import type { Chunk, MediaInput } from '../common/index.js';
import type { Viewer, ViewerObserver } from '../media/index.js';
import { PipelineCrashedError, PipelineFailedError, type PipelineRun } from '../pipeline-loader/index.js';
import { NO_TRACE } from '../tracing/index.js';
import { CLOSE_REASONS, type CloseReason } from './close-reason.js';
import type { FrameLedger } from './frame-ledger.js';
import { Session } from './session.js';
import { StageLatencies } from './stage-latencies.js';

const TIMEOUTS = { connectMs: 15_000, channelMs: 10_000, disconnectedGraceMs: 5000, doneGraceMs: 1000 };
const CAMERA: MediaInput = { kind: 'video', pictures: [] };

function chunk(index: number): Chunk {
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

function setUp(mode: 'server_push' | 'bidirectional' = 'server_push') {
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
async function live(mode: 'server_push' | 'bidirectional' = 'server_push') {
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
async function settle(ms = 0): Promise<void> {
  await vi.advanceTimersByTimeAsync(ms);
}

function expectClosed({ session, run, viewer, closedWith, messages }: ReturnType<typeof setUp>, reason: CloseReason): void {
  expect(closedWith).toEqual([reason]);
  expect(session.state).toBe('closed');
  expect(run.closeCalls).toBe(1);
  expect(viewer.closeCalls).toBe(1);
  expect(messages('closed')).toEqual([{ type: 'closed', session_id: 'demo', reason, timestamp: expect.any(Number) as number }]);
  expect(vi.getTimerCount()).toBe(0);
}

beforeAll(() => Logger.overrideLogger(false));
afterAll(() => Logger.overrideLogger(['log']));
beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance', 'Date'] });
});
afterEach(() => {
  vi.useRealTimers();
});

describe('a session of a server that is about to end', () => {
  const DEADLINE_MS = 1_795_392_000_500;
  const GOING_AWAY = {
    type: 'going_away',
    session_id: 'demo',
    deadline: 1_795_392_000.5,
    timestamp: expect.any(Number) as number,
  };

  it.each(['server_push', 'bidirectional'] as const)('tells its client, and goes on (%s)', async (mode) => {
    const { session, viewer, messages } = await live(mode);
    viewer.hasChannel = true;
    session.announceEnd(DEADLINE_MS);
    await settle();
    expect(messages('going_away')).toEqual([GOING_AWAY]);
    expect(session.state).toBe('live');
    await session.close('drain_deadline');
    expect(messages('closed')).toMatchObject([{ reason: 'drain_deadline' }]);
  });

  it('tells a client that opens its channel later, once', async () => {
    const { session, viewer, messages } = await live();
    session.announceEnd(DEADLINE_MS);
    expect(messages('going_away')).toEqual([]);
    viewer.hasChannel = true;
    session.channelOpened();
    expect(messages('going_away')).toEqual([GOING_AWAY]);
    await session.close('client_delete');
  });
});

describe('a session from its answer to its client', () => {
  it('shows its id, mode and answer', () => {
    const { session } = setUp();
    expect([session.id, session.mode, session.answerSdp, session.state]).toEqual([
      'demo',
      'server_push',
      'v=0 answer',
      'negotiating',
    ]);
  });

  it('pulls the first chunk of a server push at once, and routes it when the client is connected', async () => {
    const { session, run, viewer } = setUp();
    session.begin();
    run.yields(chunk(0), chunk(1));
    await settle();
    expect(session.state).toBe('connecting');
    expect(run.pulled).toBe(1);
    expect(viewer.routed).toEqual([]);
    session.connectionStateChanged('connected');
    await settle();
    expect(session.state).toBe('live');
    expect(viewer.starts).toEqual([30]);
    expect(viewer.routed.map(({ index }) => index)).toEqual([0, 1]);
    await session.close('client_delete');
  });

  it('pulls nothing of a bidirectional run before its channel is open', async () => {
    const { session, run, viewer } = setUp('bidirectional');
    run.yields(chunk(0));
    session.begin();
    session.connectionStateChanged('connected');
    await settle();
    expect(run.pulled).toBe(0);
    session.channelOpened();
    await settle();
    expect(viewer.routed).toHaveLength(1);
    await session.close('client_delete');
  });

  it('takes what happened before anybody looked', async () => {
    const parts = setUp('bidirectional');
    parts.viewer.early = (observer) => {
      observer.connectionStateChanged('connected');
      parts.viewer.hasChannel = true;
      observer.channelOpened();
    };
    parts.session.begin();
    expect(parts.session.state).toBe('live');
    await settle(TIMEOUTS.channelMs + TIMEOUTS.connectMs);
    expect(parts.session.state).toBe('live');
    await parts.session.close('client_delete');
    expectClosed(parts, 'client_delete');
  });

  it('pulls nothing when the connection had failed before anybody looked', async () => {
    const parts = setUp();
    parts.viewer.early = (observer) => observer.connectionStateChanged('failed');
    parts.run.yields(chunk(0));
    parts.session.begin();
    await settle();
    expectClosed(parts, 'connection_failed');
    expect(parts.run.pulled).toBe(0);
  });
});

describe('a session closes', () => {
  it('with connect_timeout when no client comes', async () => {
    const parts = setUp();
    parts.session.begin();
    await settle(TIMEOUTS.connectMs - 1);
    expect(parts.session.state).toBe('connecting');
    await settle(1);
    expectClosed(parts, 'connect_timeout');
  });

  it('with channel_timeout when a bidirectional client opens no channel', async () => {
    const parts = setUp('bidirectional');
    parts.session.begin();
    parts.session.connectionStateChanged('connected');
    await settle(TIMEOUTS.channelMs - 1);
    expect(parts.session.state).toBe('live');
    await settle(1);
    expectClosed(parts, 'channel_timeout');
  });

  it('not for a missing channel in server push', async () => {
    const { session } = await live();
    await settle(TIMEOUTS.channelMs * 10);
    expect(session.state).toBe('live');
    await session.close('client_delete');
  });

  it('with disconnected when the client does not come back within the grace', async () => {
    const parts = await live();
    parts.session.connectionStateChanged('disconnected');
    expect(parts.session.state).toBe('disconnected');
    await settle(TIMEOUTS.disconnectedGraceMs - 1);
    expect(parts.session.state).toBe('disconnected');
    await settle(1);
    expectClosed(parts, 'disconnected');
  });

  it('not when the client comes back in time; each loss has its own grace, and the media clock starts only once', async () => {
    const { session, viewer } = await live();
    for (let times = 0; times < 3; times += 1) {
      session.connectionStateChanged('disconnected');
      await settle(TIMEOUTS.disconnectedGraceMs - 1);
      session.connectionStateChanged('connected');
      expect(session.state).toBe('live');
    }
    await settle(60_000);
    expect(session.state).toBe('live');
    expect(viewer.routed).toEqual([]);
    await session.close('client_delete');
  });

  it.each([
    ['connection_failed', 'failed'],
    ['connection_closed', 'closed'],
  ] as const)('with %s when the connection says %s', async (reason, state) => {
    const parts = await live();
    parts.session.connectionStateChanged(state);
    await settle();
    expect(parts.closedWith).toEqual([reason]);
    expectClosed(parts, reason);
  });

  it('with client_stop when the client says stop, in either mode', async () => {
    for (const mode of ['server_push', 'bidirectional'] as const) {
      const parts = await live(mode);
      parts.session.messageReceived('{"type":"stop"}');
      await settle();
      expectClosed(parts, 'client_stop');
      expect(parts.run.pushed).toEqual([]);
    }
  });

  it('with channel_closed when a bidirectional client closes its channel, and not in server push', async () => {
    const parts = await live('bidirectional');
    parts.session.channelClosed();
    await settle();
    expectClosed(parts, 'channel_closed');
    const push = await live();
    push.session.channelClosed();
    await settle();
    expect(push.session.state).toBe('live');
    await push.session.close('client_delete');
  });

  it.each(CLOSE_REASONS)('with %s when told so, before anything began too', async (reason) => {
    const begun = await live();
    await begun.session.close(reason);
    expect(begun.closedWith).toEqual([reason]);
    expectClosed(begun, reason);
    const fresh = setUp();
    await fresh.session.close(reason);
    expectClosed(fresh, reason);
  });

  it('once, for the first reason, however many come, and every caller waits for the end', async () => {
    const parts = await live('bidirectional');
    const held = Promise.withResolvers<void>();
    parts.viewer.closing = held.promise;
    const first = parts.session.close('client_delete');
    const second = parts.session.close('server_shutdown');
    parts.session.connectionStateChanged('closed');
    parts.session.channelClosed();
    parts.session.messageReceived('{"type":"stop"}');
    await settle(60_000);
    expect(parts.session.state).toBe('closing');
    expect(parts.closedWith).toEqual([]);
    held.resolve();
    await Promise.all([first, second]);
    expectClosed(parts, 'client_delete');
  });

  it('its viewer though the run hangs, and its run though the viewer hangs', async () => {
    const parts = await live();
    const [run, viewer] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    parts.run.closing = run.promise;
    parts.viewer.closing = viewer.promise;
    const close = parts.session.close('client_delete');
    await settle();
    expect([parts.run.closeCalls, parts.viewer.closeCalls]).toEqual([1, 1]);
    run.resolve();
    viewer.resolve();
    await close;
    expectClosed(parts, 'client_delete');
  });

  it('and gives everything back though closing fails', async () => {
    const parts = await live();
    parts.viewer.closing = Promise.reject(new Error('a socket would not close'));
    parts.run.closing = Promise.reject(new Error('a process would not end'));
    await expect(parts.session.close('client_delete')).resolves.toBeUndefined();
    expectClosed(parts, 'client_delete');
  });

  it('and lets the pipeline go in the middle of a chunk', async () => {
    const parts = setUp();
    parts.session.begin();
    parts.run.yields(chunk(0));
    await settle();
    await parts.session.close('client_delete');
    expect(parts.run.returned).toBe(true);
    expect(parts.viewer.routed).toEqual([]);
    expectClosed(parts, 'client_delete');
    expect(parts.messages('done')).toEqual([]);
  });
});

describe('the end of a stream', () => {
  it('is told when all was played, and closes the session after a grace', async () => {
    const parts = await live();
    const played = Promise.withResolvers<void>();
    parts.viewer.draining = played.promise;
    parts.run.yields(chunk(0), chunk(1), 'end');
    await settle(60_000);
    expect(parts.messages('done')).toEqual([]);
    expect(parts.session.state).toBe('live');
    played.resolve();
    await settle();
    expect(parts.messages('done')).toEqual([
      { type: 'done', session_id: 'demo', total_chunks: 2, timestamp: expect.any(Number) as number },
    ]);
    expect(parts.session.state).toBe('done');
    await settle(TIMEOUTS.doneGraceMs - 1);
    expect(parts.closedWith).toEqual([]);
    await settle(1);
    expectClosed(parts, 'completed');
    expect(parts.messages('done')).toHaveLength(1);
  });

  it.each([
    ['pipeline_failed', new PipelineFailedError('division by zero'), 'division by zero', TIMEOUTS.doneGraceMs],
    // Nothing comes any more from a process that is gone: its client is to look for another at once.
    [
      'pipeline_crashed',
      new PipelineCrashedError('the process ended with signal SIGKILL'),
      'the process ended with signal SIGKILL',
      0,
    ],
    ['pipeline_failed', new Error('anything else'), 'anything else', TIMEOUTS.doneGraceMs],
  ] as const)('says why with %s', async (reason, error, message, graceMs) => {
    const parts = await live('bidirectional');
    parts.run.yields(chunk(0), error);
    await settle();
    expect(parts.messages('chunk')).toEqual([
      { type: 'chunk', session_id: 'demo', index: null, data: null, error: message, timestamp: expect.any(Number) as number },
    ]);
    expect(parts.messages('done')).toEqual([
      { type: 'done', session_id: 'demo', total_chunks: 1, timestamp: expect.any(Number) as number },
    ]);
    if (graceMs > 0) {
      expect(parts.session.state).toBe('done');
      await settle(graceMs);
    }
    expectClosed(parts, reason);
  });

  it('tells a client of a crash that is still connecting, when it is connected', async () => {
    const parts = setUp();
    parts.session.begin();
    parts.run.yields(new PipelineCrashedError('gone'));
    await settle(2999);
    expect(parts.closedWith).toEqual([]);
    parts.session.connectionStateChanged('connected');
    await settle();
    expectClosed(parts, 'pipeline_crashed');
    expect(parts.messages('done')).toHaveLength(1);
  });

  it('waits three seconds for a client that is to be told of a crash', async () => {
    const parts = setUp();
    parts.session.begin();
    parts.run.yields(new PipelineCrashedError('gone'));
    await settle(2999);
    expect(parts.closedWith).toEqual([]);
    await settle(1);
    expectClosed(parts, 'pipeline_crashed');
  });

  it('waits for a client that is not there yet', async () => {
    const parts = setUp();
    parts.session.begin();
    parts.run.yields(new PipelineFailedError('no weights'));
    await settle(TIMEOUTS.doneGraceMs * 3);
    expect(parts.session.state).toBe('connecting');
    expect(parts.messages('done')).toEqual([]);
    parts.session.connectionStateChanged('connected');
    await settle();
    expect(parts.messages('done')).toHaveLength(1);
    await settle(TIMEOUTS.doneGraceMs);
    expectClosed(parts, 'pipeline_failed');
  });

  it('is over with connect_timeout when that client never comes', async () => {
    const parts = setUp();
    parts.session.begin();
    parts.run.yields('end');
    await settle(TIMEOUTS.connectMs);
    expectClosed(parts, 'connect_timeout');
    expect(parts.messages('done')).toEqual([]);
  });

  it('can be cut short', async () => {
    const parts = await live();
    parts.run.yields('end');
    await settle();
    expect(parts.session.state).toBe('done');
    parts.session.messageReceived('{"type":"stop"}');
    await settle();
    expectClosed(parts, 'client_stop');
  });

  it('reaches a client that is away for a moment', async () => {
    const parts = await live();
    parts.session.connectionStateChanged('disconnected');
    parts.run.yields('end');
    await settle();
    expect(parts.session.state).toBe('done');
    await settle(TIMEOUTS.doneGraceMs);
    expectClosed(parts, 'completed');
  });
});

describe('what goes through a session', () => {
  it('hands input to a bidirectional pipeline as it is', async () => {
    const { session, run } = await live('bidirectional');
    const bytes = Uint8Array.of(1, 2);
    for (const message of ['{"type":"control"}', '[1]', '"text"', bytes]) session.messageReceived(message);
    expect(run.pushed).toEqual([{ type: 'control' }, [1], 'text', bytes]);
    expect(session.mediaReceived(CAMERA)).toBe(true);
    expect(run.media).toEqual([CAMERA]);
    await session.close('client_delete');
  });

  it('says that a server-push pipeline takes no input, and takes no camera for it', async () => {
    const { session, run, messages } = await live();
    session.messageReceived('{"type":"control"}');
    expect(messages('error')).toMatchObject([{ session_id: 'demo', code: 'not-bidirectional' }]);
    expect(session.mediaReceived(CAMERA)).toBe(false);
    expect([run.pushed, run.media]).toEqual([[], []]);
    await session.close('client_delete');
  });

  it('answers a bad message with an error and goes on', async () => {
    const { session, run, messages } = await live('bidirectional');
    session.messageReceived('{');
    session.messageReceived('x'.repeat(1001));
    session.messageReceived('['.repeat(9) + ']'.repeat(9));
    expect(messages('error').map(({ code }) => code)).toEqual(['malformed-message', 'message-too-large', 'message-too-deep']);
    session.messageReceived('1');
    expect(run.pushed).toEqual([1]);
    expect(session.state).toBe('live');
    await session.close('client_delete');
  });

  it('tells the client no more than ten such things in a second', async () => {
    const { session, run, messages } = await live('bidirectional');
    for (let count = 0; count < 1000; count += 1) {
      run.reportPushError('no such key');
      run.reportChunkError('frames_b64 is not a list');
      session.messageReceived('not JSON');
    }
    expect(messages('error').filter(({ code }) => code === 'push-failed').length + messages('chunk').length).toBe(10);
    expect(messages('error').filter(({ code }) => code !== 'push-failed')).toHaveLength(10);
    await vi.advanceTimersByTimeAsync(1000);
    run.reportPushError('again');
    expect(messages('error').at(-1)).toMatchObject({ detail: 'again' });
    await session.close('client_delete');
  });

  it('tells the client what its pipeline could not take or make, and goes on', async () => {
    const { session, run, messages } = await live('bidirectional');
    run.reportPushError('no such key');
    run.reportChunkError('frames_b64 is not a list');
    session.pictureRefused('The JPEG is damaged.');
    expect(messages('error')).toMatchObject([{ code: 'push-failed', detail: 'no such key' }]);
    expect(messages('chunk').map(({ error, data, index }) => [error, data, index])).toEqual([
      ['frames_b64 is not a list', null, null],
      ['The JPEG is damaged.', null, null],
    ]);
    expect(session.state).toBe('live');
    await session.close('client_delete');
  });

  it('tells the client of metadata that no data-channel message can carry, in its place', async () => {
    const { session, messages } = await live();
    session.chunkRouted({ pictures: [], index: 3, metadata: { text: 'x'.repeat(262_144) } }, undefined);
    expect(messages('chunk')).toEqual([
      expect.objectContaining({ data: null, error: expect.stringContaining('at most 262144') }),
    ]);
    await session.close('client_delete');
  });

  it('sends metadata with the time in seconds, and with or without an index', async () => {
    vi.setSystemTime(1_790_000_000_500);
    const { session, messages } = await live();
    session.chunkRouted({ pictures: [], index: 3, metadata: { prompt: 'x' } }, undefined);
    session.chunkRouted({ pictures: [], metadata: { status: 'warm' } }, undefined);
    expect(messages('chunk')).toEqual([
      { type: 'chunk', session_id: 'demo', index: 3, data: { prompt: 'x' }, timestamp: 1_790_000_000.5 },
      { type: 'chunk', session_id: 'demo', index: null, data: { status: 'warm' }, timestamp: 1_790_000_000.5 },
    ]);
    await session.close('client_delete');
  });

  it('is heard before the client is connected, and no more once the session closes', async () => {
    const parts = setUp('bidirectional');
    parts.session.begin();
    parts.session.messageReceived('"early"');
    expect(parts.run.pushed).toEqual(['early']);
    await parts.session.close('client_delete');
    const sent = parts.viewer.sent.length;
    parts.session.messageReceived('"late"');
    parts.session.messageReceived('{');
    parts.session.channelOpened();
    parts.session.connectionStateChanged('connected');
    parts.session.connectionStateChanged('disconnected');
    await settle(60_000);
    expect(parts.session.mediaReceived(CAMERA)).toBe(false);
    expect(parts.run.pushed).toEqual(['early']);
    expect(parts.run.pulled).toBe(0);
    expect(parts.viewer.sent).toHaveLength(sent);
    expectClosed(parts, 'client_delete');
  });

  it('ends with the closed message: what the pipeline says while it is closed is not sent', async () => {
    const parts = await live('bidirectional');
    const held = Promise.withResolvers<void>();
    parts.run.closing = held.promise;
    const close = parts.session.close('client_delete');
    parts.run.reportPushError('closing');
    parts.run.reportChunkError('closing');
    parts.session.pictureRefused('closing');
    parts.session.chunkRouted({ pictures: [], index: 1, metadata: { a: 1 } }, undefined);
    held.resolve();
    await close;
    expect(parts.viewer.sent.at(-1)).toMatchObject({ type: 'closed' });
  });
});

describe('a control message with an id', () => {
  const press = (id: unknown): string => JSON.stringify({ type: 'control', key: 'ArrowUp', action: 'press', id });
  const applies = (appliedControls: string[], more: Partial<Chunk> = {}): Chunk => ({ ...chunk(4), appliedControls, ...more });
  const times = { yieldedAtMs: undefined, routedAtMs: 0, encodeBeganAtMs: 0, encodedAtMs: 0 };

  it('reaches the pipeline as it is, with the id beside it', async () => {
    const { session, run } = await live('bidirectional');
    for (const id of ['a', 7, 'a', null, '', 1.5, { a: 1 }]) session.messageReceived(press(id));
    expect(run.pushed).toEqual(
      ['a', 7, 'a', null, '', 1.5, { a: 1 }].map((id) => ({ type: 'control', key: 'ArrowUp', action: 'press', id })),
    );
    // The second "a" is another's, and what is no id is not followed.
    expect(run.controls).toEqual(['a', '7', undefined, undefined, undefined, undefined, undefined]);
    await session.close('client_delete');
  });

  it('is named, as the client wrote it, by the message of the chunk that reflects it, once', async () => {
    const { session, messages } = await live('bidirectional');
    session.messageReceived(press(7));
    session.messageReceived(press('b'));
    session.chunkRouted(applies(['7', 'never sent', 'b']), 90_000);
    session.chunkRouted(applies(['7']), 93_000);
    expect(messages('chunk')).toEqual([
      {
        type: 'chunk',
        session_id: 'demo',
        index: 4,
        data: {},
        applied_controls: [7, 'b'],
        rtp_timestamp: 90_000,
        timestamp: expect.any(Number) as number,
      },
    ]);
    await session.close('client_delete');
  });

  it('is timed from its receipt to the frame that the client shows, half a round trip before its report', async () => {
    const { session, viewer, serviceLatencies } = await live('bidirectional');
    viewer.roundTripMs = 20;
    const receivedAtMs = performance.now();
    session.messageReceived(press('a'));
    session.chunkRouted(applies(['a'], { pushedAtMs: [receivedAtMs + 2], yieldedAtMs: receivedAtMs + 12 }), 1);
    const mark = { index: 4, appliedControls: ['a'], rtpTimestamp: 1 };
    session.pictureSent(
      {
        yieldedAtMs: receivedAtMs + 12,
        routedAtMs: receivedAtMs + 13,
        encodeBeganAtMs: receivedAtMs + 15,
        encodedAtMs: receivedAtMs + 20,
        sentAtMs: receivedAtMs + 21,
      },
      mark,
    );
    await settle(50);
    session.messageReceived('{"type":"shown","id":"a"}');
    for (const latencies of [session.stats.latencies, serviceLatencies.summaries()]) {
      const found = Object.fromEntries(Object.entries(latencies).map(([stage, { count, sumMs }]) => [stage, [count, sumMs]]));
      expect(found).toEqual({
        control_to_push: [1, 2],
        push_to_yield: [1, 10],
        yield_to_encode: [1, 3],
        encode: [1, 5],
        encode_to_send: [1, 1],
        yield_to_sent: [1, 9],
        control_to_sent: [1, 21],
        send_to_shown: [1, 19],
        control_to_shown: [1, 40],
      });
    }
    await session.close('client_delete');
  });

  it('tells of its first picture, once', async () => {
    const { session, firstFrames } = await live('server_push');
    const stages = { yieldedAtMs: undefined, routedAtMs: 1, encodeBeganAtMs: 2, encodedAtMs: 3 };
    session.pictureSent({ ...stages, sentAtMs: 4 }, undefined);
    session.pictureSent({ ...stages, sentAtMs: 5 }, undefined);
    expect(firstFrames).toEqual([4]);
    await session.close('client_delete');
  });

  it('takes reports in either form from its client, and leaves everything else of that type to the pipeline', async () => {
    const { session, run } = await live('bidirectional');
    const message = (fields: object): string => JSON.stringify({ type: 'shown', ...fields });
    // Nothing was named or sent, so these are the pipeline's.
    session.messageReceived(message({ id: 'a' }));
    session.messageReceived(message({ rtp_timestamp: 5 }));
    expect(run.pushed).toHaveLength(2);
    session.messageReceived(press('a'));
    session.pictureSent({ ...times, sentAtMs: 0 }, { index: undefined, appliedControls: ['a'], rtpTimestamp: 5 });
    run.pushed.length = 0;
    session.messageReceived(message({ id: 'unknown' }));
    session.messageReceived(message({ rtp_timestamp: 5 }));
    session.messageReceived(message({ rtp_timestamp: 5 }));
    expect(run.pushed).toEqual([]);
    expect(session.stats.latencies.send_to_shown.count).toBe(1);
    for (const fields of [{}, { id: 'a', more: 1 }, { id: null }, { rtp_timestamp: -1 }, { rtp_timestamp: 2 ** 32 }]) {
      session.messageReceived(message(fields));
    }
    expect(run.pushed).toHaveLength(5);
    await session.close('client_delete');
  });

  it('is no input for a server push, but a report is taken', async () => {
    const { session, messages } = await live();
    session.pictureSent({ ...times, sentAtMs: 0 }, { index: undefined, appliedControls: [], rtpTimestamp: 5 });
    session.messageReceived('{"type":"shown","rtp_timestamp":5}');
    expect(messages('error')).toEqual([]);
    expect(session.stats.latencies.send_to_shown.count).toBe(1);
    session.messageReceived(press('a'));
    expect(messages('error')).toMatchObject([{ code: 'not-bidirectional' }]);
    await session.close('client_delete');
  });
});

describe('the account of the pictures', () => {
  const balance = ({ generated, sent, queued, dropped }: FrameLedger): [number, number] => [
    generated,
    sent + queued + Object.values(dropped).reduce((sum, count) => sum + count, 0),
  ];

  it('counts those that wait for a client, and closes with them', async () => {
    const { session, run } = setUp();
    session.begin();
    run.yields(chunk(0), chunk(1));
    await settle();
    expect(session.frames).toMatchObject({ generated: 2, queued: 2, sent: 0 });
    await session.close('client_delete');
    expect(session.frames).toMatchObject({ generated: 2, queued: 0, sent: 0, dropped: { closed: 2 } });
  });

  it('counts those of a client that takes no video', async () => {
    const { session, run, viewer } = await live();
    viewer.takesVideo = false;
    run.yields(chunk(0), chunk(1));
    await settle();
    expect(session.frames).toMatchObject({ generated: 2, queued: 0, dropped: { no_track: 2, closed: 0 } });
    await session.close('client_delete');
    expect(session.frames).toMatchObject({ generated: 2, queued: 0, dropped: { no_track: 2, closed: 0 } });
  });

  it('adds up at every moment, whatever happens', async () => {
    const event = fc.oneof(
      { weight: 3, arbitrary: fc.nat({ max: 5 }).map((pictures) => ({ pictures })) },
      fc.nat({ max: 8 }).map((plays) => ({ plays })),
      fc.constantFrom('connected' as const, 'fail' as const, 'crash' as const, 'end' as const, 'close' as const),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(event, { maxLength: 20 }), fc.boolean(), async (events, takesVideo) => {
        const { session, run, viewer } = setUp();
        viewer.takesVideo = takesVideo;
        session.begin();
        let generated = 0;
        for (const what of events) {
          if (typeof what === 'object' && 'pictures' in what) {
            generated += what.pictures;
            const picture = { kind: 'encoded' as const, data: new Uint8Array() };
            run.yields({ pictures: Array.from({ length: what.pictures }, () => picture), metadata: {} });
          } else if (typeof what === 'object') viewer.plays(what.plays);
          else if (what === 'connected') session.connectionStateChanged('connected');
          else if (what === 'close') void session.close('client_delete');
          else if (what === 'end') run.yields('end');
          else run.yields(what === 'crash' ? new PipelineCrashedError('gone') : new PipelineFailedError('no'));
          expect(balance(session.frames)).toEqual([generated, generated]);
          await settle();
          expect(balance(session.frames)).toEqual([generated, generated]);
        }
        await session.close('server_shutdown');
        expect(balance(session.frames)).toEqual([generated, generated]);
        expect(session.frames.queued).toBe(0);
        await settle(120_000);
      }),
      { numRuns: 200 },
    );
  });
});

describe('any sequence of events', () => {
  it('ends in exactly one close, with nothing left', async () => {
    const event = fc.constantFrom(
      'connected',
      'disconnected',
      'channelOpened',
      'message',
      'chunk',
      'end',
      'fail',
      'wait',
      'longWait',
      'stop',
      'channelClosed',
      'failed',
      'closed',
      'delete',
    );
    await fc.assert(
      fc.asyncProperty(
        fc.array(event, { maxLength: 15 }),
        fc.constantFrom('server_push' as const, 'bidirectional' as const),
        async (events, mode) => {
          const parts = setUp(mode);
          const { session, run } = parts;
          session.begin();
          for (const name of events) {
            if (name === 'connected' || name === 'disconnected' || name === 'failed' || name === 'closed')
              session.connectionStateChanged(name);
            else if (name === 'channelOpened' || name === 'channelClosed') session[name]();
            else if (name === 'message') session.messageReceived('1');
            else if (name === 'stop') session.messageReceived('{"type":"stop"}');
            else if (name === 'chunk') run.yields(chunk(0));
            else if (name === 'end') run.yields('end');
            else if (name === 'fail') run.yields(new PipelineFailedError('x'));
            else if (name === 'delete') void session.close('client_delete');
            else await settle(name === 'wait' ? 10 : 4000);
            await settle();
          }
          await session.close('server_shutdown');
          expect(parts.closedWith).toHaveLength(1);
          expectClosed(parts, parts.closedWith[0] ?? 'completed');
          expect(parts.messages('done').length).toBeLessThanOrEqual(1);
          expect(run.pulled === 0 || run.returned).toBe(true);
          await settle(120_000);
          expect(parts.closedWith).toHaveLength(1);
        },
      ),
      { numRuns: 150 },
    );
  });
});
