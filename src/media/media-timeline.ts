import type { DeliveryMode } from '../common/index.js';

/** What happens to a chunk that comes faster than it plays, with every default filled in. */
export interface QueuePolicy {
  readonly delivery: DeliveryMode;
  /** Milliseconds of media that may wait. `lossless`: more than that and the pipeline waits; `latest`: and older media makes room. */
  readonly queueMs: number;
}

/** Where a chunk was put on the media clock. */
export interface Placement {
  /** Media time of the chunk's first frame and first sample, milliseconds. */
  readonly startMs: number;
  /** Milliseconds of queued media that must be dropped, and by which what is behind it moves forward. Only with `latest`. */
  readonly skipMs: number;
}

/**
 * Media whose time was over this long ago is not sent any more, sound and `lossless` pictures alike, so that they catch up together after a stall
 * of the process. What is less late is: the receiver's jitter buffer can smooth it.
 */
export const MAX_LATENESS_MS = 150;

/** With `latest`, media may be sent this much of its own duration before its ideal time: absorbs a pipeline's jitter without a queue. */
const EARLY_SHARE = 0.5;
/** …but never earlier than this; a long chunk is paced, not burst. */
const MAX_EARLY_MS = 25;
/**
 * With `latest`, media that had to wait no longer than the media before it lets the next begin earlier, by this share of its duration: the delay
 * that one late chunk caused goes away within a second or two instead of staying for good. A wait that grows is a pipeline that is too fast,
 * which is held to its pace.
 */
const DRAIN_SHARE = 0.03;

/**
 * Places chunks one after the other on the media clock. Pure: what time it is comes with each call. A chunk that comes too late for its
 * ideal time starts now, and all later ones follow it: audio and video move together since they share the placement.
 *
 * Each chunk has its own policy. What came as `lossless` plays whatever comes behind it: a stream that turns to `latest` with a second of
 * media still queued plays that second, and of what came meanwhile only the newest.
 */
export class MediaTimeline {
  /** Ideal media time of the next chunk. */
  private nextMs = 0;
  /** Until here nothing may be dropped. */
  private keptUntilMs = 0;
  private lastWaitMs = 0;

  /** Media time at which everything placed so far has played. */
  get endMs(): number {
    return this.nextMs;
  }

  /** What is placed next begins at `ms` at the earliest. */
  advanceTo(ms: number): void {
    this.nextMs = Math.max(this.nextMs, ms);
  }

  /**
   * @param durationMs how long the chunk plays, at least 0.
   * @param nowMs media time now.
   * @param frameMs duration of one of its frames; the queue may always hold one.
   */
  place(durationMs: number, nowMs: number, frameMs: number, { delivery, queueMs }: QueuePolicy): Placement {
    const idealMs = Math.max(this.nextMs, nowMs);
    if (delivery === 'lossless') {
      this.nextMs = idealMs + durationMs;
      this.keptUntilMs = this.nextMs;
      return { startMs: idealMs, skipMs: 0 };
    }
    const earliestMs = Math.max(nowMs, this.keptUntilMs);
    const excessMs = idealMs - nowMs - Math.max(queueMs, frameMs);
    const skipMs = Math.max(0, Math.min(excessMs, idealMs - earliestMs));
    const placedMs = idealMs - skipMs;
    const startMs = Math.max(earliestMs, placedMs - Math.min(frameMs * EARLY_SHARE, MAX_EARLY_MS));
    const waitMs = startMs - nowMs;
    const drainMs = skipMs === 0 && waitMs <= this.lastWaitMs ? Math.min(waitMs, durationMs * DRAIN_SHARE) : 0;
    this.lastWaitMs = waitMs;
    this.nextMs = placedMs + durationMs - drainMs;
    return { startMs, skipMs };
  }
}
