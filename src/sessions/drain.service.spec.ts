import { Logger } from '@nestjs/common';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { loadConfiguration } from '../config/index.js';
import type { CloseReason } from './close-reason.js';
import { Drain } from './drain.service.js';
import { SessionRegistry } from './session-registry.service.js';
import { SessionSlots } from './session-slots.service.js';
import type { Session } from './session.js';

const NOW_MS = Date.UTC(2026, 10, 23);

function setUp(timeoutSeconds = 30) {
  const configuration = loadConfiguration({ TELEFUSER_DRAIN_TIMEOUT_SECONDS: String(timeoutSeconds) });
  const slots = new SessionSlots(configuration);
  const registry = new SessionRegistry(slots);
  const drain = new Drain(configuration, slots, registry);
  /** Opens a session in a slot, as an offer does. */
  const open = (id: string) => {
    const lease = slots.acquire();
    const session = {
      id,
      mode: 'server_push',
      announceEnd: vi.fn<Session['announceEnd']>(),
      close: vi.fn<(reason: CloseReason) => Promise<void>>(async () => lease?.release()),
    };
    registry.add(session as unknown as Session);
    return { session, end: () => lease?.release() };
  };
  return { slots, registry, drain, open };
}

/** Whether the promise has settled, once everything that can has run. */
async function settled(promise: Promise<unknown>): Promise<boolean> {
  let done = false;
  void promise.then(() => (done = true));
  await vi.advanceTimersByTimeAsync(0);
  return done;
}

beforeAll(() => Logger.overrideLogger(false));
afterAll(() => Logger.overrideLogger(['log']));
beforeEach(() => vi.useFakeTimers({ now: NOW_MS }));
afterEach(() => vi.useRealTimers());

describe('Drain', () => {
  it('is over at once when no session is open', async () => {
    const { drain } = setUp();
    expect(drain.deadlineMs).toBeUndefined();
    expect(await settled(drain.begin())).toBe(true);
    expect(drain.deadlineMs).toBe(NOW_MS + 30_000);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('tells every session until when it may stay, and is over when the last has ended', async () => {
    const { drain, open } = setUp();
    const [first, second] = [open('a'), open('b')];
    const drained = drain.begin();
    for (const { session } of [first, second]) expect(session.announceEnd).toHaveBeenCalledExactlyOnceWith(NOW_MS + 30_000);
    first.end();
    expect(await settled(drained)).toBe(false);
    second.end();
    expect(await settled(drained)).toBe(true);
    expect(first.session.close).not.toHaveBeenCalled();
    expect(vi.getTimerCount()).toBe(0);
  });

  it('waits for an offer that is being answered, and tells its session too', async () => {
    const { drain, slots, registry } = setUp();
    const lease = slots.acquire();
    const drained = drain.begin();
    const session = { id: 'a', announceEnd: vi.fn<Session['announceEnd']>() };
    registry.add(session as unknown as Session);
    expect(session.announceEnd).toHaveBeenCalledExactlyOnceWith(NOW_MS + 30_000);
    expect(await settled(drained)).toBe(false);
    lease?.release();
    expect(await settled(drained)).toBe(true);
  });

  it('closes what is left at the deadline, and whatever still comes', async () => {
    const { drain, open } = setUp();
    const { session } = open('a');
    const drained = drain.begin();
    await vi.advanceTimersByTimeAsync(29_999);
    expect(session.close).not.toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(1);
    expect(session.close).toHaveBeenCalledExactlyOnceWith('drain_deadline');
    expect(await settled(drained)).toBe(true);
    expect(open('late').session.close).toHaveBeenCalledExactlyOnceWith('drain_deadline');
  });

  it('announces nothing when sessions get no time', async () => {
    const { drain, open } = setUp(0);
    const { session } = open('a');
    expect(await settled(drain.begin())).toBe(true);
    expect(drain.deadlineMs).toBeDefined();
    expect(session.announceEnd).not.toHaveBeenCalled();
  });

  it('begins once', async () => {
    const { drain, open } = setUp();
    const { session, end } = open('a');
    const drained = drain.begin();
    await vi.advanceTimersByTimeAsync(1000);
    expect(drain.begin()).toBe(drained);
    expect(drain.deadlineMs).toBe(NOW_MS + 30_000);
    expect(session.announceEnd).toHaveBeenCalledOnce();
    end();
    await drained;
  });
});
