import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RetransmissionHistory, type RecallLimits, type SentMedia } from './retransmission-history.js';

const EMPTY = Buffer.alloc(0);
const LIMITS: RecallLimits = { nowMs: 0, roundTripMs: 50, bitrate: 100_000_000 };

function sent(sequenceNumber: number, bytes = 1000): SentMedia {
  return { sequenceNumber, timestamp: 7, marker: false, fields: {}, prefix: EMPTY, body: Buffer.alloc(bytes) };
}

/** Packets from `first` on, one every `everyMs`. */
function filled(first: number, count: number, { bytes = 1000, everyMs = 0 } = {}): RetransmissionHistory {
  const history = new RetransmissionHistory();
  for (let index = 0; index < count; index += 1) history.remember(sent((first + index) & 0xffff, bytes), index * everyMs);
  return history;
}

function recalled(history: RetransmissionHistory, numbers: readonly number[], limits: Partial<RecallLimits> = {}): number[] {
  return history.recall(numbers, { ...LIMITS, ...limits }).map(({ sequenceNumber }) => sequenceNumber);
}

const range = (first: number, count: number): number[] => Array.from({ length: count }, (_, index) => first + index);

describe('RetransmissionHistory', () => {
  it('recalls what it knows, and leaves out what it never had', () => {
    expect(recalled(filled(100, 3), [99, 100, 102, 103])).toEqual([100, 102]);
  });

  it('finds packets past the turn of the sequence numbers', () => {
    expect(recalled(filled(65_530, 10), [65_534, 65_535, 0, 1])).toEqual([65_534, 65_535, 0, 1]);
  });

  it('keeps packets for two seconds, however many', () => {
    const history = filled(0, 400, { everyMs: 10 });
    expect(recalled(history, range(0, 400), { nowMs: 3990 })).toEqual(range(199, 201));
    expect(recalled(history, [399], { nowMs: 6000 })).toEqual([]);
  });

  it('keeps no more than 2.5 MB', () => {
    expect(recalled(filled(0, 4000, { bytes: 1000 }), range(0, 4000), { bitrate: 1e9 })).toEqual(range(1500, 2500));
  });

  it('keeps no more than 4096 packets', () => {
    expect(recalled(filled(0, 5000, { bytes: 10 }), range(0, 5000))).toEqual(range(904, 4096));
  });

  it('forgets everything when the numbers jump', () => {
    const history = filled(0, 10);
    history.remember(sent(500), 0);
    expect(recalled(history, [...range(0, 10), 500])).toEqual([500]);
  });

  it('answers for a packet once in a round trip, however often it is asked for', () => {
    const history = filled(0, 2);
    expect(recalled(history, [1, 1], { nowMs: 1000 })).toEqual([1]);
    expect(recalled(history, [0, 1], { nowMs: 1049 })).toEqual([0]);
    expect(recalled(history, [0, 1], { nowMs: 1050 })).toEqual([1]);
    expect(recalled(history, [0, 1], { nowMs: 1100 })).toEqual([0, 1]);
  });

  it.each([
    [undefined, 100],
    [0, 10],
    [3, 10],
    [300, 300],
  ])('takes a round trip of %s for %i ms', (roundTripMs, intervalMs) => {
    const history = filled(0, 1);
    expect(recalled(history, [0], { nowMs: 0, roundTripMs })).toEqual([0]);
    expect(recalled(history, [0], { nowMs: intervalMs - 1, roundTripMs })).toEqual([]);
    expect(recalled(history, [0], { nowMs: intervalMs, roundTripMs })).toEqual([0]);
  });

  it('keeps to its bit rate: a second of it at once, and the rest as it is regained', () => {
    const history = filled(0, 500);
    const limits = { bitrate: 400_000, roundTripMs: 10 };
    let bytes = 0;
    for (let nowMs = 0; nowMs < 1000; nowMs += 20) bytes += recalled(history, range(0, 500), { nowMs, ...limits }).length * 1000;
    expect(bytes).toBeGreaterThan(90_000);
    expect(bytes).toBeLessThanOrEqual(100_000);
  });

  it('recalls some packets at any bit rate', () => {
    expect(recalled(filled(0, 20), range(0, 20), { bitrate: 1000 })).toEqual(range(0, 8));
  });

  it('names the latest packets that are long enough', () => {
    const history = filled(0, 5);
    history.remember(sent(5, 100), 0);
    expect(history.recent(400, 64, 0)?.sequenceNumber).toBe(4);
    expect(history.recent(400, 64, 2)?.sequenceNumber).toBe(2);
    expect(history.recent(400, 64, 5)).toBeUndefined();
    expect(new RetransmissionHistory().recent(0, 64, 0)).toBeUndefined();
  });

  it('recalls exactly the packets of the last two seconds, whatever their sizes and times', () => {
    const packets = fc.array(fc.record({ afterMs: fc.integer({ min: 0, max: 300 }), bytes: fc.integer({ min: 1, max: 1170 }) }), {
      maxLength: 80,
    });
    fc.assert(
      fc.property(packets, fc.integer({ min: 0, max: 65_535 }), (list, first) => {
        const history = new RetransmissionHistory();
        let nowMs = 0;
        const times = list.map(({ afterMs, bytes }, index) => {
          nowMs += afterMs;
          history.remember(sent((first + index) & 0xffff, bytes), nowMs);
          return nowMs;
        });
        const expected = times.flatMap((atMs, index) => (nowMs - atMs <= 2000 ? [(first + index) & 0xffff] : []));
        expect(
          recalled(
            history,
            range(first, list.length).map((number) => number & 0xffff),
            { nowMs },
          ),
        ).toEqual(expected);
      }),
    );
  });
});
