import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodeSack, type SackContent } from './sctp-acknowledgements.js';

const SACK: SackContent = { cumulativeTsn: 1000, advertisedRwnd: 65_536, received: [], duplicates: [], maxBytes: 1191 };

/** Reads a chunk as RFC 9260 section 3.3.4 says. */
function read(bytes: Buffer): { cumulativeTsn: number; gaps: number[][]; duplicates: number[] } {
  const [gaps, duplicates] = [bytes.readUInt16BE(12), bytes.readUInt16BE(14)];
  expect(bytes.readUInt16BE(2)).toBe(bytes.length);
  expect(bytes.length).toBe(16 + 4 * (gaps + duplicates));
  return {
    cumulativeTsn: bytes.readUInt32BE(4),
    gaps: Array.from({ length: gaps }, (_, index) => [bytes.readUInt16BE(16 + 4 * index), bytes.readUInt16BE(18 + 4 * index)]),
    duplicates: Array.from({ length: duplicates }, (_, index) => bytes.readUInt32BE(16 + 4 * (gaps + index))),
  };
}

describe('encodeSack', () => {
  it('tells what was received, whatever the order and wherever the numbers wrap', () => {
    const offsets = fc.uniqueArray(fc.integer({ min: 1, max: 400 }), { maxLength: 200 });
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 2 ** 32 - 1 }), offsets, (cumulativeTsn, received) => {
        const told = read(
          encodeSack({ ...SACK, cumulativeTsn, received: received.map((offset) => (cumulativeTsn + offset) >>> 0) }),
        );
        expect(told.cumulativeTsn).toBe(cumulativeTsn);
        const covered = told.gaps.flatMap(([first = 0, last = 0]) =>
          Array.from({ length: last - first + 1 }, (_, i) => first + i),
        );
        expect(covered).toEqual(received.toSorted((a, b) => a - b));
      }),
    );
  });

  it('leaves out the farthest blocks, and then duplicates, where the packet would be too large', () => {
    const received = Array.from({ length: 500 }, (_, index) => 1002 + 2 * index);
    const duplicates = Array.from({ length: 500 }, (_, index) => 500 + index);
    const full = encodeSack({ ...SACK, received, duplicates });
    expect(12 + full.length).toBeLessThanOrEqual(SACK.maxBytes);
    expect(read(full).gaps).toEqual(Array.from({ length: 290 }, (_, index) => [2 + 2 * index, 2 + 2 * index]));
    expect(read(full).duplicates).toEqual([]);
    expect(read(encodeSack({ ...SACK, received: [1002], duplicates })).duplicates).toEqual(duplicates.slice(0, 289));
  });
});
