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
  type RTCDtlsTransport,
  type RTCRtpTransceiver,
  type RtcpPacket,
} from 'werift';
import { RetransmissionHistory } from './retransmission-history.js';
import { ntpTimestamp } from './rtcp-clock.js';
import { HeaderExtensions } from './header-extensions.js';

export type OutboundCodec = 'H264' | 'VP8' | 'OPUS';

/**
 * RTP payload bytes in one packet. With IPv6 (40), UDP (8), RTP (12), header extensions (up to 28), the RTX prefix (2) and the SRTP tag
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
 * One outgoing RTP stream: packetises encoded frames, answers requests for lost packets, and says in sender reports which RTP time is which
 * wall time. Packets go straight to werift's SRTP transport: its sender clones each one and takes the moment a packet left for the moment
 * it shows, which costs CPU and lip sync.
 */
export class OutboundRtp {
  readonly codec: OutboundCodec;
  /** Hz: 90000 for video (RFC 6184), 48000 for Opus (RFC 7587). */
  readonly clockRate: number;
  readonly ssrc: number;
  private readonly packetizer: Packetizer;
  private readonly extensions: HeaderExtensions;
  private readonly history: RetransmissionHistory | undefined;
  private packets = 0;
  private octets = 0;

  constructor(
    private readonly transceiver: RTCRtpTransceiver,
    private readonly cname: string,
  ) {
    const { sender } = transceiver;
    const { codec } = sender;
    const name = codec?.name.toUpperCase();
    if (codec === undefined || (name !== 'H264' && name !== 'VP8' && name !== 'OPUS'))
      throw new Error(`no packetizer for ${String(name)}`);
    this.codec = name;
    this.clockRate = name === 'OPUS' ? 48_000 : 90_000;
    this.ssrc = sender.ssrc;
    this.packetizer = createPacketizer(name, codec.payloadType, this.ssrc);
    this.extensions = new HeaderExtensions(transceiver.headerExtensions, transceiver.mid ?? '');
    this.history = RetransmissionHistory.of(transceiver);
  }

  get packetsSent(): number {
    return this.packets;
  }

  /** Sends one encoded frame: an H.264 access unit in Annex B, a VP8 frame, an Opus packet. A packet the network refuses is a lost packet. */
  send(frame: Buffer, rtpTimestamp: number): void {
    const { transport } = this;
    if (transport.state !== 'connected') return;
    const packets = this.packetizer.packetize(frame, rtpTimestamp);
    const extensions = this.extensions.now();
    this.packets += packets.length;
    for (const packet of packets) {
      packet.header.extensions = extensions;
      this.octets += packet.payload.length;
      this.history?.remember(packet);
      // It settles when the socket has the packet, and does not reject.
      void transport.sendRtp(packet.payload, packet.header);
    }
  }

  /** Sends again what the receiver says it has lost (RFC 4585 section 6.2.1), as far as it is remembered and within the bounds of `recall`. */
  retransmit(sequenceNumbers: readonly number[]): void {
    const { transport } = this;
    if (transport.state !== 'connected') return;
    const extensions = this.extensions.now();
    for (const packet of this.history?.recall(sequenceNumbers, performance.now()) ?? []) {
      packet.header.extensions = extensions;
      void transport.sendRtp(packet.payload, packet.header);
    }
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
    if (this.transport.state !== 'connected') return;
    try {
      await this.transport.sendRtcp(packets);
    } catch {
      // A report that cannot be sent is followed by the next one, or by the end of the connection.
    }
  }

  private get transport(): RTCDtlsTransport {
    return this.transceiver.dtlsTransport;
  }
}

function createPacketizer(codec: OutboundCodec, payloadType: number, ssrc: number): Packetizer {
  const options = { maxPayloadSize: MAX_PAYLOAD_BYTES, payloadType, ssrc };
  switch (codec) {
    case 'H264':
      return new H264Packetizer({ ...options, inputFormat: 'annexb' });
    case 'VP8':
      return new Vp8Packetizer(options);
    case 'OPUS':
      return new OpusPacketizer(options);
  }
}
