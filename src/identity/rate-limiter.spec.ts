import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { countedAddress, rateLimitHeaders, RateLimiter } from './rate-limiter.js';

describe('RateLimiter', () => {
  it('allows as many requests as the limit in a window, and as many again in the next', () => {
    const limiter = new RateLimiter(2, 60_000);
    expect([0, 1, 2].map((ms) => limiter.take('a', ms).allowed)).toEqual([true, true, false]);
    expect(limiter.take('b', 3).allowed).toBe(true);
    expect(limiter.take('a', 59_999)).toMatchObject({ allowed: false, remaining: 0, resetSeconds: 1 });
    expect(limiter.take('a', 60_000)).toMatchObject({ allowed: true, remaining: 1, resetSeconds: 60 });
  });

  it('never says that a window ends later than it can', () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 1e9, noNaN: true }), (ms) => {
        expect(new RateLimiter(1, 60_000).take('a', ms).resetSeconds).toBe(60);
      }),
    );
  });

  it('names the first refusal of a window, the one that is worth a line', () => {
    const limiter = new RateLimiter(1, 1000);
    expect([0, 1, 2, 3].map((ms) => limiter.take('a', ms).firstRefusal)).toEqual([false, true, false, false]);
  });

  it('remembers no more clients than it may, and forgets those first whose window began first', () => {
    const limiter = new RateLimiter(1, 60_000, 2);
    limiter.take('a', 0);
    limiter.take('b', 1);
    limiter.take('c', 2);
    expect(limiter.take('c', 3).allowed).toBe(false);
    expect(limiter.take('b', 4).allowed).toBe(false);
    expect(limiter.take('a', 5).allowed).toBe(true);
  });

  it('never lets more through in a window than the limit, whoever else asks', () => {
    const requests = fc.array(fc.record({ client: fc.constantFrom('a', 'b', 'c'), afterMs: fc.nat(400) }), { maxLength: 200 });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 5 }), requests, (limit, list) => {
        const limiter = new RateLimiter(limit, 1000);
        const allowed: { client: string; ms: number }[] = [];
        let ms = 0;
        for (const { client, afterMs } of list) {
          ms += afterMs;
          if (limiter.take(client, ms).allowed) allowed.push({ client, ms });
        }
        // Two windows may meet, so that in any stretch as long as one there are at most twice as many.
        for (const { client, ms: from } of allowed) {
          const within = allowed.filter((one) => one.client === client && one.ms >= from && one.ms < from + 1000);
          expect(within.length).toBeLessThanOrEqual(2 * limit);
        }
      }),
    );
  });

  it('is told in the header fields of the draft', () => {
    expect(rateLimitHeaders(new RateLimiter(100, 60_000).take('a', 0))).toEqual({
      'ratelimit-policy': '"default";q=100;w=60',
      ratelimit: '"default";r=99;t=60',
    });
  });
});

describe('countedAddress', () => {
  it.each([
    ['192.0.2.1', '192.0.2.1'],
    ['::ffff:192.0.2.1', '192.0.2.1'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['2001:DB8:1:2::6', '2001:db8:1:2::/64'],
    ['2001:db8::1', '2001:db8:0:0::/64'],
    ['::1', '0:0:0:0::/64'],
    ['fe80::', 'fe80:0:0:0::/64'],
  ])('counts %s as %s', (address, counted) => {
    expect(countedAddress(address)).toBe(counted);
  });
});
