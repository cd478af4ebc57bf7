import { Logger } from '@nestjs/common';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { Problem, type OfferSummary } from '../common/index.js';
import { loadConfiguration } from '../config/index.js';
import { ANYONE, AuditLog, StreamTokens } from '../identity/index.js';
import type { Viewer, ViewerFactory } from '../media/index.js';
import {
  PipelineUnavailableError,
  SessionConflictError,
  SessionRefusedError,
  type PipelineRun,
  type PipelineService,
} from '../pipeline-loader/index.js';
import { NO_TRACE } from '../tracing/index.js';
import { ServiceFigures } from './service-figures.service.js';
import { SessionRegistry } from './session-registry.service.js';
import { SessionSlots, type SlotLease } from './session-slots.service.js';
import type { InitialImages } from '../images/index.js';
import { OfferTermsService } from './offer-terms.service.js';
import type { SessionOffer } from './session-offer.js';
import { SessionService } from './session.service.js';

const VIDEO_AND_CHANNEL: OfferSummary = {
  media: [{ mid: '0', kind: 'video', direction: 'recvonly', codecs: [] }],
  dataChannel: true,
  iceCandidates: 0,
  dtlsSetup: 'actpass',
};
const NEVER = new AbortController().signal;

function offerOf(parts: Partial<SessionOffer> = {}): SessionOffer {
  return {
    caller: ANYONE,
    sdp: 'v=0',
    arrivedAtMs: 0,
    trace: NO_TRACE,
    summary: VIDEO_AND_CHANNEL,
    sessionId: 'demo',
    fps: undefined,
    config: {},
    fields: {},
    ...parts,
  };
}

function runOf(sessionId: string) {
  return {
    sessionId,
    picturesReceived: 0,
    chunks: async function* () {
      // Yields nothing and stays open until the run is closed.
    },
    onPushError: vi.fn<PipelineRun['onPushError']>(),
    onChunkError: vi.fn<PipelineRun['onChunkError']>(),
    close: vi.fn<PipelineRun['close']>(() => Promise.resolve()),
  };
}

function viewerOf() {
  return {
    localSdp: 'v=0 answer',
    hasChannel: true,
    observe: vi.fn<Viewer['observe']>(),
    start: vi.fn<Viewer['start']>(),
    drained: vi.fn<Viewer['drained']>(() => Promise.resolve()),
    stats: { video: undefined, untrackedFrames: 0 },
    send: vi.fn<Viewer['send']>(() => true),
    close: vi.fn<Viewer['close']>(() => Promise.resolve()),
  };
}

function setUp(pipelineParts: Partial<Record<'state' | 'mode' | 'failure' | 'defaultFps', unknown>> = {}) {
  const configuration = loadConfiguration({ TELEFUSER_WEBRTC_MAX_SESSIONS: '2' });
  const slots = new SessionSlots(configuration);
  const registry = new SessionRegistry(slots);
  const figures = new ServiceFigures(registry);
  const runs: ReturnType<typeof runOf>[] = [];
  const viewers: ReturnType<typeof viewerOf>[] = [];
  const open = vi.fn<PipelineService['open']>((id) => {
    const run = runOf(id);
    runs.push(run);
    return Promise.resolve(run as unknown as PipelineRun);
  });
  const answer = vi.fn<ViewerFactory['answer']>(() => {
    const viewer = viewerOf();
    viewers.push(viewer);
    return Promise.resolve(viewer as unknown as Viewer);
  });
  const checkConfig = vi.fn<PipelineService['checkConfig']>(() => []);
  const upright = vi.fn<InitialImages['upright']>((value) => Promise.resolve(value));
  const pipeline = {
    state: 'ready',
    mode: 'bidirectional',
    failure: undefined,
    defaultFps: undefined,
    ...pipelineParts,
    open,
    checkConfig,
  } as unknown as PipelineService;
  const service = new SessionService(
    configuration,
    pipeline,
    new OfferTermsService(pipeline, { upright } as unknown as InitialImages),
    { answer } as unknown as ViewerFactory,
    registry,
    figures,
    new StreamTokens(configuration),
    new AuditLog(),
  );
  const lease = (): SlotLease => {
    const acquired = slots.acquire();
    if (acquired === undefined) throw new Error('no slot is free');
    return acquired;
  };
  return { service, figures, registry, slots, lease, open, checkConfig, upright, answer, runs, viewers };
}

type Parts = ReturnType<typeof setUp>;

/** Opens a session as a request does, which gives its slot back when nobody claimed it; the problem that comes of it. */
async function refusal({ service, lease }: Parts, offer: SessionOffer): Promise<Problem> {
  const slot = lease();
  try {
    await service.open(offer, slot, NEVER);
  } catch (error) {
    if (error instanceof Problem) return error;
    throw error;
  } finally {
    slot.releaseUnclaimed();
  }
  throw new Error('the session was opened');
}

beforeAll(() => Logger.overrideLogger(false));
afterAll(() => Logger.overrideLogger(['log']));

describe('opening a session', () => {
  it('takes a slot and an id until the session has closed', async () => {
    const { service, figures, registry, slots, lease, runs, viewers } = setUp();
    const slot = lease();
    const session = await service.open(offerOf(), slot, NEVER);
    slot.releaseUnclaimed();
    expect(session.answerSdp).toBe('v=0 answer');
    expect([slots.inUse, registry.stats().active]).toEqual([1, 1]);
    expect(service.status('demo', ANYONE).session).toBe(session);
    expect(service.get('demo', ANYONE)).toBe(session);
    await service.close('demo', ANYONE);
    expect([slots.inUse, registry.stats().active]).toEqual([0, 0]);
    expect(service.status('demo', ANYONE)).toEqual({ sessionId: 'demo', session: undefined, closeReason: 'client_delete' });
    expect([runs[0]?.close.mock.calls.length, viewers[0]?.close.mock.calls.length]).toEqual([1, 1]);
    await expect(service.close('demo', ANYONE)).rejects.toMatchObject({ code: 'session-not-found' });
    expect(() => service.get('demo', ANYONE)).toThrow(expect.objectContaining({ code: 'session-not-found' }));
    expect(figures).toMatchObject({ sessionsOpened: 1, sessionsClosed: { client_delete: 1 }, offerResults: { answered: 1 } });
    expect(() => registry.reserve('demo')).not.toThrow();
  });

  it.each([
    ['starts still', { state: 'starting', mode: undefined }, 'still starting'],
    ['failed', { state: 'failed', failure: 'It threw in start().' }, 'It threw in start().'],
    ['is stopped', { state: 'stopped' }, 'not running'],
  ])('is answered service-not-running while the pipeline %s', async (_what, pipeline, detail) => {
    const parts = setUp(pipeline);
    const problem = await refusal(parts, offerOf());
    expect(problem.code).toBe('service-not-running');
    expect(parts.figures).toMatchObject({ sessionsOpened: 0, offerResults: {} });
    expect(problem.detail).toContain(detail);
    expect(parts.open).not.toHaveBeenCalled();
  });

  it.each([
    ['a bidirectional offer without a channel', 'bidirectional', { ...VIDEO_AND_CHANNEL, dataChannel: false }],
    ['an offer that takes nothing', 'server_push', { ...VIDEO_AND_CHANNEL, media: [], dataChannel: false }],
    [
      'an offer that only sends',
      'server_push',
      {
        media: [{ mid: '0', kind: 'video' as const, direction: 'sendonly' as const, codecs: [] }],
        dataChannel: false,
        iceCandidates: 0,
        dtlsSetup: 'actpass' as const,
      },
    ],
  ])('refuses %s before the pipeline hears of it', async (_what, mode, summary) => {
    const parts = setUp({ mode });
    expect((await refusal(parts, offerOf({ summary }))).code).toBe('invalid-sdp');
    expect(parts.open).not.toHaveBeenCalled();
    expect(parts.slots.inUse).toBe(0);
  });

  it.each([
    [new SessionRefusedError('no such style'), 'session-refused'],
    [new SessionConflictError('one at a time'), 'session-conflict'],
    [new PipelineUnavailableError('it crashed'), 'service-not-running'],
  ])('gives slot and id back when the pipeline says %s', async (error, code) => {
    const parts = setUp();
    parts.open.mockRejectedValueOnce(error);
    expect(await refusal(parts, offerOf())).toMatchObject({ code, detail: error.message });
    expect(parts.slots.inUse).toBe(0);
    expect(() => parts.registry.reserve('demo')).not.toThrow();
  });

  it('closes the run and gives slot and id back when negotiation fails', async () => {
    const parts = setUp();
    parts.answer.mockRejectedValueOnce(new Error('bad candidate'));
    expect(await refusal(parts, offerOf())).toMatchObject({
      code: 'negotiation-failed',
      detail: 'SDP negotiation failed: bad candidate',
    });
    expect(parts.runs[0]?.close).toHaveBeenCalledTimes(1);
    expect(parts.slots.inUse).toBe(0);
    expect(() => parts.registry.reserve('demo')).not.toThrow();
  });

  it('refuses a second session of the same id and leaves the first alone', async () => {
    const parts = setUp();
    const session = await parts.service.open(offerOf(), parts.lease(), NEVER);
    expect((await refusal(parts, offerOf())).code).toBe('session-conflict');
    expect(parts.open).toHaveBeenCalledTimes(1);
    expect(parts.service.status('demo', ANYONE).session).toBe(session);
    expect(parts.slots.inUse).toBe(1);
    await session.close('server_shutdown');
  });

  it('builds nothing for a client that went away before', async () => {
    const parts = setUp();
    const lease = parts.lease();
    await expect(parts.service.open(offerOf(), lease, AbortSignal.abort())).rejects.toMatchObject({ code: 'negotiation-failed' });
    expect(parts.open).not.toHaveBeenCalled();
    lease.releaseUnclaimed();
    expect(parts.slots.inUse).toBe(0);
  });

  it('keeps the slot of a client that went away until what was built for it is gone', async () => {
    const parts = setUp();
    const aborter = new AbortController();
    const closed = Promise.withResolvers<void>();
    const run = { ...runOf('demo'), close: async () => closed.promise };
    parts.open.mockImplementationOnce(async () => {
      aborter.abort();
      return run as unknown as PipelineRun;
    });
    const lease = parts.lease();
    const opening = parts.service.open(offerOf(), lease, aborter.signal);
    opening.catch(() => undefined);
    await vi.waitFor(() => expect(parts.open).toHaveBeenCalled());
    // The response has ended, as the guard sees it.
    lease.releaseUnclaimed();
    expect(parts.slots.inUse).toBe(1);
    closed.resolve();
    await expect(opening).rejects.toMatchObject({ code: 'negotiation-failed' });
    expect(parts.slots.inUse).toBe(0);
  });

  it('closes a session whose client goes before the answer', async () => {
    const parts = setUp();
    const aborter = new AbortController();
    await parts.service.open(offerOf(), parts.lease(), aborter.signal);
    aborter.abort();
    await vi.waitFor(() => expect(parts.slots.inUse).toBe(0));
    expect(parts.service.status('demo', ANYONE).closeReason).toBe('offer_abandoned');
  });
});

describe('the id of a session', () => {
  it('is made by the server when the client gives none', async () => {
    const { service, lease } = setUp();
    const session = await service.open(offerOf({ sessionId: undefined }), lease(), NEVER);
    expect(session.id).toMatch(/^[0-9a-f-]{36}$/u);
    await session.close('server_shutdown');
  });

  it('is the one the pipeline gives, and the requested one is free then', async () => {
    const { service, registry, open, lease } = setUp();
    open.mockResolvedValueOnce(runOf('own') as unknown as PipelineRun);
    const session = await service.open(offerOf(), lease(), NEVER);
    expect(session.id).toBe('own');
    expect(() => registry.reserve('demo')).not.toThrow();
    expect(() => registry.reserve('own')).toThrow(Problem);
    await session.close('server_shutdown');
  });

  it.each(['a/b', '', '..'])('is not %j, though the pipeline says so', async (own) => {
    const parts = setUp();
    const run = runOf(own);
    parts.open.mockResolvedValueOnce(run as unknown as PipelineRun);
    expect((await refusal(parts, offerOf())).code).toBe('session-refused');
    expect(run.close).toHaveBeenCalledTimes(1);
    expect(() => parts.registry.reserve('demo')).not.toThrow();
  });

  it('stays with the session that has it when a pipeline gives it to another too', async () => {
    const parts = setUp();
    const first = await parts.service.open(offerOf({ sessionId: 'own' }), parts.lease(), NEVER);
    const run = runOf('own');
    parts.open.mockResolvedValueOnce(run as unknown as PipelineRun);
    expect((await refusal(parts, offerOf())).code).toBe('session-conflict');
    expect(run.close).toHaveBeenCalledTimes(1);
    expect(parts.service.status('own', ANYONE).session).toBe(first);
    expect(() => parts.registry.reserve('own')).toThrow(Problem);
    expect(() => parts.registry.reserve('demo')).not.toThrow();
    await first.close('server_shutdown');
  });

  it('that was given up for one of the pipeline is not taken from whoever has it now', async () => {
    const parts = setUp();
    parts.open.mockResolvedValueOnce(runOf('own') as unknown as PipelineRun);
    const negotiation = Promise.withResolvers<Viewer>();
    parts.answer.mockReturnValueOnce(negotiation.promise);
    const failing = refusal(parts, offerOf());
    await vi.waitFor(() => expect(parts.answer).toHaveBeenCalled());
    const other = await parts.service.open(offerOf(), parts.lease(), NEVER);
    negotiation.reject(new Error('too late'));
    await failing;
    expect(() => parts.registry.reserve('demo')).toThrow(Problem);
    await other.close('server_shutdown');
  });
});

describe('what the pipeline is asked for', () => {
  it('is the fields and the config, merged for bidirectional, and apart for server push', async () => {
    const offer = offerOf({ config: { style: 'oil', task: 'config' }, fields: { task: 't2v', seed: 7 } });
    for (const [mode, request] of [
      ['bidirectional', { style: 'oil', task: 't2v', seed: 7, session_id: 'demo' }],
      ['server_push', { task: 't2v', seed: 7, config: { style: 'oil', task: 'config' }, session_id: 'demo', task_id: 'demo' }],
    ] as const) {
      const { service, open, lease } = setUp({ mode });
      const session = await service.open(offer, lease(), NEVER);
      expect(open).toHaveBeenCalledWith('demo', expect.objectContaining(request), NEVER);
      await session.close('server_shutdown');
    }
  });

  it.each([
    [{ fps: 30 }, { fps: 12 }, 15, 30],
    [{}, { fps: 12 }, 15, 12],
    [{}, { fps: null }, 15, 15],
    [{}, {}, 15, 15],
    [{}, {}, undefined, 24],
  ])('has the pace of the request %j, the config %j or the pipeline, %j: %j', async (offer, config, defaultFps, expected) => {
    const { service, viewers, lease } = setUp({ defaultFps });
    const session = await service.open(offerOf({ ...offer, config }), lease(), NEVER);
    session.connectionStateChanged('connected');
    expect(viewers[0]?.start).toHaveBeenCalledWith(expected, session);
    await session.close('server_shutdown');
  });

  it.each([0, -1, 241, Number.NaN, '24', true, [24]])('refuses config.fps %j and points at it', async (fps) => {
    const parts = setUp();
    const problem = await refusal(parts, offerOf({ config: { fps } }));
    expect(problem).toMatchObject({ code: 'validation-failed', errors: [{ pointer: '/config/fps' }] });
    expect(parts.open).not.toHaveBeenCalled();
    expect(() => parts.registry.reserve('demo')).not.toThrow();
  });

  it('is nothing that breaks the schema of the pipeline, and the refusal names every field', async () => {
    const parts = setUp();
    const errors = ['a', 'b', 'c', 'd'].map((name) => ({ pointer: `/config/${name}`, detail: `config.${name} is required` }));
    parts.checkConfig.mockReturnValueOnce(errors);
    expect(await refusal(parts, offerOf({ config: { e: 1 }, fields: { image: 'data:,' } }))).toMatchObject({
      code: 'validation-failed',
      detail: 'config.a is required; config.b is required; config.c is required; and 1 more.',
      errors,
    });
    expect(parts.checkConfig).toHaveBeenCalledWith({ e: 1 });
    // What costs more is not begun.
    expect(parts.upright).not.toHaveBeenCalled();
    expect(parts.open).not.toHaveBeenCalled();
    expect(parts.slots.inUse).toBe(0);
  });

  it('has the upright image in place of the one that was sent, in the config as well', async () => {
    const parts = setUp({ mode: 'server_push' });
    parts.upright.mockImplementation((value, pointer) => Promise.resolve(`upright ${String(value)} of ${pointer}`));
    const offer = offerOf({ config: { image: 'a', style: 'oil' }, fields: { image: 'b', seed: 7 } });
    const session = await parts.service.open(offer, parts.lease(), NEVER);
    expect(parts.open.mock.calls[0]?.[1]).toMatchObject({
      image: 'upright b of /image',
      seed: 7,
      config: { image: 'upright a of /config/image', style: 'oil' },
    });
    await session.close('server_shutdown');
  });

  it('is nothing when the client goes away while its image is looked at', async () => {
    const parts = setUp();
    const aborter = new AbortController();
    parts.upright.mockImplementationOnce(() => {
      aborter.abort(new Error('the client went away'));
      return Promise.reject(new Error('the client went away'));
    });
    const opening = parts.service.open(offerOf({ fields: { image: 'data:,' } }), parts.lease(), aborter.signal);
    await expect(opening).rejects.toMatchObject({ code: 'negotiation-failed' });
    expect(parts.open).not.toHaveBeenCalled();
    expect(parts.slots.inUse).toBe(0);
  });

  it('shows, gives and closes a session to its owner only, also when it is over', async () => {
    const parts = setUp();
    const [ann, bob] = ['ann', 'bob'].map((name) => ({ ...ANYONE, kind: 'jwt' as const, name, tenant: 'acme', subject: name }));
    if (ann === undefined || bob === undefined) throw new Error('two users are needed');
    const lease = parts.slots.acquire('acme');
    if (lease === undefined) throw new Error('no slot is free');
    const session = await parts.service.open(offerOf({ caller: ann }), lease, NEVER);
    expect(parts.service.get('demo', ann)).toBe(session);
    expect(() => parts.service.get('demo', bob)).toThrow('No session "demo" is open.');
    expect(parts.service.status('demo', bob)).toEqual({ sessionId: 'demo', session: undefined, closeReason: undefined });
    await expect(parts.service.close('demo', bob)).rejects.toMatchObject({ code: 'session-not-found' });
    await parts.service.close('demo', ann);
    expect(parts.service.status('demo', ann).closeReason).toBe('client_delete');
    expect(parts.service.status('demo', bob).closeReason).toBeUndefined();
  });
});
