import {
  PictureLossIndication,
  ReceiverEstimatedMaxBitrate,
  RtcpPayloadSpecificFeedback,
  RtcpRrPacket,
  RtcpSrPacket,
  type RtcpPacket,
} from 'werift';
import type { KeyframeReason, OutboundRtp, ReceptionReport } from './outbound-rtp.js';
import { roundTripMs } from './rtcp-clock.js';
import type { RtcpElement } from './rtcp-compound.js';
import { TransportFeedbackReader, type PacketArrival } from './transport-feedback.js';

/** What a receiver says about what we send it, for those who make it. */
export type Feedback =
  | { readonly type: 'keyframe-request'; readonly stream: OutboundRtp; readonly reason: KeyframeReason }
  /** Bits a second the receiver believes its path can take (REMB, draft-alvestrand-rmcat-remb). */
  | { readonly type: 'estimate'; readonly bitrate: number }
  /** What became of packets, in order of their transport-wide numbers (draft-holmer-rmcat-transport-wide-cc-extensions-01). */
  | { readonly type: 'arrivals'; readonly arrivals: readonly PacketArrival[] }
  | { readonly type: 'report'; readonly stream: OutboundRtp; readonly report: ReceptionReport };

/** Packets that did not arrive (generic NACK, RFC 4585 section 6.2.1): the stream's own affair. */
export interface LossFeedback {
  readonly type: 'loss';
  readonly stream: OutboundRtp;
  readonly sequenceNumbers: readonly number[];
}

const TRANSPORT_LAYER_FEEDBACK = 205;
const PAYLOAD_SPECIFIC_FEEDBACK = 206;
const GENERIC_NACK = 1;
const TRANSPORT_WIDE = 15;
const FULL_INTRA_REQUEST = 4;
/** SSRC of the sender and of the media (RFC 4585 section 6.1). */
const SSRC_BYTES = 8;
/** SSRC, command number, reserved (RFC 5104 section 4.3.1.1). */
const FIR_ENTRY_BYTES = 8;

/** Whether `MessageReader` reads it and `readFeedback` does not. */
export function isMessage({ type, format }: Pick<RtcpElement, 'type' | 'format'>): boolean {
  return (
    (type === TRANSPORT_LAYER_FEEDBACK && (format === GENERIC_NACK || format === TRANSPORT_WIDE)) ||
    (type === PAYLOAD_SPECIFIC_FEEDBACK && format === FULL_INTRA_REQUEST)
  );
}

/** Reads one RTCP packet as werift parsed it: what concerns none of `streams` is left out. Pure. */
export function readFeedback(packet: RtcpPacket, streams: readonly OutboundRtp[], nowUnixMs: number): Feedback[] {
  if (packet instanceof RtcpPayloadSpecificFeedback) return readPayloadSpecific(packet, streams);
  if (!(packet instanceof RtcpRrPacket) && !(packet instanceof RtcpSrPacket)) return [];
  return packet.reports.flatMap((block): Feedback[] => {
    const stream = streams.find(({ ssrc }) => ssrc === block.ssrc);
    if (stream === undefined) return [];
    const report = { fractionLost: block.fractionLost / 256, roundTripMs: roundTripMs(nowUnixMs, block.lsr, block.dlsr) };
    return [{ type: 'report', stream, report }];
  });
}

function readPayloadSpecific({ feedback }: { feedback?: unknown }, streams: readonly OutboundRtp[]): Feedback[] {
  if (feedback instanceof PictureLossIndication) {
    const stream = streams.find(({ ssrc }) => ssrc === feedback.mediaSsrc);
    return stream === undefined ? [] : [{ type: 'keyframe-request', stream, reason: 'pli' }];
  }
  // Feedback of other applications comes as the same message (RFC 4585 section 6.4).
  if (!(feedback instanceof ReceiverEstimatedMaxBitrate) || feedback.uniqueID !== 'REMB') return [];
  const isOurs = (candidate: number): boolean => streams.some(({ ssrc }) => ssrc === candidate);
  return feedback.ssrcFeedbacks.some(isOurs) ? [{ type: 'estimate', bitrate: Number(feedback.bitrate) }] : [];
}

/** Reads the feedback messages of one receiver that `isMessage` names: some of them count on from the ones before. */
export class MessageReader {
  private readonly transportFeedback = new TransportFeedbackReader();
  /** The last FIR's number for each stream: the same one again is the same request (RFC 5104 section 4.3.1.2). */
  private readonly intraRequests = new Map<number, number>();

  /** What concerns none of `streams`, and what contradicts itself, is left out. */
  read({ type, format, body }: RtcpElement, streams: readonly OutboundRtp[]): (Feedback | LossFeedback)[] {
    if (body.length < SSRC_BYTES) return [];
    if (type === PAYLOAD_SPECIFIC_FEEDBACK) return format === FULL_INTRA_REQUEST ? this.readIntraRequest(body, streams) : [];
    if (type !== TRANSPORT_LAYER_FEEDBACK) return [];
    if (format === GENERIC_NACK) return readNack(body, streams);
    if (format !== TRANSPORT_WIDE) return [];
    const arrivals = this.transportFeedback.read(body);
    return arrivals === undefined ? [] : [{ type: 'arrivals', arrivals }];
  }

  private readIntraRequest(body: Buffer, streams: readonly OutboundRtp[]): Feedback[] {
    const requests: Feedback[] = [];
    // A FIR names its stream in the entries, not in the header (RFC 5104 section 4.3.1.1).
    for (let at = SSRC_BYTES; at + FIR_ENTRY_BYTES <= body.length; at += FIR_ENTRY_BYTES) {
      const stream = streams.find(({ ssrc }) => ssrc === body.readUInt32BE(at));
      const number = body.readUInt8(at + 4);
      if (stream === undefined || this.intraRequests.get(stream.ssrc) === number) continue;
      this.intraRequests.set(stream.ssrc, number);
      requests.push({ type: 'keyframe-request', stream, reason: 'fir' });
    }
    return requests;
  }
}

/** A number, and a bit for each of the sixteen after it (RFC 4585 section 6.2.1). */
function readNack(body: Buffer, streams: readonly OutboundRtp[]): LossFeedback[] {
  const stream = streams.find(({ ssrc }) => ssrc === body.readUInt32BE(4));
  if (stream === undefined) return [];
  const sequenceNumbers: number[] = [];
  for (let at = SSRC_BYTES; at + 4 <= body.length; at += 4) {
    const first = body.readUInt16BE(at);
    const following = body.readUInt16BE(at + 2);
    sequenceNumbers.push(first);
    for (let bit = 0; bit < 16; bit += 1) {
      if ((following & (1 << bit)) !== 0) sequenceNumbers.push((first + bit + 1) & 0xffff);
    }
  }
  return [{ type: 'loss', stream, sequenceNumbers }];
}
