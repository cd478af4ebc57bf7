/**
 * What happens when media comes faster than it plays. `lossless`: the pipeline waits (server push). `latest`: the oldest queued media goes,
 * and is counted (interactive).
 */
export type QueuePolicy = 'lossless' | 'latest';

/** Where a chunk was put on the media clock. */
export interface Placement {
  /** Media time of the chunk's first frame and first sample, milliseconds. */
  readonly startMs: number;
  /** Milliseconds of queued media that must be dropped, and by which the rest moves forward. Only with `latest`. */
  readonly skipMs: number;
}

/** With `latest`, media may be sent this much of its own duration before its ideal time: absorbs a pipeline's jitter without a queue. */
const EARLY_SHARE = 0.5;
/** …but never earlier than this; a long chunk is paced, not burst. */
const MAX_EARLY_MS = 25;

/**
 * Places chunks one after the other on the media clock. Pure: what time it is comes with each call. A chunk that comes too late for its
 * ideal time starts now, and all later ones follow it: audio and video move together since they share the placement.
 */
export class MediaTimeline {
  /** Ideal media time of the next chunk. */
  private nextMs = 0;

  /** @param maxLeadMs with `latest`: media that may wait before older media is dropped. */
  constructor(
    private readonly policy: QueuePolicy,
    private readonly maxLeadMs: number,
  ) {}

  /** Media time at which everything placed so far has played. */
  get endMs(): number {
    return this.nextMs;
  }

  /**
   * @param durationMs how long the chunk plays, at least 0.
   * @param nowMs media time now.
   * @param frameMs duration of one of its frames; the queue of an interactive session may always hold one.
   */
  place(durationMs: number, nowMs: number, frameMs: number): Placement {
    if (this.policy === 'lossless') {
      const startMs = Math.max(this.nextMs, nowMs);
      this.nextMs = startMs + durationMs;
      return { startMs, skipMs: 0 };
    }
    const idealMs = Math.max(this.nextMs, nowMs);
    const allowedLeadMs = Math.max(this.maxLeadMs, frameMs);
    const skipMs = Math.max(0, idealMs - nowMs - allowedLeadMs);
    const placedMs = idealMs - skipMs;
    this.nextMs = placedMs + durationMs;
    const earlyMs = Math.min(frameMs * EARLY_SHARE, MAX_EARLY_MS);
    return { startMs: Math.max(nowMs, placedMs - earlyMs), skipMs };
  }
}
