import type { MediaStreamTrack, RTCRtpTransceiver, RtpPacket } from 'werift';
import { FrameAssembler } from './frame-assembler.js';

export type InboundCodec = 'H264' | 'VP8' | 'OPUS';

export interface EncodedInput {
  readonly codec: InboundCodec;
  /** An access unit, a VP8 frame or an Opus packet. */
  readonly data: Buffer;
  /** Whether a decoder can start here. */
  readonly keyframe: boolean;
}

/** At most one picture loss indication in this time, per RFC 4585 section 3.5's spirit: more would only make more keyframes. */
const KEYFRAME_REQUEST_INTERVAL_MS = 500;

/** A client's camera or microphone: whole encoded frames in order, as they become complete. Owned by its peer connection. */
export class InboundTrack {
  readonly kind: 'audio' | 'video';
  private readonly assemblers = new Map<string, FrameAssembler>();
  private frameListener: ((frame: EncodedInput) => void) | undefined;
  private lastAudioSequence: number | undefined;
  private lastKeyframeRequestMs = -Infinity;
  private mediaSsrc: number | undefined;

  constructor(
    track: MediaStreamTrack,
    private readonly transceiver: RTCRtpTransceiver,
  ) {
    this.kind = transceiver.kind === 'audio' ? 'audio' : 'video';
    track.onReceiveRtp.subscribe((packet) => this.receive(packet));
  }

  /** The one listener for frames. It must not throw. */
  onFrame(listener: (frame: EncodedInput) => void): void {
    this.frameListener = listener;
  }

  /** Asks the client for a keyframe (PLI, RFC 4585 section 6.3.1), rate limited. */
  requestKeyframe(): void {
    const nowMs = performance.now();
    if (this.mediaSsrc === undefined || nowMs - this.lastKeyframeRequestMs < KEYFRAME_REQUEST_INTERVAL_MS) return;
    this.lastKeyframeRequestMs = nowMs;
    void this.transceiver.receiver.sendRtcpPLI(this.mediaSsrc).catch(() => undefined);
  }

  private receive(packet: RtpPacket): void {
    this.mediaSsrc = packet.header.ssrc;
    const codec = this.codecOf(packet);
    if (codec === undefined) return;
    if (codec === 'OPUS') this.receiveAudio(packet);
    else this.receiveVideo(codec, packet);
  }

  private codecOf(packet: RtpPacket): InboundCodec | undefined {
    const name = this.transceiver.codecs.find((codec) => codec.payloadType === packet.header.payloadType)?.name.toUpperCase();
    return name === 'H264' || name === 'VP8' || name === 'OPUS' ? name : undefined;
  }

  private receiveAudio(packet: RtpPacket): void {
    const { sequenceNumber } = packet.header;
    const late =
      this.lastAudioSequence !== undefined && ((sequenceNumber - this.lastAudioSequence + 0x8000) & 0xffff) - 0x8000 <= 0;
    // A packet that comes after its successor was decoded is of no use any more.
    if (late || packet.payload.length === 0) return;
    this.lastAudioSequence = sequenceNumber;
    this.frameListener?.({ codec: 'OPUS', data: packet.payload, keyframe: true });
  }

  private receiveVideo(codec: 'H264' | 'VP8', packet: RtpPacket): void {
    let assembler = this.assemblers.get(codec);
    if (assembler === undefined) {
      assembler = new FrameAssembler(codec);
      this.assemblers.set(codec, assembler);
      this.requestKeyframe();
    }
    const { frames, lost } = assembler.push(packet, performance.now());
    // A request can be lost like any packet, so it is repeated until it was heard.
    if (lost || assembler.needsKeyframe) this.requestKeyframe();
    for (const frame of frames) this.frameListener?.({ codec, data: frame.data, keyframe: frame.keyframe });
  }
}
