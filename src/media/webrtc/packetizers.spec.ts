import fc from 'fast-check';
import { AV1RtpPayload, Vp9RtpPayload, type RtpPacket } from 'werift';
import { describe, expect, it } from 'vitest';
import { createPacketizer } from './packetizers.js';

const MAX_PAYLOAD_BYTES = 1100;

/** An OBU with its size (AV1 bitstream specification section 5.3). */
function obu(type: number, payload: Buffer): Buffer {
  const size: number[] = [];
  for (let left = payload.length; ; left >>= 7) {
    size.push(left > 127 ? (left & 127) | 128 : left);
    if (left <= 127) break;
  }
  return Buffer.concat([Buffer.from([(type << 3) | 2, ...size]), payload]);
}

/** Markers, payload types, numbers and sizes are those of one frame. */
function expectOneFrame(packets: readonly RtpPacket[]): void {
  expect(packets.map(({ header }) => header.marker)).toEqual(packets.map((_, index) => index === packets.length - 1));
  for (const [index, { header, payload }] of packets.entries()) {
    expect(payload.length).toBeLessThanOrEqual(MAX_PAYLOAD_BYTES);
    expect(header).toMatchObject({ payloadType: 100, ssrc: 7, timestamp: 1234 });
    expect(header.sequenceNumber).toBe(((packets[0]?.header.sequenceNumber ?? 0) + index) & 0xffff);
  }
}

describe('VP9 packets', () => {
  const bodies = fc.uint8Array({ minLength: 1, maxLength: 5000 }).map((bytes) => Buffer.from(bytes));
  it.each([
    // Marker 10, profile 0 to 3, not shown again, key or inter frame (VP9 bitstream specification section 6.2).
    ['a key frame', 0b1000_0000, true],
    ['an inter frame', 0b1000_0100, false],
    ['a key frame of profile 1', 0b1010_0000, true],
    ['an inter frame of profile 2', 0b1001_0100, false],
    ['a key frame of profile 3', 0b1011_0000, true],
    ['an inter frame of profile 3', 0b1011_0010, false],
    ['a frame that is shown again', 0b1000_1000, false],
  ])('carry %s, and say so in each', (_name, first, isKeyframe) => {
    fc.assert(
      fc.property(bodies, (body) => {
        const frame = Buffer.concat([Buffer.from([first]), body]);
        const packets = createPacketizer('VP9', 100, 7, MAX_PAYLOAD_BYTES).packetize(frame, 1234);
        expectOneFrame(packets);
        const read = packets.map(({ payload }) => Vp9RtpPayload.deSerialize(payload));
        expect(Buffer.concat(read.map(({ payload }) => payload))).toEqual(frame);
        expect(read.map(({ pBit }) => pBit)).toEqual(read.map(() => (isKeyframe ? 0 : 1)));
        expect(read.map(({ bBit }) => bBit)).toEqual(read.map((_, index) => (index === 0 ? 1 : 0)));
        expect(read.map(({ eBit }) => eBit)).toEqual(read.map((_, index) => (index === read.length - 1 ? 1 : 0)));
      }),
      { numRuns: 30 },
    );
  });
});

describe('AV1 packets', () => {
  const payloads = fc.array(fc.uint8Array({ minLength: 1, maxLength: 3000 }), { minLength: 1, maxLength: 5 });

  it('carry the OBUs of a temporal unit without its delimiter, and say where a sequence begins', () => {
    fc.assert(
      fc.property(payloads, fc.boolean(), (parts, begins) => {
        const obus = parts.map((part) => obu(6, Buffer.from(part)));
        if (begins) obus.unshift(obu(1, Buffer.from([1, 2, 3])));
        const unit = Buffer.concat([obu(2, Buffer.alloc(0)), ...obus]);
        const packets = createPacketizer('AV1', 100, 7, MAX_PAYLOAD_BYTES).packetize(unit, 1234);
        expectOneFrame(packets);
        const read = packets.map(({ payload }) => AV1RtpPayload.deSerialize(payload));
        expect(read.map(({ nBit_RtpStartsNewCodedVideoSequence }) => nBit_RtpStartsNewCodedVideoSequence)).toEqual(
          read.map((_, index) => (begins && index === 0 ? 1 : 0)),
        );
        // Joined again with a size on each but the last, which carries on to the end.
        const joined = AV1RtpPayload.getFrame(read);
        expect(joined.includes(Buffer.from(parts.at(-1) ?? []))).toBe(true);
        expect(joined.length).toBeLessThanOrEqual(unit.length);
      }),
      { numRuns: 50 },
    );
  });

  it('are none for garbage that claims more than there is', () => {
    expect(() => createPacketizer('AV1', 100, 7, MAX_PAYLOAD_BYTES).packetize(Buffer.from([0x32, 0xff, 0x7f, 1]), 1234)).toThrow(
      'invalid AV1 OBU size',
    );
  });
});
