import { sequenceDistance, type ReceivedPacket } from '../media/webrtc/index.js';

/** Missing packets that are remembered as such: each may still come, late or again. */
const MAX_MISSING = 2000;
/** A jump this large is a sender that began again, not a loss (RFC 3550 appendix A.1). */
const RESTART_DISTANCE = 3000;

/** What came on one stream. */
export interface StreamCounts {
  readonly packets: number;
  /** Of payload. */
  readonly bytes: number;
  /** Packets that never came, also not when they were sent again. */
  readonly lost: number;
  /** Distinct RTP timestamps of which the last packet came. For audio: packets. */
  readonly frames: number;
  readonly firstFrameAtMs: number | undefined;
  readonly lastFrameAtMs: number | undefined;
}

/** Counts the packets of one RTP stream. Pure: time is what the caller says it is. */
export class StreamCounter {
  private packets = 0;
  private bytes = 0;
  private frames = 0;
  private givenUp = 0;
  private readonly missing = new Set<number>();
  private highest: number | undefined;
  private lastTimestamp: number | undefined;
  private firstFrameAtMs: number | undefined;
  private lastFrameAtMs: number | undefined;

  get counts(): StreamCounts {
    const { packets, bytes, frames, firstFrameAtMs, lastFrameAtMs } = this;
    return { packets, bytes, lost: this.givenUp + this.missing.size, frames, firstFrameAtMs, lastFrameAtMs };
  }

  /** Whether the packet completes a frame that had not been complete. A marker ends a picture (RFC 6184 section 5.1); padding ends none. */
  count({ kind, sequenceNumber, timestamp, marker, payloadBytes }: ReceivedPacket, nowMs: number): boolean {
    if (!this.isNew(sequenceNumber)) return false;
    this.packets += 1;
    this.bytes += payloadBytes;
    const ends = kind === 'audio' || marker;
    if (!ends || payloadBytes === 0 || timestamp === this.lastTimestamp) return false;
    this.lastTimestamp = timestamp;
    this.frames += 1;
    this.firstFrameAtMs ??= nowMs;
    this.lastFrameAtMs = nowMs;
    return true;
  }

  private isNew(sequenceNumber: number): boolean {
    const ahead = this.highest === undefined ? 1 : sequenceDistance(sequenceNumber, this.highest);
    if (ahead <= 0 && ahead > -RESTART_DISTANCE) return this.missing.delete(sequenceNumber);
    if (this.highest !== undefined && ahead > 1 && ahead < RESTART_DISTANCE) this.miss(this.highest, ahead - 1);
    this.highest = sequenceNumber;
    return true;
  }

  private miss(after: number, count: number): void {
    for (let step = 1; step <= count; step += 1) this.missing.add((after + step) & 0xffff);
    for (const oldest of this.missing) {
      if (this.missing.size <= MAX_MISSING) break;
      this.missing.delete(oldest);
      this.givenUp += 1;
    }
  }
}
