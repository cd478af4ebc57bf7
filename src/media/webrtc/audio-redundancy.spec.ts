import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AudioRedundancy, RedundancyPolicy } from './audio-redundancy.js';

const OPUS = 111;
const FRAME = 960;
const frame = (index: number, bytes = 80): Buffer => Buffer.alloc(bytes, index);

interface Block {
  readonly payloadType: number;
  readonly offset: number;
  readonly data: Buffer;
}

/** As a receiver reads it (RFC 2198 section 3). */
function parse(payload: Buffer): Block[] {
  const headers: { payloadType: number; offset: number; bytes: number | undefined }[] = [];
  let at = 0;
  for (;;) {
    const first = payload.readUInt8(at);
    if (first < 0x80) {
      headers.push({ payloadType: first, offset: 0, bytes: undefined });
      at += 1;
      break;
    }
    const word = payload.readUInt32BE(at);
    headers.push({ payloadType: first & 0x7f, offset: (word >>> 10) & 0x3fff, bytes: word & 0x3ff });
    at += 4;
  }
  return headers.map(({ payloadType, offset, bytes = payload.length - at }) => {
    at += bytes;
    return { payloadType, offset, data: payload.subarray(at - bytes, at) };
  });
}

/** Timestamp offset and first byte of each block, the primary last. */
function blocksOf(payload: Buffer | undefined): (readonly [number, number])[] {
  if (payload === undefined) return [];
  return parse(payload).map(({ payloadType, offset, data }) => {
    expect(payloadType).toBe(OPUS);
    return [offset, data[0] ?? -1];
  });
}

describe('AudioRedundancy', () => {
  it('puts a frame behind the one or two before it', () => {
    const red = new AudioRedundancy(OPUS, 1100);
    expect(red.wrap(frame(1), 0, 2)).toBeUndefined();
    expect(blocksOf(red.wrap(frame(2), FRAME, 2))).toEqual([
      [FRAME, 1],
      [0, 2],
    ]);
    expect(blocksOf(red.wrap(frame(3), 2 * FRAME, 2))).toEqual([
      [2 * FRAME, 1],
      [FRAME, 2],
      [0, 3],
    ]);
    expect(blocksOf(red.wrap(frame(4), 3 * FRAME, 1))).toEqual([
      [FRAME, 3],
      [0, 4],
    ]);
  });

  it('leaves a frame alone when no copies are wanted, and remembers it', () => {
    const red = new AudioRedundancy(OPUS, 1100);
    expect(red.wrap(frame(1), 0, 0)).toBeUndefined();
    expect(blocksOf(red.wrap(frame(2), FRAME, 1))).toEqual([
      [FRAME, 1],
      [0, 2],
    ]);
  });

  it('carries no frame that is too long ago for the header, or past the turn of the timestamp only by that', () => {
    const red = new AudioRedundancy(OPUS, 1100);
    red.wrap(frame(1), 0, 1);
    expect(red.wrap(frame(2), 20_000, 1)).toBeUndefined();
    const wrapped = new AudioRedundancy(OPUS, 1100);
    wrapped.wrap(frame(1), 2 ** 32 - FRAME, 1);
    expect(blocksOf(wrapped.wrap(frame(2), 0, 1))).toEqual([
      [FRAME, 1],
      [0, 2],
    ]);
  });

  it('stays within the size of a packet', () => {
    const red = new AudioRedundancy(OPUS, 500);
    red.wrap(frame(1, 300), 0, 2);
    expect(red.wrap(frame(2, 300), FRAME, 2)).toBeUndefined();
    expect(blocksOf(red.wrap(frame(3, 100), 2 * FRAME, 2))).toHaveLength(2);
    const long = new AudioRedundancy(OPUS, 5000);
    long.wrap(frame(1, 1024), 0, 1);
    expect(long.wrap(frame(2), FRAME, 1)).toBeUndefined();
  });

  it('is read back whole', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ minLength: 1, maxLength: 400 }), { minLength: 2, maxLength: 6 }), (frames) => {
        const red = new AudioRedundancy(OPUS, 1170);
        frames.forEach((bytes, index) => {
          const payload = red.wrap(Buffer.from(bytes), index * FRAME, 2);
          if (payload === undefined) return;
          expect(payload.length).toBeLessThanOrEqual(1170);
          const blocks = parse(payload);
          const sources = blocks.map(({ offset }) => frames[index - offset / FRAME]);
          expect(blocks.map(({ data }) => [...data])).toEqual(sources.map((source) => [...(source ?? [])]));
        });
      }),
    );
  });
});

describe('RedundancyPolicy', () => {
  function after(...losses: number[]): number {
    const policy = new RedundancyPolicy();
    for (const loss of losses) policy.lossReported(loss);
    return policy.copies;
  }

  it('costs nothing on a clean path, or one that loses a packet now and then', () => {
    expect(after()).toBe(0);
    expect(after(0, 0, 0)).toBe(0);
    expect(after(0.01, 0.02, 0.01, 0.02)).toBe(0);
  });

  it('carries one packet at five per cent of loss and two at twenty, from the first report on', () => {
    expect(after(0.05)).toBe(1);
    expect(after(0.2)).toBe(2);
  });

  it('holds on between the losses, and lets go when they are over', () => {
    expect(after(0.06, 0, 0.06)).toBe(1);
    expect(after(0.06, 0)).toBe(1);
    expect(after(0.06, ...Array.from({ length: 8 }, () => 0))).toBe(0);
    expect(after(0.3, ...Array.from({ length: 3 }, () => 0.05))).toBeGreaterThan(0);
  });
});
