import 'reflect-metadata';

import type { ExecutionContext } from '@nestjs/common';
import { ROUTE_ARGS_METADATA } from '@nestjs/common/constants.js';
import { EventEmitter } from 'node:events';
import { describe, expect, it } from 'vitest';
import { Problem } from '../common/index.js';
import { loadConfiguration } from '../config/index.js';
import { Drain } from './drain.service.js';
import { MaxSessionsGuard, ReservedSlot } from './max-sessions.guard.js';
import { SessionRegistry } from './session-registry.service.js';
import { SessionSlots, type SlotLease } from './session-slots.service.js';

function setUp(max: number) {
  const configuration = loadConfiguration({ TELEFUSER_WEBRTC_MAX_SESSIONS: String(max) });
  const slots = new SessionSlots(configuration);
  const registry = new SessionRegistry(slots);
  const drain = new Drain(configuration, slots, registry);
  const guard = new MaxSessionsGuard(slots, drain);
  return { slots, guard, drain };
}

function requestOf(): { context: ExecutionContext; response: EventEmitter } {
  const request = {};
  const response = new EventEmitter();
  const http = { getRequest: () => request, getResponse: () => ({ raw: response }) };
  return { context: { switchToHttp: () => http } as unknown as ExecutionContext, response };
}

/** What a controller gets for a parameter with `@ReservedSlot()`. */
function reservedSlot(context: ExecutionContext): SlotLease {
  class Probe {
    probe(@ReservedSlot() _slot: unknown): void {
      // Only its metadata is wanted.
    }
  }
  const metadata = Reflect.getMetadata(ROUTE_ARGS_METADATA, Probe, 'probe') as Record<
    string,
    { factory: (data: unknown, context: ExecutionContext) => SlotLease }
  >;
  const [parameter] = Object.values(metadata);
  if (parameter === undefined) throw new Error('the decorator left no metadata');
  return parameter.factory(undefined, context);
}

describe('MaxSessionsGuard', () => {
  it('reserves a slot for each request, and refuses one too many with max-sessions', () => {
    const { slots, guard } = setUp(2);
    expect(guard.canActivate(requestOf().context)).toBe(true);
    expect(guard.canActivate(requestOf().context)).toBe(true);
    expect(slots.inUse).toBe(2);
    const refusal = (): boolean => guard.canActivate(requestOf().context);
    expect(refusal).toThrow(Problem);
    expect(refusal).toThrow(
      expect.objectContaining({ code: 'max-sessions', detail: expect.stringContaining('All 2 sessions') as string }),
    );
    expect(slots.inUse).toBe(2);
  });

  it('refuses every request while the server drains, whether a slot is free or not', async () => {
    const { slots, guard, drain } = setUp(2);
    await drain.begin();
    const refusal = (): boolean => guard.canActivate(requestOf().context);
    expect(refusal).toThrow(expect.objectContaining({ code: 'draining', status: 503, retryAfterSeconds: 2 }));
    expect(slots.inUse).toBe(0);
  });

  it.each([
    ['was answered', ['finish', 'close']],
    ['was abandoned', ['close']],
    ['closed before it finished', ['close', 'finish']],
  ])('gives an unclaimed slot back once when the request %s', (_what, events) => {
    const { slots, guard } = setUp(2);
    guard.canActivate(requestOf().context);
    const { context, response } = requestOf();
    guard.canActivate(context);
    for (const event of events) response.emit(event);
    expect(slots.inUse).toBe(1);
  });

  it('leaves a claimed slot to the session after the answer', () => {
    const { slots, guard } = setUp(1);
    const { context, response } = requestOf();
    guard.canActivate(context);
    const lease = reservedSlot(context);
    lease.claim();
    response.emit('finish');
    response.emit('close');
    expect(slots.inUse).toBe(1);
    lease.release();
    expect(slots.inUse).toBe(0);
  });

  it('gives each request its own slot', () => {
    const { guard } = setUp(2);
    const [first, second] = [requestOf(), requestOf()];
    guard.canActivate(first.context);
    guard.canActivate(second.context);
    expect(reservedSlot(first.context)).not.toBe(reservedSlot(second.context));
    expect(reservedSlot(first.context)).toBe(reservedSlot(first.context));
  });

  it('says what is wrong with a route that asks for a slot without the guard', () => {
    expect(() => reservedSlot(requestOf().context)).toThrow(/needs MaxSessionsGuard/u);
  });
});
