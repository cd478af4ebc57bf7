import {
  RtcpSenderInfo,
  RtcpSourceDescriptionPacket,
  RtcpSrPacket,
  SourceDescriptionChunk,
  SourceDescriptionItem,
  type RTCRtpTransceiver,
  type RtcpPacket,
} from 'werift';
import { AudioRedundancy, RedundancyPolicy } from './audio-redundancy.js';
import { packetizeH264 } from './h264-packetizer.js';
import { HeaderExtensions, type PacketFields, type PlayoutDelay } from './header-extensions.js';
import {
  outgoingPacket,
  RETRANSMISSION_PREFIX_BYTES,
  RTP_HEADER_BYTES,
  type OutgoingPacket,
  type PacketSource,
} from './outgoing-packet.js';
import type { PacedTransport } from './paced-transport.js';
import type { PacketClass } from './pacer.js';
import { createPacketizer, type OutboundCodec } from './packetizers.js';
import { RetransmissionStream } from './retransmission-stream.js';
import { ntpTimestamp } from './rtcp-clock.js';
import type { RtpPayload } from './rtp-payload.js';
import type { SecurePath } from './secure-path.js';
import { MAX_TAG_BYTES } from './srtp-sender.js';
import { packetizeVp8 } from './vp8-packetizer.js';

/**
 * UDP payload of the longest datagram: with an IPv6 header (40), a UDP header (8) and a TURN channel's (4) it fits the 1280 bytes that every IPv6
 * path carries (RFC 8200 section 5, RFC 8656 section 12.4).
 */
const MAX_DATAGRAM_BYTES = 1228;
/** A receiver works out the capture times between two that it is told (webrtc.org "abs-capture-time"). */
const AUDIO_CAPTURE_TIME_INTERVAL_MS = 1000;
/** A first number above this could wrap, and its rollover be missed, before the first packet arrives (RFC 3711 section 3.3.1). */
const MAX_FIRST_SEQUENCE_NUMBER = 2 ** 15;

/** What the receiver reported about this stream. */
export interface ReceptionReport {
  /** 0–1, since its previous report. */
  readonly fractionLost: number;
  readonly roundTripMs: number | undefined;
}

/** What is known of a frame beside its bytes. */
export interface SendOptions {
  /** Whether a decoder can start here; left out where the caller does not know. */
  readonly keyframe?: boolean;
  /** When it was captured or made, milliseconds since 1970: `captureTime` in a browser. */
  readonly captureUnixMs?: number;
  /** Called when its last packet left for the network, with `performance.now()` of that moment. */
  readonly onSent?: (sentAtMs: number) => void;
  /** Called instead of it when the frame was queued, and dropped before all of it had left. */
  readonly onDropped?: () => void;
}

/** Why a keyframe is wanted: the receiver says so (RFC 4585, RFC 5104), or the pacer refused a frame that the next ones build on. */
export type KeyframeReason = 'pli' | 'fir' | 'refused';

/** What became of a frame: it is on its way, the pacer had no room for it, or there is no connection. */
export type SendResult = 'queued' | 'congested' | 'closed';

/** Counts since the beginning. Packets and bytes are those that left; bytes are RTP payload. */
export interface StreamStats {
  readonly packets: number;
  readonly bytes: number;
  readonly retransmittedPackets: number;
  readonly retransmittedBytes: number;
  /** Bytes sent to probe the path beside media: packets sent again, and padding. */
  readonly probeBytes: number;
  /** Packets of audio that carried earlier ones (RFC 2198). */
  readonly redundantPackets: number;
  /** Frames that the pacer had no room for. */
  readonly refusedFrames: number;
  /** Requests of the receiver. */
  readonly nacks: number;
  readonly plis: number;
  readonly firs: number;
}

type Counters = { -readonly [Name in keyof StreamStats]: StreamStats[Name] };

/** What a stream is made with, beside its transceiver. */
export interface OutboundOptions {
  readonly cname: string;
  /** Whether its packets may carry transport-wide numbers. */
  readonly transportWide: boolean;
  readonly playoutDelay?: PlayoutDelay;
  /** A frame was refused: what follows cannot be decoded before a keyframe. */
  readonly onRefused: (stream: OutboundRtp) => void;
}

/**
 * One outgoing RTP stream: packetises encoded frames, answers requests for lost packets, and says in sender reports which RTP time is which
 * wall time. Its packets leave through the connection's pacer, and not through werift's sender, which clones each one and takes the moment a
 * packet left for the moment it shows: that costs CPU and lip sync.
 */
export class OutboundRtp implements PacketSource {
  readonly codec: OutboundCodec;
  /** Hz: 90000 for video (RFC 6184), 48000 for Opus (RFC 7587). */
  readonly clockRate: number;
  readonly ssrc: number;
  /** What was negotiated of the codec, as in `a=fmtp`; may be empty. */
  readonly formatParameters: string;
  /** Internal: the way of its packets. */
  readonly path: SecurePath;
  /** Internal: what their headers carry. */
  readonly extensions: HeaderExtensions;
  private readonly packetClass: PacketClass;
  private readonly payloadType: number;
  private readonly packetize: (frame: Buffer, timestamp: number) => readonly RtpPayload[];
  private readonly retransmissions: RetransmissionStream | undefined;
  private readonly red: { readonly payloadType: number; readonly blocks: AudioRedundancy } | undefined;
  private readonly redundancy = new RedundancyPolicy();
  private readonly counters: Counters = {
    packets: 0,
    bytes: 0,
    retransmittedPackets: 0,
    retransmittedBytes: 0,
    probeBytes: 0,
    redundantPackets: 0,
    refusedFrames: 0,
    nacks: 0,
    plis: 0,
    firs: 0,
  };
  private sequenceNumber = Math.floor(Math.random() * MAX_FIRST_SEQUENCE_NUMBER);
  private lastCaptureMs = -Infinity;
  private awaitingKeyframe = false;

  constructor(
    private readonly transceiver: RTCRtpTransceiver,
    private readonly transport: PacedTransport,
    private readonly options: OutboundOptions,
  ) {
    const { sender, codecs, headerExtensions, mid, dtlsTransport } = transceiver;
    const { codec } = sender;
    const name = codec?.name.toUpperCase();
    if (codec === undefined || !isOutboundCodec(name)) throw new Error(`no packetizer for ${String(name)}`);
    this.codec = name;
    this.clockRate = name === 'OPUS' ? 48_000 : 90_000;
    this.packetClass = name === 'OPUS' ? 'audio' : 'video';
    this.ssrc = sender.ssrc;
    this.payloadType = codec.payloadType;
    this.formatParameters = codec.parameters ?? '';
    this.path = transport.pathOf(dtlsTransport);
    const hasFeedback = codec.rtcpFeedback.some(({ type }) => type === 'transport-cc');
    this.extensions = new HeaderExtensions(headerExtensions, mid ?? '', {
      transportWide: options.transportWide && hasFeedback,
      ...(options.playoutDelay === undefined ? {} : { playoutDelay: options.playoutDelay }),
    });
    const maxPayloadBytes =
      MAX_DATAGRAM_BYTES - RTP_HEADER_BYTES - this.extensions.maxBytes - RETRANSMISSION_PREFIX_BYTES - MAX_TAG_BYTES;
    this.packetize = packetizerOf(name, this.payloadType, this.ssrc, maxPayloadBytes);
    this.retransmissions = RetransmissionStream.of(transceiver, this, transport);
    const red = codecs.find((candidate) => candidate.name.toLowerCase() === 'red' && candidate.clockRate === this.clockRate);
    this.red =
      red === undefined || name !== 'OPUS'
        ? undefined
        : { payloadType: red.payloadType, blocks: new AudioRedundancy(this.payloadType, maxPayloadBytes) };
  }

  /** Whether audio may carry each packet twice when packets are lost (RFC 2198). */
  get hasRedundancy(): boolean {
    return this.red !== undefined;
  }

  get packetsSent(): number {
    return this.counters.packets;
  }

  get stats(): StreamStats {
    return { ...this.counters };
  }

  /** Milliseconds until a packet of video that is sent now leaves. */
  get queuedMs(): number {
    return this.transport.queuedMs;
  }

  /**
   * Sends one encoded frame: an H.264 access unit in Annex B, a VP8 or VP9 frame, an AV1 temporal unit, an Opus packet. It is dropped while
   * there is no connection. One that the pacer has no room for is refused whole, and with it all that follow up to a keyframe, which is asked
   * for: who looks at `queuedMs` before it encodes never sees that. A packet the network refuses is a lost packet.
   */
  send(frame: Buffer, rtpTimestamp: number, options: SendOptions = {}): SendResult {
    if (!this.path.isOpen) return 'closed';
    const packets = this.packetsOf(frame, rtpTimestamp, options);
    const bytes = packets.reduce((sum, packet) => sum + packet.bytes, 0);
    const builds = this.awaitingKeyframe && options.keyframe === false;
    if (builds || !this.transport.hasRoom(this.packetClass, bytes)) {
      this.counters.refusedFrames += 1;
      this.awaitingKeyframe = this.packetClass === 'video';
      if (this.awaitingKeyframe) this.options.onRefused(this);
      return 'congested';
    }
    this.awaitingKeyframe = false;
    for (const packet of packets) packet.sequenceNumber = this.nextSequenceNumber();
    this.transport.enqueue(packets);
    return 'queued';
  }

  /** Sends again what the receiver says it has lost (RFC 4585 section 6.2.1), as far as it is remembered and within bounds. */
  retransmit(sequenceNumbers: readonly number[]): void {
    this.counters.nacks += 1;
    if (this.retransmissions?.answer(sequenceNumbers) === 'too-many') this.startAgain();
  }

  /**
   * Gives up what was lost and what waits, and goes on with a keyframe. On a path that lost most of its capacity, repairs of the old rate would
   * clog the new one for seconds.
   */
  private startAgain(): void {
    this.retransmissions?.forget();
    this.transport.drop('retransmission', 'video');
    this.awaitingKeyframe = true;
    this.options.onRefused(this);
  }

  /** Whether the path can be probed with packets of this stream. */
  get canPad(): boolean {
    return this.retransmissions !== undefined && this.path.isOpen;
  }

  /** A packet of no use to a receiver, to probe the path with: one it has had already, or padding. Undefined where it takes neither. */
  padding(): OutgoingPacket | undefined {
    return this.retransmissions?.padding();
  }

  /** The path loses this share (0 to 1) of what is sent. */
  lossObserved(fraction: number): void {
    this.redundancy.lossReported(fraction);
  }

  /** The round trip of the connection, by the last report that knew it. */
  setRoundTrip(roundTripMs: number): void {
    this.retransmissions?.setRoundTrip(roundTripMs);
  }

  /** The receiver asked for a keyframe. */
  keyframeRequested(reason: KeyframeReason): void {
    if (reason === 'pli') this.counters.plis += 1;
    else if (reason === 'fir') this.counters.firs += 1;
  }

  packetLeft(packet: OutgoingPacket, sentAtMs: number): void {
    const { ssrc } = packet;
    const bytes = packet.prefix.length + packet.body.length;
    if (ssrc === this.ssrc) {
      this.counters.packets += 1;
      this.counters.bytes += bytes;
      if (this.red?.payloadType === packet.payloadType) this.counters.redundantPackets += 1;
      this.retransmissions?.remember(packet, sentAtMs);
    } else if (packet.class === 'retransmission') {
      this.counters.retransmittedPackets += 1;
      this.counters.retransmittedBytes += bytes;
    } else {
      this.counters.probeBytes += bytes + packet.paddingBytes;
    }
  }

  /** A sender report with the RTP time that is `unixMs` now, and our CNAME (RFC 3550 sections 6.4.1 and 6.5.1). */
  senderReport(unixMs: number, rtpTimestamp: number): RtcpPacket[] {
    const { cname } = this.options;
    return [
      new RtcpSrPacket({
        ssrc: this.ssrc,
        senderInfo: new RtcpSenderInfo({
          ntpTimestamp: ntpTimestamp(unixMs),
          rtpTimestamp,
          packetCount: this.counters.packets >>> 0,
          octetCount: this.counters.bytes >>> 0,
        }),
      }),
      new RtcpSourceDescriptionPacket({
        chunks: [new SourceDescriptionChunk({ source: this.ssrc, items: [new SourceDescriptionItem({ type: 1, text: cname })] })],
      }),
    ];
  }

  async sendRtcp(packets: RtcpPacket[]): Promise<void> {
    const { dtlsTransport } = this.transceiver;
    if (dtlsTransport.state !== 'connected') return;
    try {
      await dtlsTransport.sendRtcp(packets);
    } catch {
      // A report that cannot be sent is followed by the next one, or by the end of the connection.
    }
  }

  private packetsOf(frame: Buffer, timestamp: number, { captureUnixMs, onSent, onDropped }: SendOptions): OutgoingPacket[] {
    const first = this.firstFields(captureUnixMs);
    const payloads = this.packetize(frame, timestamp);
    const last = payloads.length - 1;
    return payloads.map(({ prefix, body, marker }, index) => {
      const red = this.red?.blocks.wrap(body, timestamp, this.redundancy.copies);
      return outgoingPacket({
        class: this.packetClass,
        source: this,
        payloadType: red === undefined ? this.payloadType : (this.red?.payloadType ?? this.payloadType),
        ssrc: this.ssrc,
        timestamp,
        marker,
        fields: index === 0 ? first : NO_FIELDS,
        prefix,
        body: red ?? body,
        onSent: index === last ? onSent : undefined,
        onDropped: index === last ? onDropped : undefined,
      });
    });
  }

  /**
   * What a frame's first packet says beside the rest. The playout delay goes with every picture: a receiver that missed one has it with the next,
   * 4 bytes a picture, where acknowledgements would have to be followed.
   */
  private firstFields(captureUnixMs: number | undefined): PacketFields {
    const playoutDelay = this.packetClass === 'video';
    const tooSoon =
      this.packetClass === 'audio' &&
      captureUnixMs !== undefined &&
      captureUnixMs - this.lastCaptureMs < AUDIO_CAPTURE_TIME_INTERVAL_MS;
    if (captureUnixMs === undefined || tooSoon) return { playoutDelay };
    this.lastCaptureMs = captureUnixMs;
    return { playoutDelay, captureNtp: ntpTimestamp(captureUnixMs) };
  }

  private nextSequenceNumber(): number {
    const { sequenceNumber } = this;
    this.sequenceNumber = (sequenceNumber + 1) & 0xffff;
    return sequenceNumber;
  }
}

const NO_FIELDS: PacketFields = {};
const NOTHING = Buffer.alloc(0);

function isOutboundCodec(name: string | undefined): name is OutboundCodec {
  return name === 'H264' || name === 'VP8' || name === 'VP9' || name === 'AV1' || name === 'OPUS';
}

function packetizerOf(
  codec: OutboundCodec,
  payloadType: number,
  ssrc: number,
  maxPayloadBytes: number,
): (frame: Buffer, timestamp: number) => readonly RtpPayload[] {
  switch (codec) {
    case 'H264':
      return (frame) => packetizeH264(frame, maxPayloadBytes);
    case 'VP8':
      return (frame) => packetizeVp8(frame, maxPayloadBytes);
    case 'OPUS':
      // A packet of Opus is a payload (RFC 7587 section 4.2); the marker would begin a talkspurt.
      return (frame) => [{ prefix: NOTHING, body: frame, marker: false }];
    case 'VP9':
    case 'AV1': {
      const packetizer = createPacketizer(codec, payloadType, ssrc, maxPayloadBytes);
      return (frame, timestamp) =>
        packetizer
          .packetize(frame, timestamp)
          .map(({ payload, header }) => ({ prefix: NOTHING, body: payload, marker: header.marker }));
    }
  }
}
