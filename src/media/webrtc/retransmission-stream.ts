import type { RTCRtpTransceiver } from 'werift';
import { outgoingPacket, type OutgoingPacket, type PacketSource } from './outgoing-packet.js';
import type { PacedTransport } from './paced-transport.js';
import type { PacketClass } from './pacer.js';
import { RetransmissionHistory, type SentMedia } from './retransmission-history.js';

/** Share of the pace that retransmissions may take: five eighths of the target, which the pace is 2.5 times of. */
const PACE_SHARE = 0.25;
/** Repairs that would take the whole target for longer than this cost more than a keyframe, which repairs everything. */
const MAX_REPAIR_MS = 150;
const TARGET_SHARE_OF_PACE = 1 / 2.5;
/** So few are repaired at any rate. */
const MIN_REPAIRS = 3;
/** A packet that is sent again to probe the path should be worth its header; of these last ones the receiver surely knows the keys. */
const MIN_PROBE_PAYLOAD_BYTES = 400;
const PROBE_PACKETS = 64;
/** The longest RTP padding is 255; Chromium's own stays at this. */
const PADDING_BYTES = 224;
const MAX_FIRST_SEQUENCE_NUMBER = 2 ** 15;
const EMPTY = Buffer.alloc(0);

/** The retransmission stream of a video stream (RFC 4588): answers requests for lost packets, and makes the packets that probe the path. */
export class RetransmissionStream {
  private readonly history = new RetransmissionHistory();
  private sequenceNumber = Math.floor(Math.random() * MAX_FIRST_SEQUENCE_NUMBER);
  private roundTripMs: number | undefined;
  private timestamp = 0;
  private padded = 0;

  private constructor(
    private readonly payloadType: number,
    private readonly ssrc: number,
    private readonly source: PacketSource,
    private readonly transport: PacedTransport,
  ) {}

  /** Undefined when the receiver took no retransmission stream for the codec that is sent. */
  static of(
    { codecs, sender }: RTCRtpTransceiver,
    source: PacketSource,
    transport: PacedTransport,
  ): RetransmissionStream | undefined {
    const apt = sender.codec?.payloadType;
    const rtx = codecs.find(
      ({ name, parameters }) => name.toLowerCase() === 'rtx' && new RegExp(`(^|;)\\s*apt=${apt}\\b`).test(parameters ?? ''),
    );
    return rtx === undefined ? undefined : new RetransmissionStream(rtx.payloadType, sender.rtxSsrc, source, transport);
  }

  setRoundTrip(roundTripMs: number): void {
    this.roundTripMs = roundTripMs;
  }

  remember(packet: SentMedia, sentAtMs: number): void {
    this.timestamp = packet.timestamp;
    this.history.remember(packet, sentAtMs);
  }

  /**
   * Sends again those of the packets that are remembered, each once a round trip and all within their share of the pace; or nothing of them
   * where a keyframe repairs them sooner.
   */
  answer(sequenceNumbers: readonly number[]): 'answered' | 'too-many' {
    const { pace } = this.transport;
    const recalled = this.history.recall(sequenceNumbers, {
      nowMs: performance.now(),
      roundTripMs: this.roundTripMs,
      bitrate: pace * PACE_SHARE,
    });
    const packets = recalled.map((packet) => this.again(packet, 'retransmission'));
    const bytes = packets.reduce((sum, packet) => sum + packet.bytes, this.transport.waiting('retransmission'));
    if (packets.length > MIN_REPAIRS && bytes > (pace * TARGET_SHARE_OF_PACE * MAX_REPAIR_MS) / 8000) return 'too-many';
    for (const packet of packets) {
      // What has no room is asked for again.
      if (this.transport.hasRoom('retransmission', packet.bytes)) this.transport.enqueue([this.numbered(packet)]);
    }
    return 'answered';
  }

  /** What was sent so far is not sent again. */
  forget(): void {
    this.history.forgetAll();
  }

  /** A packet to probe the path with: one that was sent a moment ago, as browsers do, or padding where there is none that is long enough. */
  padding(): OutgoingPacket {
    this.padded = (this.padded + 1) % (PROBE_PACKETS / 2);
    const packet =
      this.history.recent(MIN_PROBE_PAYLOAD_BYTES, PROBE_PACKETS, this.padded) ??
      this.history.recent(MIN_PROBE_PAYLOAD_BYTES, PROBE_PACKETS, 0);
    return this.numbered(packet === undefined ? this.paddingOnly() : this.again(packet, 'video'));
  }

  private again(
    { timestamp, marker, fields, prefix, body, sequenceNumber }: SentMedia,
    packetClass: PacketClass,
  ): OutgoingPacket {
    const { source, payloadType, ssrc } = this;
    const parts = { class: packetClass, source, payloadType, ssrc, timestamp, marker, fields, prefix, body };
    return outgoingPacket({ ...parts, originalSequenceNumber: sequenceNumber });
  }

  private paddingOnly(): OutgoingPacket {
    const { source, payloadType, ssrc, timestamp } = this;
    const parts = {
      class: 'video',
      source,
      payloadType,
      ssrc,
      timestamp,
      marker: false,
      fields: {},
      prefix: EMPTY,
      body: EMPTY,
    } as const;
    return outgoingPacket({ ...parts, paddingBytes: PADDING_BYTES });
  }

  private numbered(packet: OutgoingPacket): OutgoingPacket {
    packet.sequenceNumber = this.sequenceNumber;
    this.sequenceNumber = (this.sequenceNumber + 1) & 0xffff;
    return packet;
  }
}
