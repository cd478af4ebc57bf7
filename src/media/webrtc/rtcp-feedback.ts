import {
  GenericNack,
  PictureLossIndication,
  RtcpPayloadSpecificFeedback,
  RtcpTransportLayerFeedback,
  RtcpRrPacket,
  RtcpSrPacket,
  type RtcpPacket,
} from 'werift';
import type { OutboundRtp, ReceptionReport } from './outbound-rtp.js';
import { roundTripMs } from './rtcp-clock.js';

/** What a receiver says about what we send it, for those who make it. */
export type Feedback =
  | { readonly type: 'keyframe-request' }
  /** Bits a second the receiver believes its path can take (REMB, draft-alvestrand-rmcat-remb). */
  | { readonly type: 'estimate'; readonly bitrate: number }
  | { readonly type: 'report'; readonly stream: OutboundRtp; readonly report: ReceptionReport };

/** Packets that did not arrive (generic NACK, RFC 4585 section 6.2.1): the stream's own affair. */
export interface LossFeedback {
  readonly type: 'loss';
  readonly stream: OutboundRtp;
  readonly sequenceNumbers: readonly number[];
}

/** Reads one RTCP packet: what concerns none of `streams` is left out. Pure. */
export function readFeedback(
  packet: RtcpPacket,
  streams: readonly OutboundRtp[],
  nowUnixMs: number,
): (Feedback | LossFeedback)[] {
  if (packet instanceof RtcpPayloadSpecificFeedback) return readPayloadSpecific(packet, streams);
  if (packet instanceof RtcpTransportLayerFeedback) return readTransportLayer(packet, streams);
  if (!(packet instanceof RtcpRrPacket) && !(packet instanceof RtcpSrPacket)) return [];
  return packet.reports.flatMap((block): Feedback[] => {
    const stream = streams.find(({ ssrc }) => ssrc === block.ssrc);
    if (stream === undefined) return [];
    const report = { fractionLost: block.fractionLost / 256, roundTripMs: roundTripMs(nowUnixMs, block.lsr, block.dlsr) };
    return [{ type: 'report', stream, report }];
  });
}

function readTransportLayer(packet: RtcpTransportLayerFeedback, streams: readonly OutboundRtp[]): LossFeedback[] {
  // As below: undefined for a kind werift does not know.
  const feedback: RtcpTransportLayerFeedback['feedback'] | undefined = packet.feedback;
  if (!(feedback instanceof GenericNack)) return [];
  const stream = streams.find(({ ssrc }) => ssrc === feedback.mediaSourceSsrc);
  return stream === undefined ? [] : [{ type: 'loss', stream, sequenceNumbers: feedback.lost }];
}

function readPayloadSpecific(packet: RtcpPayloadSpecificFeedback, streams: readonly OutboundRtp[]): Feedback[] {
  // werift's declaration leaves out that a kind it does not know is undefined.
  const feedback: RtcpPayloadSpecificFeedback['feedback'] | undefined = packet.feedback;
  if (feedback === undefined) return [];
  const isOurs = (candidate: number): boolean => streams.some(({ ssrc }) => ssrc === candidate);
  if (feedback instanceof PictureLossIndication) return isOurs(feedback.mediaSsrc) ? [{ type: 'keyframe-request' }] : [];
  // A FIR names its stream in the entries, not in the header (RFC 5104 section 4.3.1.1).
  if ('fir' in feedback) return feedback.fir.some(({ ssrc }) => isOurs(ssrc)) ? [{ type: 'keyframe-request' }] : [];
  // Feedback of other applications comes as the same message (RFC 4585 section 6.4).
  if (feedback.uniqueID !== 'REMB') return [];
  return feedback.ssrcFeedbacks.some(isOurs) ? [{ type: 'estimate', bitrate: Number(feedback.bitrate) }] : [];
}
