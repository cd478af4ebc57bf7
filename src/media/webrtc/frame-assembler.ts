import { dePacketizeRtpPackets, H264RtpPayload, Vp8RtpPayload, type RtpPacket } from 'werift';
import { sequenceDistance } from './sequence-distance.js';

/** Packets kept while one is missing: about a second of a 1.5 Mbps camera. */
const MAX_WAITING_PACKETS = 200;
/** How long a missing packet may hold back what came after it; long enough for one retransmission. */
const MAX_WAIT_MS = 150;
/** A packet this far behind is no late one: the sender began again with other sequence numbers (RFC 3550 appendix A.1). */
const RESTART_DISTANCE = 1000;

export interface AssembledFrame {
  /** An H.264 access unit in Annex B, or a VP8 frame. */
  readonly data: Buffer;
  readonly keyframe: boolean;
  readonly rtpTimestamp: number;
}

export interface AssemblerOutput {
  readonly frames: readonly AssembledFrame[];
  /** A packet was given up: what follows cannot be decoded before a keyframe, so one must be asked for. */
  readonly lost: boolean;
}

/**
 * Puts the packets of one incoming video stream in order and joins them to frames. Pure: time is what the caller says it is. After a loss it
 * yields nothing until a keyframe, so that no decoder shows smeared pictures.
 */
export class FrameAssembler {
  private readonly waiting = new Map<number, { packet: RtpPacket; arrivedMs: number }>();
  private next: number | undefined;
  private awaitingKeyframe = true;
  /** Whether anything was taken or given up; until then a packet before the first one received is still of use. */
  private begun = false;
  /** Timestamp of a frame that lost packets and whose rest may still come. */
  private brokenTimestamp: number | undefined;

  constructor(private readonly codec: 'H264' | 'VP8') {}

  /** Nothing is yielded before a keyframe: at the start, after a loss, and after a payload that could not be read. */
  get needsKeyframe(): boolean {
    return this.awaitingKeyframe;
  }

  push(packet: RtpPacket, nowMs: number): AssemblerOutput {
    const sequence = packet.header.sequenceNumber;
    this.next ??= sequence;
    const ahead = sequenceDistance(sequence, this.next);
    if (ahead < -RESTART_DISTANCE) this.restart(sequence);
    else if (ahead < 0 && !this.begun) this.next = sequence;
    else if (ahead < 0 || this.waiting.has(sequence)) return { frames: [], lost: false };
    this.waiting.set(sequence, { packet, arrivedMs: nowMs });

    const frames = this.takeFrames();
    if (!this.mustGiveUp(nowMs)) return { frames, lost: false };
    this.skipGap();
    this.awaitingKeyframe = true;
    return { frames: [...frames, ...this.takeFrames()], lost: true };
  }

  private restart(sequence: number): void {
    this.waiting.clear();
    this.next = sequence;
    this.begun = false;
    this.brokenTimestamp = undefined;
    this.awaitingKeyframe = true;
  }

  private takeFrames(): AssembledFrame[] {
    const frames: AssembledFrame[] = [];
    for (let packets = this.completeFrame(); packets !== undefined; packets = this.completeFrame()) {
      const frame = this.join(packets);
      if (frame === undefined) continue;
      if (frame.keyframe) this.awaitingKeyframe = false;
      if (!this.awaitingKeyframe) frames.push(frame);
    }
    return frames;
  }

  /** Removes and returns the packets from `next` to the first marker, if none is missing. */
  private completeFrame(): RtpPacket[] | undefined {
    if (this.next === undefined) return undefined;
    const packets: RtpPacket[] = [];
    for (let sequence = this.next; ; sequence = (sequence + 1) & 0xffff) {
      const entry = this.waiting.get(sequence);
      if (entry === undefined) return undefined;
      packets.push(entry.packet);
      if (!entry.packet.header.marker) continue;
      for (const { header } of packets) this.waiting.delete(header.sequenceNumber);
      this.next = (sequence + 1) & 0xffff;
      this.begun = true;
      return packets;
    }
  }

  private join(packets: RtpPacket[]): AssembledFrame | undefined {
    // Padding-only packets (bandwidth probes) carry no frame.
    const filled = packets.filter((packet) => packet.payload.length > 0);
    const first = filled[0];
    if (first === undefined || first.header.timestamp === this.brokenTimestamp) return undefined;
    this.brokenTimestamp = undefined;
    try {
      if (!this.beginsFrame(first)) throw new Error('the beginning of the frame is missing');
      const { data, isKeyframe } = dePacketizeRtpPackets(this.codec === 'H264' ? 'MPEG4/ISO/AVC' : 'VP8', filled);
      return data.length === 0 ? undefined : { data, keyframe: isKeyframe, rtpTimestamp: first.header.timestamp };
    } catch {
      // A payload that is no valid packetisation is treated as lost: the picture breaks, the session does not.
      this.awaitingKeyframe = true;
      return undefined;
    }
  }

  private beginsFrame({ payload }: RtpPacket): boolean {
    return (this.codec === 'H264' ? H264RtpPayload : Vp8RtpPayload).deSerialize(payload).isPartitionHead;
  }

  private mustGiveUp(nowMs: number): boolean {
    if (this.waiting.size > MAX_WAITING_PACKETS) return true;
    // What came after the first missing packet is held back by it, also when the frame it belongs to has begun.
    let missing = this.next ?? 0;
    while (this.waiting.has(missing)) missing = (missing + 1) & 0xffff;
    for (const [sequence, { arrivedMs }] of this.waiting) {
      if (sequenceDistance(sequence, missing) > 0 && nowMs - arrivedMs > MAX_WAIT_MS) return true;
    }
    return false;
  }

  /** Goes on after the packets that are missing now; a partly received frame is dropped with them. */
  private skipGap(): void {
    const start = this.next ?? 0;
    const ahead = [...this.waiting.keys()].sort((a, b) => sequenceDistance(a, start) - sequenceDistance(b, start));
    let resume: number | undefined;
    let previousTimestamp: number | undefined;
    let previousSequence = start;
    for (const sequence of ahead) {
      const { packet } = this.waiting.get(sequence) ?? {};
      if (packet === undefined) continue;
      const gap = sequence !== previousSequence;
      if (gap && resume === undefined) previousTimestamp = packet.header.timestamp;
      // The frame in which the gap ends may lack its beginning, so the first whole one starts at a new timestamp.
      if (previousTimestamp !== undefined && packet.header.timestamp !== previousTimestamp && resume === undefined)
        resume = sequence;
      previousSequence = (sequence + 1) & 0xffff;
    }
    const last = ahead.at(-1);
    this.begun = true;
    if (resume === undefined && last !== undefined) this.brokenTimestamp = this.waiting.get(last)?.packet.header.timestamp;
    this.next = resume ?? (last === undefined ? undefined : (last + 1) & 0xffff);
    for (const sequence of ahead) {
      if (this.next !== undefined && sequenceDistance(sequence, this.next) < 0) this.waiting.delete(sequence);
    }
  }
}
