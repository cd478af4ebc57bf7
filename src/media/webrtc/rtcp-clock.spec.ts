import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compactNtp, ntpTimestamp, roundTripMs, unixMsOf } from './rtcp-clock.js';

/** Any instant from 1970 to 2100. */
const unixMs = fc.double({ min: 0, max: 4_102_444_800_000, noNaN: true });

describe('ntpTimestamp', () => {
  it('counts seconds since 1900 and their 2³²-th parts (RFC 3550 section 4)', () => {
    expect(ntpTimestamp(0)).toBe(2_208_988_800n << 32n);
    expect(ntpTimestamp(1500)).toBe((2_208_988_801n << 32n) | 0x8000_0000n);
  });

  it('fits 64 bits, also after the seconds wrapped in 2036, and says the time to a microsecond', () => {
    fc.assert(
      fc.property(unixMs, (instant) => {
        const ntp = ntpTimestamp(instant);
        expect(ntp).toBe(BigInt.asUintN(64, ntp));
        const seconds = Number(ntp >> 32n) + Number(ntp & 0xffff_ffffn) / 2 ** 32;
        const expected = (instant / 1000 + 2_208_988_800) % 2 ** 32;
        expect(Math.abs(seconds - expected)).toBeLessThan(2e-6);
      }),
    );
  });
});

describe('unixMsOf', () => {
  it('gives the instant of an NTP timestamp back to a microsecond, also after the seconds wrapped in 2036', () => {
    fc.assert(
      fc.property(unixMs, (instant) => {
        expect(Math.abs(unixMsOf(ntpTimestamp(instant)) - instant)).toBeLessThan(1e-3);
      }),
    );
  });
});

describe('roundTripMs', () => {
  it('is the time since the sender report, less what the receiver held it', () => {
    fc.assert(
      fc.property(
        unixMs,
        fc.double({ min: 0, max: 30_000, noNaN: true }),
        fc.integer({ min: 0, max: 20_000 }),
        (sent, trip, heldMs) => {
          const lsr = compactNtp(ntpTimestamp(sent));
          fc.pre(lsr !== 0);
          const dlsr = Math.round((heldMs / 1000) * 65_536);
          expect(roundTripMs(sent + trip + heldMs, lsr, dlsr)).toBeCloseTo(trip, 0);
        },
      ),
    );
  });

  it('is unknown before the receiver had a sender report', () => {
    expect(roundTripMs(Date.now(), 0, 0)).toBeUndefined();
  });

  it('is never an insane figure, whatever a receiver reports', () => {
    const uint32 = fc.integer({ min: 0, max: 0xffff_ffff });
    fc.assert(
      fc.property(unixMs, uint32, uint32, (now, lsr, dlsr) => {
        const trip = roundTripMs(now, lsr, dlsr);
        if (trip !== undefined) expect(trip >= 0 && trip < 60_000).toBe(true);
      }),
    );
    // The receiver claims to have held it longer than it took.
    expect(roundTripMs(10_000, compactNtp(ntpTimestamp(9000)), 2 * 65_536)).toBeUndefined();
  });
});
