import { describe, expect, it } from 'vitest';
import {
  PictureLossIndication,
  ReceiverEstimatedMaxBitrate,
  RtcpPacketConverter,
  RtcpPayloadSpecificFeedback,
  RtcpReceiverInfo,
  RtcpRrPacket,
  RtcpSenderInfo,
  RtcpSourceDescriptionPacket,
  RtcpSrPacket,
  type RtcpPacket,
} from 'werift';
import type { OutboundRtp } from './outbound-rtp.js';
import { compactNtp, ntpTimestamp } from './rtcp-clock.js';
import { splitCompound } from './rtcp-compound.js';
import { isMessage, MessageReader, readFeedback } from './rtcp-feedback.js';

const NOW_MS = 1_790_000_000_000;
const VIDEO = { ssrc: 1111 } as OutboundRtp;
const AUDIO = { ssrc: 2222 } as OutboundRtp;
const STREAMS = [VIDEO, AUDIO];
const FOREIGN_SSRC = 3333;

/** As it comes from the network, so that the reading of werift's classes is tested too. */
function received(packet: RtcpPacket): RtcpPacket {
  const [parsed] = RtcpPacketConverter.deSerialize(packet.serialize());
  if (parsed === undefined) throw new Error('nothing was parsed');
  return parsed;
}

/** A payload-specific feedback message as it lies on the wire: its kind (FMT), then 32-bit words from the sender's SSRC on. */
function payloadSpecific(format: number, words: readonly number[]): RtcpPacket {
  const bytes = Buffer.alloc(4 + words.length * 4);
  bytes.writeUInt32BE(((0x80 | format) * 2 ** 24 + 206 * 2 ** 16 + words.length) >>> 0);
  words.forEach((word, index) => bytes.writeUInt32BE(word >>> 0, 4 + index * 4));
  const [parsed] = RtcpPacketConverter.deSerialize(bytes);
  if (parsed === undefined) throw new Error('nothing was parsed');
  return parsed;
}

function report(ssrc: number, fields: Partial<RtcpReceiverInfo> = {}): RtcpReceiverInfo {
  return new RtcpReceiverInfo({
    ssrc,
    fractionLost: 0,
    packetsLost: 0,
    highestSequence: 0,
    jitter: 0,
    lsr: 0,
    dlsr: 0,
    ...fields,
  });
}

describe('readFeedback', () => {
  it.each([
    ['our video', VIDEO.ssrc, [{ type: 'keyframe-request', stream: VIDEO, reason: 'pli' }]],
    ['a stream of others', FOREIGN_SSRC, []],
  ])('reads a PLI for %s', (_what, mediaSsrc, expected) => {
    const feedback = new PictureLossIndication({ senderSsrc: 1, mediaSsrc });
    expect(readFeedback(received(new RtcpPayloadSpecificFeedback({ feedback })), STREAMS, NOW_MS)).toEqual(expected);
  });

  it('reads a REMB that names one of our streams', () => {
    const remb = (ssrc: number): RtcpPacket =>
      received(
        new RtcpPayloadSpecificFeedback({
          feedback: new ReceiverEstimatedMaxBitrate({
            senderSsrc: 1,
            mediaSsrc: 0,
            ssrcNum: 1,
            brExp: 4,
            brMantissa: 93_750,
            ssrcFeedbacks: [ssrc],
          }),
        }),
      );
    expect(readFeedback(remb(VIDEO.ssrc), STREAMS, NOW_MS)).toEqual([{ type: 'estimate', bitrate: 1_500_000 }]);
    expect(readFeedback(remb(FOREIGN_SSRC), STREAMS, NOW_MS)).toEqual([]);
  });

  it('reads the report block of each of our streams', () => {
    const lsr = compactNtp(ntpTimestamp(NOW_MS - 100));
    const reports = [
      report(VIDEO.ssrc, { fractionLost: 64, lsr, dlsr: Math.round(0.05 * 65_536) }),
      report(FOREIGN_SSRC, { fractionLost: 255 }),
      report(AUDIO.ssrc),
    ];
    const feedback = readFeedback(received(new RtcpRrPacket({ ssrc: 9, reports })), STREAMS, NOW_MS);
    expect(feedback).toEqual([
      { type: 'report', stream: VIDEO, report: { fractionLost: 0.25, roundTripMs: expect.closeTo(50, 0) as number } },
      { type: 'report', stream: AUDIO, report: { fractionLost: 0, roundTripMs: undefined } },
    ]);
  });

  it('reads report blocks of a sender report too', () => {
    const senderInfo = new RtcpSenderInfo({ ntpTimestamp: ntpTimestamp(NOW_MS), rtpTimestamp: 0, packetCount: 0, octetCount: 0 });
    const packet = new RtcpSrPacket({ ssrc: 9, senderInfo, reports: [report(AUDIO.ssrc, { fractionLost: 128 })] });
    expect(readFeedback(received(packet), STREAMS, NOW_MS)).toEqual([
      { type: 'report', stream: AUDIO, report: { fractionLost: 0.5, roundTripMs: undefined } },
    ]);
  });

  it.each([
    ['a slice loss', 2, [1, 1111, 0]],
    ['a reference picture selection', 3, [1, 1111, 0]],
    ['an unknown kind', 31, [1, 1111]],
    // Application layer feedback that is no REMB (RFC 4585 section 6.4).
    ['feedback of another application', 15, [1, 0, 0x41424344, 0x01001000, 1111]],
  ])('takes nothing from %s', (_what, format, words) => {
    expect(readFeedback(payloadSpecific(format, words), STREAMS, NOW_MS)).toEqual([]);
  });

  it('leaves out what is no feedback, and feedback to nobody', () => {
    expect(readFeedback(received(new RtcpRrPacket({ ssrc: 9, reports: [] })), STREAMS, NOW_MS)).toEqual([]);
    const pli = new RtcpPayloadSpecificFeedback({
      feedback: new PictureLossIndication({ senderSsrc: 1, mediaSsrc: VIDEO.ssrc }),
    });
    expect(readFeedback(received(pli), [], NOW_MS)).toEqual([]);
    expect(readFeedback(received(new RtcpSourceDescriptionPacket({ chunks: [] })), STREAMS, NOW_MS)).toEqual([]);
  });
});

/** A feedback message as it lies on the wire: its type, its kind (FMT), then 32-bit words from the sender's SSRC on. */
function wire(type: number, format: number, words: readonly number[]): Buffer {
  const bytes = Buffer.alloc(4 + words.length * 4);
  bytes.writeUInt32BE(((0x80 | format) * 2 ** 24 + type * 2 ** 16 + words.length) >>> 0);
  words.forEach((word, index) => bytes.writeUInt32BE(word >>> 0, 4 + index * 4));
  return bytes;
}

describe('MessageReader', () => {
  const nack = (ssrc: number, ...words: number[]): Buffer => wire(205, 1, [9, ssrc, ...words]);
  const fir = (ssrc: number, number: number): Buffer => wire(206, 4, [9, 0, ssrc, number << 24]);
  const read = (compound: Buffer, reader = new MessageReader()) =>
    splitCompound(compound).flatMap((element) => reader.read(element, STREAMS));

  it('reads the packets that a NACK names, past the turn of the numbers', () => {
    expect(read(nack(VIDEO.ssrc, (65_534 << 16) | 0b1011))).toEqual([
      { type: 'loss', stream: VIDEO, sequenceNumbers: [65_534, 65_535, 0, 2] },
    ]);
  });

  it('takes nothing for a loss that comes behind the NACK in a compound', () => {
    const [feedback] = read(Buffer.concat([nack(VIDEO.ssrc, 5 << 16), fir(AUDIO.ssrc, 1)]));
    expect(feedback).toEqual({ type: 'loss', stream: VIDEO, sequenceNumbers: [5] });
  });

  it('finds the stream of a FIR in its entries (RFC 5104 section 4.3.1.1)', () => {
    expect(read(fir(VIDEO.ssrc, 4))).toEqual([{ type: 'keyframe-request', stream: VIDEO, reason: 'fir' }]);
    expect(read(fir(FOREIGN_SSRC, 4))).toEqual([]);
  });

  it('takes a repeated FIR for the same request (RFC 5104 section 4.3.1.2)', () => {
    const reader = new MessageReader();
    const requests = [4, 4, 5, 5, 4].map((number) => read(fir(VIDEO.ssrc, number), reader).length);
    expect(requests).toEqual([1, 0, 1, 0, 1]);
  });

  it('reads transport-wide feedback, whatever its SSRCs are', () => {
    // Two packets from number 10 on, at 64 ms and 65 ms.
    expect(read(wire(205, 15, [9, FOREIGN_SSRC, (10 << 16) | 2, 1 << 8, (0x2002 << 16) | 0x0004]))).toEqual([
      {
        type: 'arrivals',
        arrivals: [
          { sequenceNumber: 10, receivedAtMs: 64 },
          { sequenceNumber: 11, receivedAtMs: 65 },
        ],
      },
    ]);
  });

  it.each([
    ['a NACK for a stream of others', nack(FOREIGN_SSRC, 5 << 16)],
    ['a NACK without entries', wire(205, 1, [9])],
    ['transport-wide feedback that is cut short', wire(205, 15, [9, 9])],
    ['a PLI, which the other reader reads', wire(206, 1, [9, VIDEO.ssrc])],
    ['feedback of an unknown kind', wire(205, 11, [9, VIDEO.ssrc])],
    ['a report', wire(201, 0, [9, 9])],
  ])('takes nothing from %s', (_what, bytes) => {
    expect(read(bytes)).toEqual([]);
  });

  it('has the kinds that it reads named by isMessage', () => {
    const kinds = [nack(1), fir(1, 1), wire(205, 15, [9, 9])].flatMap((bytes) => splitCompound(bytes));
    expect(kinds.every((element) => isMessage(element))).toBe(true);
    expect(
      [wire(206, 1, [9, 9]), wire(206, 15, [9, 9]), wire(201, 1, [9])].flatMap((bytes) => splitCompound(bytes)).some(isMessage),
    ).toBe(false);
  });
});
