import {
  H264Packetizer,
  OpusPacketizer,
  RtcpSenderInfo,
  RtcpSourceDescriptionPacket,
  RtcpSrPacket,
  SourceDescriptionChunk,
  SourceDescriptionItem,
  Vp8Packetizer,
  type Packetizer,
  type RTCRtpSender,
  type RtcpPacket,
} from 'werift';
import { ntpTimestamp } from './rtcp-clock.js';

export type OutboundCodec = 'H264' | 'VP8' | 'OPUS';

/**
 * RTP payload bytes in one packet. With IPv6 (40), UDP (8), RTP (12), header extensions (up to 24), the RTX prefix (2) and the SRTP tag
 * (16) a datagram stays under the 1280 bytes that every IPv6 path carries (RFC 8200 section 5).
 */
const MAX_PAYLOAD_BYTES = 1160;

/** What the receiver reported about this stream. */
export interface ReceptionReport {
  /** 0–1, since its previous report. */
  readonly fractionLost: number;
  readonly roundTripMs: number | undefined;
}

/**
 * One outgoing RTP stream: packetises encoded frames, and says in sender reports which RTP time is which wall time. It sends its own
 * sender reports because werift's take the moment a packet left for the moment it shows, which costs lip sync.
 */
export class OutboundRtp {
  readonly codec: OutboundCodec;
  /** Hz: 90000 for video (RFC 6184), 48000 for Opus (RFC 7587). */
  readonly clockRate: number;
  private readonly packetizer: Packetizer;
  private packets = 0;
  private octets = 0;
  private retransmissionRequests = 0;

  constructor(
    private readonly sender: RTCRtpSender,
    private readonly cname: string,
  ) {
    const name = sender.codec?.name.toUpperCase();
    if (name !== 'H264' && name !== 'VP8' && name !== 'OPUS') throw new Error(`no packetizer for ${String(name)}`);
    this.codec = name;
    this.clockRate = name === 'OPUS' ? 48_000 : 90_000;
    this.packetizer = createPacketizer(name);
    // werift starts its own report loop on the first packet unless it believes one is running.
    sender.rtcpRunning = true;
    sender.onGenericNack.subscribe((nack) => {
      this.retransmissionRequests += nack.lost.length;
    });
  }

  get ssrc(): number {
    return this.sender.ssrc;
  }

  get packetsSent(): number {
    return this.packets;
  }

  get bytesSent(): number {
    return this.octets;
  }

  get packetsRequestedAgain(): number {
    return this.retransmissionRequests;
  }

  /** Sends one encoded frame (an H.264 access unit in Annex B, a VP8 frame, an Opus packet). Resolves once the socket has it; never rejects. */
  async send(frame: Buffer, rtpTimestamp: number): Promise<void> {
    const packets = this.packetizer.packetize(frame, rtpTimestamp);
    this.packets += packets.length;
    const sent = packets.map((packet) => {
      this.octets += packet.payload.length;
      return this.sender.sendRtp(packet);
    });
    await Promise.allSettled(sent);
  }

  /** A sender report with the RTP time that is `unixMs` now, and our CNAME (RFC 3550 sections 6.4.1 and 6.5.1). */
  senderReport(unixMs: number, rtpTimestamp: number): RtcpPacket[] {
    return [
      new RtcpSrPacket({
        ssrc: this.ssrc,
        senderInfo: new RtcpSenderInfo({
          ntpTimestamp: ntpTimestamp(unixMs),
          rtpTimestamp,
          packetCount: this.packets >>> 0,
          octetCount: this.octets >>> 0,
        }),
      }),
      new RtcpSourceDescriptionPacket({
        chunks: [
          new SourceDescriptionChunk({ source: this.ssrc, items: [new SourceDescriptionItem({ type: 1, text: this.cname })] }),
        ],
      }),
    ];
  }

  async sendRtcp(packets: RtcpPacket[]): Promise<void> {
    if (this.sender.dtlsTransport.state !== 'connected') return;
    try {
      await this.sender.dtlsTransport.sendRtcp(packets);
    } catch {
      // A report that cannot be sent is followed by the next one, or by the end of the connection.
    }
  }
}

function createPacketizer(codec: OutboundCodec): Packetizer {
  const options = { maxPayloadSize: MAX_PAYLOAD_BYTES };
  switch (codec) {
    case 'H264':
      return new H264Packetizer({ ...options, inputFormat: 'annexb' });
    case 'VP8':
      return new Vp8Packetizer(options);
    case 'OPUS':
      return new OpusPacketizer(options);
  }
}
