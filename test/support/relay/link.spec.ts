import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Link, type LinkProfile, type Passage } from './link.ts';
import { seededRandom } from './random.ts';

/** 1000 bytes on the link. */
const PAYLOAD = 972;

function linkOf(profile: LinkProfile, seed = 1): Link {
  return new Link(profile, seededRandom(seed));
}

/** Sends `count` packets, one each `everyMs`. */
function sendMany(link: Link, count: number, everyMs: number): Passage[] {
  return Array.from({ length: count }, (_, index) => link.send(PAYLOAD, index * everyMs));
}

const arrivalsOf = (passages: readonly Passage[]): number[] =>
  passages.flatMap((passage) => (passage.fate === 'delivered' ? [passage.atMs] : []));

describe('Link', () => {
  it('delivers at once what nothing hinders', () => {
    expect(linkOf({}).send(PAYLOAD, 5)).toEqual({ fate: 'delivered', atMs: 5, queuedMs: 0 });
  });

  it('serialises packets at its capacity, headers included', () => {
    const link = linkOf({ capacity: [{ atMs: 0, bitsPerSecond: 1_000_000 }] });
    expect(arrivalsOf([link.send(PAYLOAD, 0), link.send(PAYLOAD, 0), link.send(PAYLOAD, 100)])).toEqual([8, 16, 108]);
  });

  it('drops what would wait longer than the queue, and takes again when there is room', () => {
    const link = linkOf({ capacity: [{ atMs: 0, bitsPerSecond: 1_000_000 }], queueMs: 20 });
    expect(sendMany(link, 5, 0).map(({ fate }) => fate)).toEqual(['delivered', 'delivered', 'dropped', 'dropped', 'dropped']);
    // A short packet finds room where a long one does not.
    expect(link.send(100, 0).fate).toBe('delivered');
    expect(link.send(PAYLOAD, 6).fate).toBe('delivered');
  });

  it('drops what would not fit into a queue of bytes', () => {
    const link = linkOf({ capacity: [{ atMs: 0, bitsPerSecond: 1_000_000 }], queueBytes: 2500 });
    expect(sendMany(link, 3, 0).map(({ fate }) => fate)).toEqual(['delivered', 'delivered', 'dropped']);
    expect(link.send(PAYLOAD, 8).fate).toBe('delivered');
  });

  it('changes its capacity on the schedule, in the middle of a packet too', () => {
    const link = linkOf({
      capacity: [
        { atMs: 0, bitsPerSecond: 1_000_000 },
        { atMs: 4, bitsPerSecond: 500_000 },
      ],
    });
    expect([link.capacity(1e6), link.send(PAYLOAD, 0)]).toEqual([1_000_000, { fate: 'delivered', atMs: 8, queuedMs: 8 }]);
    link.begin(100);
    // Half of it at 1 Mbps in 4 ms, the other half at 0.5 Mbps in 8 ms.
    expect(link.send(PAYLOAD, 100)).toEqual({ fate: 'delivered', atMs: 112, queuedMs: 12 });
    expect([link.capacity(103), link.capacity(104)]).toEqual([1_000_000, 500_000]);
  });

  it('never delivers out of order, and never before the base delay', () => {
    fc.assert(
      fc.property(
        fc.record({ seed: fc.nat(), delayMs: fc.nat(200), jitterMs: fc.nat(200), kilobits: fc.integer({ min: 100, max: 5000 }) }),
        fc.array(fc.record({ gapMs: fc.nat(30), bytes: fc.integer({ min: 1, max: 1400 }) }), { maxLength: 60 }),
        ({ seed, delayMs, jitterMs, kilobits }, packets) => {
          const link = linkOf({ delayMs, jitterMs, capacity: [{ atMs: 0, bitsPerSecond: kilobits * 1000 }] }, seed);
          let nowMs = 0;
          let lastMs = -Infinity;
          for (const { gapMs, bytes } of packets) {
            nowMs += gapMs;
            const passage = link.send(bytes, nowMs);
            if (passage.fate !== 'delivered') throw new Error('nothing limits the queue');
            expect(passage.atMs).toBeGreaterThanOrEqual(Math.max(lastMs, nowMs + delayMs));
            lastMs = passage.atMs;
          }
        },
      ),
    );
  });

  it('carries no more than its capacity and holds no more than its queue', () => {
    fc.assert(
      fc.property(fc.integer({ min: 200, max: 4000 }), fc.nat(400), fc.nat(8), (kilobits, queueMs, everyMs) => {
        const link = linkOf({ queueMs, capacity: [{ atMs: 0, bitsPerSecond: kilobits * 1000 }] });
        const passages = sendMany(link, 300, everyMs);
        const arrivals = arrivalsOf(passages);
        const serviceMs = 8000 / kilobits;
        arrivals.slice(1).forEach((atMs, index) => expect(atMs - (arrivals[index] ?? 0)).toBeGreaterThan(serviceMs - 1e-6));
        for (const passage of passages)
          if (passage.fate === 'delivered') expect(passage.queuedMs).toBeLessThan(queueMs + serviceMs + 1e-6);
      }),
    );
  });

  it.each([0.05, 0.1])('loses %d of the packets, each on its own', (share) => {
    const lost = sendMany(linkOf({ loss: { share } }, 7), 100_000, 1).filter(({ fate }) => fate === 'lost').length;
    expect(lost / 100_000).toBeCloseTo(share, 2);
  });

  it('loses the same share in bursts of the wanted mean length', () => {
    const fates = sendMany(linkOf({ loss: { share: 0.05, meanBurst: 6 } }, 7), 200_000, 1).map(({ fate }) => fate);
    const lost = fates.filter((fate) => fate === 'lost').length;
    const bursts = fates.filter((fate, index) => fate === 'lost' && fates[index - 1] !== 'lost').length;
    expect(lost / fates.length).toBeCloseTo(0.05, 1);
    expect(lost / bursts).toBeGreaterThan(5.5);
    expect(lost / bursts).toBeLessThan(6.5);
  });

  it('loses the same packets for the same seed', () => {
    const fates = (seed: number): string[] => sendMany(linkOf({ loss: { share: 0.3 } }, seed), 200, 1).map(({ fate }) => fate);
    expect(fates(3)).toEqual(fates(3));
    expect(fates(3)).not.toEqual(fates(4));
  });
});
