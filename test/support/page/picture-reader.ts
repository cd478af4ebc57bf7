/** Reads every decoded frame of a video track. Runs in the page. */
import { CLIP_LAYOUT, meanLuma, readCounter, type Area, type Layout } from './pixels.ts';
import { readTrack } from './processor.ts';

/** Frames that may wait to be read: a page that is busy for a third of a second loses none. */
const MAX_WAITING = 8;

/** One decoded frame. Times are `performance.now()` of the page. */
export interface FrameRecord {
  /** When the decoded frame came out of the receiver. */
  readonly arrivalMs: number;
  /** Frame index modulo 256 as drawn in the picture; null when the picture carries none, or is not asked for it. */
  readonly counter: number | null;
  readonly rtpTimestamp: number;
  readonly width: number;
  readonly height: number;
  /** Mean luma of the watched areas, in their order. */
  readonly lumas: readonly number[];
  /** When the compositor showed it (`expectedDisplayTime` of requestVideoFrameCallback); null while it has not. */
  presentedMs: number | null;
}

export interface PictureReaderOptions {
  readonly counter: boolean;
  readonly areas: readonly Area[];
  readonly layout?: Layout;
}

/** How many records are kept at most; the oldest go. */
const MAX_RECORDS = 20_000;

export class PictureReader {
  readonly frames: FrameRecord[] = [];
  private readonly options: PictureReaderOptions;
  private readonly listeners = new Set<(frame: FrameRecord) => void>();
  private readonly unseen = new Map<number, number>();
  private readonly byRtpTimestamp = new Map<number, FrameRecord>();

  constructor(track: MediaStreamTrack, options: PictureReaderOptions, signal: AbortSignal) {
    this.options = options;
    void this.read(track, signal);
  }

  onFrame(listener: (frame: FrameRecord) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** Notes when the frame with an RTP timestamp was on the screen; either may come first. */
  presented(rtpTimestamp: number, presentedMs: number): void {
    const record = this.byRtpTimestamp.get(rtpTimestamp);
    if (record === undefined) this.unseen.set(rtpTimestamp, presentedMs);
    else record.presentedMs = presentedMs;
  }

  clear(): void {
    this.frames.length = 0;
    this.byRtpTimestamp.clear();
    this.unseen.clear();
  }

  private async read(track: MediaStreamTrack, signal: AbortSignal): Promise<void> {
    for await (const frame of readTrack<VideoFrame>(track, MAX_WAITING, signal)) {
      // Not awaited: copying must not delay the next frame's arrival time.
      void this.inspect(frame, performance.now());
    }
  }

  private async inspect(frame: VideoFrame, arrivalMs: number): Promise<void> {
    const { areas, counter, layout = CLIP_LAYOUT } = this.options;
    try {
      const metadata = (frame as VideoFrame & { metadata?(): { rtpTimestamp?: number } }).metadata?.();
      const rtpTimestamp = metadata?.rtpTimestamp ?? -1;
      const [count, ...lumas] = await Promise.all([
        counter ? readCounter(frame, layout) : undefined,
        ...areas.map((area) => meanLuma(frame, area, layout)),
      ]);
      const record: FrameRecord = {
        arrivalMs,
        counter: count ?? null,
        rtpTimestamp,
        width: frame.displayWidth,
        height: frame.displayHeight,
        lumas: lumas.map((luma) => luma ?? 0),
        presentedMs: this.unseen.get(rtpTimestamp) ?? null,
      };
      this.unseen.delete(rtpTimestamp);
      this.byRtpTimestamp.set(rtpTimestamp, record);
      this.frames.push(record);
      if (this.frames.length > MAX_RECORDS) this.frames.shift();
      for (const listener of this.listeners) listener(record);
    } finally {
      frame.close();
    }
  }
}
