import { wrapRtx, type RTCRtpTransceiver, type RtpPacket } from 'werift';

/** Packets kept: about two seconds of 2 Mbps, and at most 0.6 MB. A power of two, so that sequence numbers wrap onto the same places. */
const MAX_PACKETS = 512;

/** The packets a stream sent last, for a receiver that has lost some (RFC 4588). */
export class RetransmissionHistory {
  private readonly packets: (RtpPacket | undefined)[] = Array.from({ length: MAX_PACKETS });
  private rtxSequenceNumber = Math.floor(Math.random() * 2 ** 16);

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
    this.packets[packet.header.sequenceNumber % MAX_PACKETS] = packet;
  }

  /** Those of the packets that are still known, as packets of the retransmission stream. */
  recall(sequenceNumbers: readonly number[]): RtpPacket[] {
    return sequenceNumbers.flatMap((sequenceNumber) => {
      const packet = this.packets[sequenceNumber % MAX_PACKETS];
      if (packet?.header.sequenceNumber !== sequenceNumber) return [];
      this.rtxSequenceNumber = (this.rtxSequenceNumber + 1) & 0xffff;
      return [wrapRtx(packet, this.payloadType, this.rtxSequenceNumber, this.ssrc)];
    });
  }
}
