import type { ReceivedFrame, SenderClockReport } from '../media/webrtc/index.js';
import { RtpTimeline } from './rtp-timeline.js';

/** How long a stream's first report is waited for; then its packets' arrival stands for it. */
const REPORT_TIMEOUT_MS = 3000;
/** What may wait for a report or for the file. */
const MAX_PENDING_BYTES = 64 * 1024 * 1024;
const VIDEO_TICKS_PER_MS = 90;
const AUDIO_TICKS_PER_MS = 48;

/** Where frames are written; `RecordingFile` of `src/media/codec` is one. */
export interface FrameFile {
  writeVideo(data: Buffer, ticks: number, keyframe: boolean): void;
  writeAudio(data: Buffer, ticks: number): void;
  finish(): Promise<void>;
}

/** Opens the file when the first keyframe is there. */
export type OpenFrameFile = (codec: 'H264' | 'VP8', firstFrame: Buffer) => Promise<FrameFile>;

export interface Recorded {
  readonly pictures: number;
  readonly sounds: number;
  /** Of the last picture. */
  readonly seconds: number;
}

interface PendingFrame {
  readonly frame: ReceivedFrame;
  readonly arrivedUnixMs: number;
}

/**
 * Writes what a viewer receives into a file, in sync: the sender reports map the RTP clocks of picture and sound to one clock of the sender's (RFC 3550
 * section 6.4.1), and the file's time is that clock's, from the first keyframe on. What comes before both are known waits, within bounds.
 */
export class Recorder {
  private readonly timelines = { video: new RtpTimeline(90_000), audio: new RtpTimeline(48_000) };
  private readonly lastTicks = { video: -1, audio: -1 };
  private pending: PendingFrame[] = [];
  private pendingBytes = 0;
  private zeroMs: number | undefined;
  private file: FrameFile | undefined;
  private opening: Promise<void> | undefined;
  private pictures = 0;
  private sounds = 0;
  private failed: Error | undefined;

  /** @param onFailure is told once when the file cannot be opened or written; nothing more is recorded then. */
  constructor(
    private readonly open: OpenFrameFile,
    private readonly onFailure: (error: unknown) => void,
  ) {}

  get recorded(): Recorded {
    const { pictures, sounds } = this;
    return { pictures, sounds, seconds: Math.max(0, this.lastTicks.video) / VIDEO_TICKS_PER_MS / 1000 };
  }

  report({ kind, rtpTimestamp, unixMs }: SenderClockReport): void {
    this.timelines[kind].report(rtpTimestamp, unixMs);
    this.advance();
  }

  /** @param arrivedUnixMs when it came, milliseconds since 1970. */
  frame(frame: ReceivedFrame, arrivedUnixMs: number): void {
    if (this.failed !== undefined) return;
    this.pending.push({ frame, arrivedUnixMs });
    this.pendingBytes += frame.data.length;
    this.doWithoutReport(arrivedUnixMs);
    this.advance();
    if (this.pendingBytes > MAX_PENDING_BYTES) this.fail(new Error('too much came before the recording could begin'));
  }

  /** Writes what waits and completes the file. Rejects with why it could not be opened or written. Nothing may come after it. */
  async finish(): Promise<Recorded> {
    this.doWithoutReport(Infinity);
    this.advance();
    await this.opening;
    this.advance();
    const { file } = this;
    this.file = undefined;
    await file?.finish();
    // Its opening may have failed just now, when nobody waits for `onFailure` any more.
    if (this.failed !== undefined) throw this.failed;
    return this.recorded;
  }

  /** Takes the arrival of a stream's first frame for a report where none has come in time. */
  private doWithoutReport(nowUnixMs: number): void {
    for (const kind of ['video', 'audio'] as const) {
      if (this.timelines[kind].isKnown) continue;
      const first = this.pending.find(({ frame }) => frame.kind === kind);
      if (first === undefined || nowUnixMs - first.arrivedUnixMs < REPORT_TIMEOUT_MS) continue;
      this.timelines[kind].report(first.frame.rtpTimestamp, first.arrivedUnixMs);
    }
  }

  private advance(): void {
    if (this.failed !== undefined) return;
    if (this.zeroMs === undefined) this.begin();
    if (this.file === undefined) return;
    try {
      this.writePending(this.file);
    } catch (error) {
      this.fail(error);
    }
  }

  private begin(): void {
    const first = this.pending.find(({ frame }) => frame.kind === 'video' && frame.keyframe)?.frame;
    if (first === undefined || first.codec === 'OPUS' || !this.timelines.video.isKnown) return;
    this.zeroMs = this.timelines.video.unixMs(first.rtpTimestamp);
    this.opening = this.openFile(first.codec, first.data);
  }

  private async openFile(codec: 'H264' | 'VP8', firstFrame: Buffer): Promise<void> {
    try {
      this.file = await this.open(codec, firstFrame);
      this.advance();
    } catch (error) {
      this.fail(error);
    }
  }

  private writePending(file: FrameFile): void {
    const known = this.pending.filter(({ frame }) => this.timelines[frame.kind].isKnown);
    if (known.length === 0) return;
    this.pending = this.pending.filter(({ frame }) => !this.timelines[frame.kind].isKnown);
    this.pendingBytes = this.pending.reduce((sum, { frame }) => sum + frame.data.length, 0);
    for (const { frame } of known) this.write(file, frame);
  }

  private write(file: FrameFile, { kind, rtpTimestamp, data, keyframe }: ReceivedFrame): void {
    const ticksPerMs = kind === 'video' ? VIDEO_TICKS_PER_MS : AUDIO_TICKS_PER_MS;
    const ticks = Math.round((this.timelines[kind].unixMs(rtpTimestamp) - (this.zeroMs ?? 0)) * ticksPerMs);
    const last = this.lastTicks[kind];
    // A container's timestamps rise, also where the sender's clock was set back: sound is left out, a picture may be needed by the next one.
    if (ticks <= last && (kind === 'audio' || last < 0)) return;
    const rising = Math.max(ticks, last + 1);
    this.lastTicks[kind] = rising;
    if (kind === 'video') {
      file.writeVideo(data, rising, keyframe);
      this.pictures += 1;
    } else {
      file.writeAudio(data, rising);
      this.sounds += 1;
    }
  }

  private fail(error: unknown): void {
    if (this.failed !== undefined) return;
    this.failed = error instanceof Error ? error : new Error(String(error));
    this.pending = [];
    this.pendingBytes = 0;
    this.onFailure(error);
  }
}
