import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { loadConfiguration } from '../config/index.js';
import { SessionSlots, type SlotLease } from './session-slots.service.js';

function slotsOf(max: number): SessionSlots {
  return new SessionSlots(loadConfiguration({ TELEFUSER_WEBRTC_MAX_SESSIONS: String(max) }));
}

function acquired(slots: SessionSlots): SlotLease {
  const lease = slots.acquire();
  if (lease === undefined) throw new Error('no slot is free');
  return lease;
}

describe('SessionSlots', () => {
  it('gives out as many slots as configured, and one again when one comes back', () => {
    const slots = slotsOf(2);
    expect(slots.max).toBe(2);
    const first = acquired(slots);
    acquired(slots);
    expect(slots.inUse).toBe(2);
    expect(slots.acquire()).toBeUndefined();
    first.release();
    expect(slots.inUse).toBe(1);
    acquired(slots);
    expect(slots.acquire()).toBeUndefined();
  });

  it('counts the slots of each tenant, where tenants are known and have a limit', () => {
    const limited = new SessionSlots(
      loadConfiguration({ TELEFUSER_AUTH: 'required', TELEFUSER_API_KEYS_FILE: 'keys', TELEFUSER_TENANT_MAX_SESSIONS: '1' }),
    );
    const lease = limited.acquire('acme');
    expect([limited.isFullFor('acme'), limited.isFullFor('other')]).toEqual([true, false]);
    lease?.release();
    lease?.release();
    expect(limited.isFullFor('acme')).toBe(false);
    const open = new SessionSlots(loadConfiguration({ TELEFUSER_TENANT_MAX_SESSIONS: '1' }));
    open.acquire('anonymous');
    expect(open.isFullFor('anonymous')).toBe(false);
  });

  it('takes a slot back once, however often it is given', () => {
    const slots = slotsOf(3);
    const lease = acquired(slots);
    acquired(slots);
    for (let times = 0; times < 3; times += 1) {
      lease.release();
      lease.releaseUnclaimed();
    }
    expect(slots.inUse).toBe(1);
  });

  it('leaves a claimed slot to the session, whatever the request does', () => {
    const slots = slotsOf(1);
    const lease = acquired(slots);
    lease.claim();
    lease.releaseUnclaimed();
    expect(slots.inUse).toBe(1);
    lease.release();
    expect(slots.inUse).toBe(0);
  });

  it('cannot be claimed after the end of the request gave it back', () => {
    const slots = slotsOf(1);
    const lease = acquired(slots);
    lease.releaseUnclaimed();
    expect(() => lease.claim()).toThrow('given back');
    lease.release();
    expect(slots.inUse).toBe(0);
  });

  it('counts right through any order of calls', () => {
    const call = fc.record({ kind: fc.constantFrom('acquire', 'claim', 'release', 'releaseUnclaimed'), which: fc.nat(20) });
    fc.assert(
      fc.property(fc.array(call), fc.integer({ min: 1, max: 5 }), (calls, max) => {
        const slots = slotsOf(max);
        const leases: { lease: SlotLease; claimed: boolean; released: boolean }[] = [];
        for (const { kind, which } of calls) {
          const held = leases[which % Math.max(1, leases.length)];
          const free = leases.filter(({ released }) => !released).length < max;
          if (kind === 'acquire') {
            const lease = slots.acquire();
            expect(lease !== undefined).toBe(free);
            if (lease !== undefined) leases.push({ lease, claimed: false, released: false });
          } else if (held !== undefined) {
            if (kind === 'claim' && held.released) expect(() => held.lease.claim()).toThrow('given back');
            else held.lease[kind]();
            if (kind === 'claim') held.claimed = true;
            if (kind === 'release' || (kind === 'releaseUnclaimed' && !held.claimed)) held.released = true;
          }
          expect(slots.inUse).toBe(leases.filter(({ released }) => !released).length);
        }
      }),
    );
  });
});
