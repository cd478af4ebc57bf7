import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { dePacketizeRtpPackets, RtpHeader, RtpPacket, Vp8RtpPayload } from 'werift';
import { packetizeVp8 } from './vp8-packetizer.js';

describe('packetizeVp8', () => {
  it('carries any frame to a receiver, in packets of equal and at most the given size', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 5000 }), fc.integer({ min: 50, max: 1200 }), (bytes, maxBytes) => {
        const payloads = packetizeVp8(Buffer.from(bytes), maxBytes);
        const packets = payloads.map(({ prefix, body, marker }, index) => {
          return new RtpPacket(new RtpHeader({ sequenceNumber: index, marker }), Buffer.concat([prefix, body]));
        });
        const sizes = packets.map(({ payload }) => payload.length);
        expect(Math.max(...sizes)).toBeLessThanOrEqual(maxBytes);
        expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1);
        expect(payloads.filter(({ marker }) => marker)).toEqual([payloads.at(-1)]);
        expect(packets.map(({ payload }) => Vp8RtpPayload.deSerialize(payload).isPartitionHead)).toEqual(
          packets.map((_, index) => index === 0),
        );
        expect(dePacketizeRtpPackets('VP8', packets).data).toEqual(Buffer.from(bytes));
      }),
    );
  });

  it('makes nothing of an empty frame', () => {
    expect(packetizeVp8(Buffer.alloc(0), 1000)).toEqual([]);
  });
});
