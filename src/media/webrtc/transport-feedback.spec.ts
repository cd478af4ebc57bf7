import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { TransportFeedbackReader, type PacketArrival } from './transport-feedback.js';

const runLength = (status: number, run: number): number => (status << 13) | run;
const oneBit = (symbols: readonly number[]): number =>
  symbols.reduce((bits, symbol, index) => bits | (symbol << (13 - index)), 0x8000);
const twoBits = (symbols: readonly number[]): number =>
  symbols.reduce((bits, symbol, index) => bits | (symbol << (12 - 2 * index)), 0xc000);

interface Message {
  readonly first: number;
  readonly count: number;
  /** In units of 64 ms. */
  readonly reference?: number;
  readonly chunks: readonly number[];
  /** Small deltas are one byte, `[delta]` is a large one. */
  readonly deltas?: readonly (number | readonly [number])[];
}

function message({ first, count, reference = 0, chunks, deltas = [] }: Message): Buffer {
  const fixed = Buffer.alloc(16);
  fixed.writeUInt32BE(0xfeed, 0);
  fixed.writeUInt32BE(0xbeef, 4);
  fixed.writeUInt16BE(first, 8);
  fixed.writeUInt16BE(count, 10);
  fixed.writeUIntBE(reference, 12, 3);
  const words = Buffer.alloc(chunks.length * 2);
  chunks.forEach((chunk, index) => words.writeUInt16BE(chunk, index * 2));
  const times = deltas.map((delta) => {
    if (typeof delta === 'number') return Buffer.from([delta]);
    const large = Buffer.alloc(2);
    large.writeInt16BE(delta[0]);
    return large;
  });
  const bytes = Buffer.concat([fixed, words, ...times]);
  return Buffer.concat([bytes, Buffer.alloc((4 - (bytes.length % 4)) % 4)]);
}

const read = (parts: Message): PacketArrival[] | undefined => new TransportFeedbackReader().read(message(parts));
const times = (arrivals: readonly PacketArrival[] | undefined): (number | undefined)[] | undefined =>
  arrivals?.map(({ receivedAtMs }) => receivedAtMs);

describe('TransportFeedbackReader', () => {
  it('reads a run of received packets, each a delta after the one before', () => {
    const arrivals = read({ first: 7, count: 3, reference: 10, chunks: [runLength(1, 3)], deltas: [4, 0, 255] });
    expect(arrivals).toEqual([
      { sequenceNumber: 7, receivedAtMs: 641 },
      { sequenceNumber: 8, receivedAtMs: 641 },
      { sequenceNumber: 9, receivedAtMs: 704.75 },
    ]);
  });

  it('reads a run of lost packets, which have no delta', () => {
    const arrivals = read({ first: 0, count: 4, chunks: [runLength(0, 3), runLength(1, 1)], deltas: [8] });
    expect(times(arrivals)).toEqual([undefined, undefined, undefined, 2]);
  });

  it('reads a vector of one-bit statuses, and of it no more than the message counts', () => {
    const chunks = [oneBit([1, 0, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0])];
    expect(times(read({ first: 0, count: 14, chunks, deltas: [4, 4, 4] }))?.slice(0, 5)).toEqual([1, undefined, 2, 3, undefined]);
    expect(times(read({ first: 0, count: 3, chunks, deltas: [4, 4] }))).toEqual([1, undefined, 2]);
  });

  it('reads a vector of two-bit statuses with large and negative deltas', () => {
    const chunks = [twoBits([1, 2, 0, 2, 0, 0, 0])];
    const arrivals = read({ first: 0, count: 7, reference: 100, chunks, deltas: [40, [-80], [4000]] });
    expect(times(arrivals)).toEqual([6410, 6390, undefined, 7390, undefined, undefined, undefined]);
  });

  it('reads a run that is longer than the message counts', () => {
    expect(read({ first: 0, count: 2, chunks: [runLength(1, 500)], deltas: [0, 0] })).toHaveLength(2);
  });

  it('counts sequence numbers past their turn', () => {
    const arrivals = read({ first: 65_534, count: 4, chunks: [runLength(1, 4)], deltas: [0, 0, 0, 0] });
    expect(arrivals?.map(({ sequenceNumber }) => sequenceNumber)).toEqual([65_534, 65_535, 0, 1]);
  });

  it('goes on past the turn of the reference time, and back before it for a message that was overtaken', () => {
    const reader = new TransportFeedbackReader();
    const at = (reference: number): number | undefined =>
      times(reader.read(message({ first: 0, count: 1, reference, chunks: [runLength(1, 1)], deltas: [0] })))?.[0];
    const turn = 2 ** 24;
    const before = at(turn - 2) ?? 0;
    expect(at(1)).toBe(before + 3 * 64);
    expect(at(turn - 1)).toBe(before + 64);
    expect(at(2)).toBe(before + 4 * 64);
  });

  it.each<[string, Buffer]>([
    ['nothing', Buffer.alloc(0)],
    ['less than its fixed part', Buffer.alloc(15)],
    ['chunks that end too early', message({ first: 0, count: 20, chunks: [runLength(0, 5)] }).subarray(0, 18)],
    ['deltas that end too early', message({ first: 0, count: 9, chunks: [runLength(1, 9)], deltas: [1, 1] })],
    ['a large delta cut in half', message({ first: 0, count: 1, chunks: [runLength(2, 1)], deltas: [1] }).subarray(0, 19)],
    ['the reserved status', message({ first: 0, count: 1, chunks: [runLength(3, 1)], deltas: [1] })],
    ['a run of nothing', message({ first: 0, count: 1, chunks: [runLength(1, 0), runLength(1, 1)], deltas: [1] })],
    [
      'more packets than anybody sends',
      message({ first: 0, count: 65_535, chunks: Array.from({ length: 8 }, () => runLength(0, 8191)) }),
    ],
  ])('refuses %s', (_what, bytes) => {
    expect(new TransportFeedbackReader().read(bytes)).toBeUndefined();
  });

  it('takes any bytes without throwing, and says something of each packet or nothing at all', () => {
    const reader = new TransportFeedbackReader();
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 120 }), (bytes) => {
        const body = Buffer.from(bytes);
        const arrivals = reader.read(body);
        expect(arrivals?.length).toBe(arrivals === undefined ? undefined : body.readUInt16BE(10));
      }),
    );
  });

  it('reads back what a receiver writes', () => {
    const statuses = fc.array(fc.oneof(fc.constant(undefined), fc.integer({ min: -8000, max: 8000 })), {
      minLength: 1,
      maxLength: 60,
    });
    fc.assert(
      fc.property(
        statuses,
        fc.integer({ min: 0, max: 65_535 }),
        fc.integer({ min: 0, max: 2 ** 24 - 1 }),
        (deltas, first, reference) => {
          const chunks: number[] = [];
          const kind = (delta: number | undefined): number => (delta === undefined ? 0 : delta >= 0 && delta < 256 ? 1 : 2);
          for (let at = 0; at < deltas.length; at += 7) chunks.push(twoBits(deltas.slice(at, at + 7).map(kind)));
          const received = deltas
            .filter((delta) => delta !== undefined)
            .map((delta) => (kind(delta) === 1 ? delta : ([delta] as const)));
          const arrivals = read({ first, count: deltas.length, reference, chunks, deltas: received });
          let clock = reference * 64;
          const expected = deltas.map((delta, index) => ({
            sequenceNumber: (first + index) & 0xffff,
            receivedAtMs: delta === undefined ? undefined : (clock += delta / 4),
          }));
          expect(arrivals).toEqual(expected);
        },
      ),
    );
  });
});
