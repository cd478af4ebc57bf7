import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { splitCompound } from './rtcp-compound.js';

function element(type: number, format: number, body: Buffer, paddingBytes = 0): Buffer {
  const header = Buffer.from([0x80 | (paddingBytes > 0 ? 0x20 : 0) | format, type, 0, 0]);
  header.writeUInt16BE((body.length + paddingBytes) / 4, 2);
  const padding = Buffer.alloc(paddingBytes);
  if (paddingBytes > 0) padding[paddingBytes - 1] = paddingBytes;
  return Buffer.concat([header, body, padding]);
}

describe('splitCompound', () => {
  it('gives each packet its own body, without padding', () => {
    const report = element(201, 0, Buffer.alloc(4, 1));
    const nack = element(205, 1, Buffer.alloc(12, 2));
    const feedback = element(205, 15, Buffer.alloc(20, 3), 4);
    const parts = splitCompound(Buffer.concat([report, nack, feedback]));
    expect(parts.map(({ type, format, body }) => [type, format, body.length])).toEqual([
      [201, 0, 4],
      [205, 1, 12],
      [205, 15, 20],
    ]);
    expect(Buffer.concat(parts.map(({ bytes }) => bytes))).toEqual(Buffer.concat([report, nack, feedback]));
  });

  it('ends at a packet that is cut short, or is none', () => {
    const report = element(201, 0, Buffer.alloc(4));
    const nack = element(205, 1, Buffer.alloc(12));
    expect(splitCompound(Buffer.concat([report, nack.subarray(0, 12)]))).toHaveLength(1);
    expect(splitCompound(Buffer.concat([report, Buffer.alloc(8)]))).toHaveLength(1);
    expect(splitCompound(Buffer.from([0x80, 201]))).toEqual([]);
  });

  it('takes what is left over at the end for a part of the last packet', () => {
    const feedback = Buffer.concat([element(205, 15, Buffer.alloc(20, 3)), Buffer.from([7])]);
    expect(splitCompound(feedback)[0]?.body).toHaveLength(21);
  });

  it('takes more padding than there is for an empty body', () => {
    const bytes = element(205, 15, Buffer.alloc(8), 4);
    bytes[bytes.length - 1] = 200;
    expect(splitCompound(bytes)[0]?.body).toHaveLength(0);
  });

  it('takes any bytes without throwing', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
        const total = splitCompound(Buffer.from(bytes)).reduce((sum, one) => sum + one.bytes.length, 0);
        expect(total).toBeLessThanOrEqual(bytes.length);
      }),
    );
  });
});
