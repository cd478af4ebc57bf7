import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { dePacketizeRtpPackets, H264Packetizer, RtpHeader, RtpPacket } from 'werift';
import { packetizeH264 } from './h264-packetizer.js';
import type { RtpPayload } from './rtp-payload.js';

const START = Buffer.from([0, 0, 0, 1]);
const MAX_BYTES = 1000;
const nal = (type: number, bytes: number): Buffer => Buffer.concat([Buffer.from([0x60 | type]), Buffer.alloc(bytes - 1, 0xa5)]);
const accessUnit = (...units: Buffer[]): Buffer => Buffer.concat(units.flatMap((unit) => [START, unit]));
const payloadOf = ({ prefix, body }: RtpPayload): Buffer => Buffer.concat([prefix, body]);

/** What a receiver makes of the payloads. */
function received(payloads: readonly RtpPayload[]): Buffer {
  const packets = payloads.map((one, index) => {
    const header = new RtpHeader({ sequenceNumber: index, marker: one.marker, payloadType: 96 });
    return new RtpPacket(header, payloadOf(one));
  });
  return dePacketizeRtpPackets('MPEG4/ISO/AVC', packets).data;
}

describe('packetizeH264', () => {
  it('sends parameter sets and a short slice together in one packet (STAP-A)', () => {
    const unit = accessUnit(nal(7, 20), nal(8, 5), nal(5, 300));
    const payloads = packetizeH264(unit, MAX_BYTES);
    expect(payloads).toHaveLength(1);
    expect(payloadOf(payloads[0]!)[0]).toBe(0x60 | 24);
    expect(received(payloads)).toEqual(unit);
  });

  it('sends a single unit as it is', () => {
    const payloads = packetizeH264(accessUnit(nal(1, 400)), MAX_BYTES);
    expect(payloads.map(payloadOf)).toEqual([nal(1, 400)]);
  });

  it('sends a long slice in fragments of equal size (FU-A), behind its parameter sets', () => {
    const unit = accessUnit(nal(7, 20), nal(8, 5), nal(5, 3500));
    const payloads = packetizeH264(unit, MAX_BYTES);
    expect(payloads.map((one) => payloadOf(one).length)).toEqual([1 + 2 + 20 + 2 + 5, 876, 877, 877, 877]);
    expect(payloads.map(({ marker }) => marker)).toEqual([false, false, false, false, true]);
    expect(payloads.slice(1).map((one) => [...payloadOf(one).subarray(0, 2)])).toEqual([
      [0x7c, 0x85],
      [0x7c, 0x05],
      [0x7c, 0x05],
      [0x7c, 0x45],
    ]);
    expect(received(payloads)).toEqual(unit);
  });

  it('leaves delimiters and filler out, and takes both lengths of start codes', () => {
    const unit = Buffer.concat([START, nal(9, 2), Buffer.from([0, 0, 1]), nal(1, 50), Buffer.from([0, 0, 0, 1]), nal(12, 30)]);
    expect(packetizeH264(unit, MAX_BYTES).map(payloadOf)).toEqual([nal(1, 50)]);
  });

  it('makes nothing of bytes without a start code', () => {
    expect(packetizeH264(Buffer.alloc(0), MAX_BYTES)).toEqual([]);
    expect(packetizeH264(Buffer.alloc(40, 7), MAX_BYTES)).toEqual([]);
  });

  it('carries any access unit to a receiver, in packets of at most the size, as werift’s packetizer does', () => {
    const units = fc.array(fc.record({ type: fc.constantFrom(1, 5, 6, 7, 8), bytes: fc.integer({ min: 2, max: 4000 }) }), {
      minLength: 1,
      maxLength: 6,
    });
    fc.assert(
      fc.property(units, fc.integer({ min: 100, max: 1200 }), (list, maxBytes) => {
        const unit = accessUnit(...list.map(({ type, bytes }) => nal(type, bytes)));
        const payloads = packetizeH264(unit, maxBytes);
        expect(Math.max(...payloads.map((one) => payloadOf(one).length))).toBeLessThanOrEqual(maxBytes);
        expect(payloads.filter(({ marker }) => marker)).toEqual([payloads.at(-1)]);
        expect(received(payloads)).toEqual(unit);
        const theirs = new H264Packetizer({ maxPayloadSize: maxBytes, payloadType: 96, inputFormat: 'annexb' }).packetize(
          unit,
          0,
        );
        expect(dePacketizeRtpPackets('MPEG4/ISO/AVC', theirs).data).toEqual(unit);
      }),
    );
  });
});
