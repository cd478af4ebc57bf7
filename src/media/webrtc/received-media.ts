import { RtcpSrPacket, type RTCRtpTransceiver, type RtcpPacket, type RtpPacket } from 'werift';
import { AudioOrder } from './audio-order.js';
import { FrameAssembler } from './frame-assembler.js';
import type { InboundCodec } from './inbound-track.js';
import { unixMsOf } from './rtcp-clock.js';

/** At most one picture loss indication in this time: more would only make more keyframes (RFC 4585 section 3.5). */
const KEYFRAME_REQUEST_INTERVAL_MS = 500;

/** One RTP packet of the sender as far as it is counted. Padding has no payload. */
export interface ReceivedPacket {
  readonly kind: 'audio' | 'video';
  readonly sequenceNumber: number;
  readonly timestamp: number;
  readonly marker: boolean;
  readonly payloadBytes: number;
}

/** One encoded picture, or one Opus packet. */
export interface ReceivedFrame {
  readonly kind: 'audio' | 'video';
  readonly codec: InboundCodec;
  /** An access unit in Annex B, a VP8 frame, or an Opus packet. */
  readonly data: Buffer;
  readonly keyframe: boolean;
  readonly rtpTimestamp: number;
}

/** A sender report (RFC 3550 section 6.4.1): which RTP timestamp belongs to which instant of the sender's clock. */
export interface SenderClockReport {
  readonly kind: 'audio' | 'video';
  readonly rtpTimestamp: number;
  /** Milliseconds since 1970, with their fraction. */
  readonly unixMs: number;
}

export interface ReceivedMediaObserver {
  packetReceived(packet: ReceivedPacket): void;
  /** Only where frames are assembled. */
  frameReceived(frame: ReceivedFrame): void;
  clockReported(report: SenderClockReport): void;
}

/** What comes on one media section. Frames are put together only where they are wanted: who counts packets need not copy them. */
export class ReceivedMedia {
  private readonly assemblers = new Map<string, FrameAssembler>();
  private readonly audio = new AudioOrder<{ readonly sequenceNumber: number; readonly packet: RtpPacket }>();
  private readonly kind: 'audio' | 'video';
  private lastKeyframeRequestMs = -Infinity;

  constructor(
    private readonly transceiver: RTCRtpTransceiver,
    private readonly assembles: boolean,
    private readonly observer: ReceivedMediaObserver,
  ) {
    this.kind = transceiver.kind === 'audio' ? 'audio' : 'video';
    transceiver.onTrack.subscribe((track) => track.onReceiveRtp.subscribe((packet) => this.receive(packet)));
    transceiver.receiver.onRtcp.subscribe((packet) => this.readReport(packet));
  }

  /** Of what the sender may send here: `H264`, `VP8` …; undefined when it sends nothing. */
  get codec(): string | undefined {
    const { codecs, currentDirection } = this.transceiver;
    return currentDirection === 'recvonly' ? codecs[0]?.name.toUpperCase() : undefined;
  }

  private receive(packet: RtpPacket): void {
    const { sequenceNumber, timestamp, marker } = packet.header;
    this.observer.packetReceived({ kind: this.kind, sequenceNumber, timestamp, marker, payloadBytes: packet.payload.length });
    if (!this.assembles) return;
    const name = this.transceiver.codecs.find((codec) => codec.payloadType === packet.header.payloadType)?.name.toUpperCase();
    if (name === 'OPUS') this.receiveAudio(packet);
    else if (name === 'H264' || name === 'VP8') this.receiveVideo(name, packet);
  }

  private receiveAudio(packet: RtpPacket): void {
    for (const { packet: next } of this.audio.push({ sequenceNumber: packet.header.sequenceNumber, packet })) {
      if (next.payload.length === 0) continue;
      const rtpTimestamp = next.header.timestamp;
      this.observer.frameReceived({ kind: 'audio', codec: 'OPUS', data: next.payload, keyframe: true, rtpTimestamp });
    }
  }

  private receiveVideo(codec: 'H264' | 'VP8', packet: RtpPacket): void {
    let assembler = this.assemblers.get(codec);
    if (assembler === undefined) this.assemblers.set(codec, (assembler = new FrameAssembler(codec)));
    const { frames, lost } = assembler.push(packet, performance.now());
    for (const frame of frames) this.observer.frameReceived({ kind: 'video', codec, ...frame });
    // A request can be lost like any packet, so it is repeated until it was heard.
    if (lost || assembler.needsKeyframe) this.requestKeyframe(packet.header.ssrc);
  }

  private requestKeyframe(mediaSsrc: number): void {
    const nowMs = performance.now();
    if (nowMs - this.lastKeyframeRequestMs < KEYFRAME_REQUEST_INTERVAL_MS) return;
    this.lastKeyframeRequestMs = nowMs;
    void this.transceiver.receiver.sendRtcpPLI(mediaSsrc).catch(() => undefined);
  }

  private readReport(packet: RtcpPacket): void {
    if (!(packet instanceof RtcpSrPacket)) return;
    const { ntpTimestamp, rtpTimestamp } = packet.senderInfo;
    this.observer.clockReported({ kind: this.kind, rtpTimestamp, unixMs: unixMsOf(ntpTimestamp) });
  }
}
