import { wrapRtx, type RTCRtpTransceiver, type RtpPacket } from 'werift';

/** Packets kept: about two seconds of 2 Mbps, and at most 0.6 MB. A power of two, so that sequence numbers wrap onto the same places. */
const MAX_PACKETS = 512;
/** A packet is not sent again before a receiver can have seen that it was: a short round trip. */
const MIN_RESEND_INTERVAL_MS = 20;
/**
 * Payload bytes at once, and regained in each second: at most 256 kB in any second. A report of 1200 bytes can ask for every packet that is
 * kept, again and again; that must not become a flood on a path that has just lost packets.
 */
const BUDGET_BYTES = 128_000;

interface SentPacket {
  readonly packet: RtpPacket;
  resentAtMs: number;
}

/** The packets a stream sent last, for a receiver that has lost some (RFC 4588). */
export class RetransmissionHistory {
  private readonly packets: (SentPacket | undefined)[] = Array.from({ length: MAX_PACKETS });
  private rtxSequenceNumber = Math.floor(Math.random() * 2 ** 16);
  private budgetBytes = BUDGET_BYTES;
  private budgetAtMs = -Infinity;

  private constructor(
    private readonly payloadType: number,
    private readonly ssrc: number,
  ) {}

  /** Undefined when the receiver took no retransmission stream for the codec that is sent. */
  static of({ codecs, sender }: RTCRtpTransceiver): RetransmissionHistory | undefined {
    const apt = sender.codec?.payloadType;
    const rtx = codecs.find(
      ({ name, parameters }) => name.toLowerCase() === 'rtx' && new RegExp(`(^|;)\\s*apt=${apt}\\b`).test(parameters ?? ''),
    );
    return rtx === undefined ? undefined : new RetransmissionHistory(rtx.payloadType, sender.rtxSsrc);
  }

  remember(packet: RtpPacket): void {
    this.packets[packet.header.sequenceNumber % MAX_PACKETS] = { packet, resentAtMs: -Infinity };
  }

  /**
   * Those of the packets that are still known, as packets of the retransmission stream; without those that were recalled just now, and
   * within a budget of bytes. Sequence numbers are taken modulo 2^16: werift counts past the end where a NACK's bitmap wraps.
   */
  recall(sequenceNumbers: readonly number[], nowMs: number): RtpPacket[] {
    this.budgetBytes = Math.min(BUDGET_BYTES, this.budgetBytes + ((nowMs - this.budgetAtMs) / 1000) * BUDGET_BYTES);
    this.budgetAtMs = nowMs;
    const recalled: RtpPacket[] = [];
    for (const number of sequenceNumbers) {
      const sequenceNumber = number & 0xffff;
      const sent = this.packets[sequenceNumber % MAX_PACKETS];
      if (sent?.packet.header.sequenceNumber !== sequenceNumber) continue;
      if (nowMs - sent.resentAtMs < MIN_RESEND_INTERVAL_MS) continue;
      const bytes = sent.packet.payload.length;
      if (bytes > this.budgetBytes) break;
      this.budgetBytes -= bytes;
      sent.resentAtMs = nowMs;
      this.rtxSequenceNumber = (this.rtxSequenceNumber + 1) & 0xffff;
      recalled.push(wrapRtx(sent.packet, this.payloadType, this.rtxSequenceNumber, this.ssrc));
    }
    return recalled;
  }
}
