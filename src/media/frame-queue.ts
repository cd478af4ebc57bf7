import type { DeliveryMode, Picture } from '../common/index.js';
import { MAX_LATENESS_MS } from './media-timeline.js';

/** Share of a frame's duration by which pictures are apart while they catch up with their places. */
const MIN_DISTANCE = 0.9;
/** What sums of frame durations may be off. */
const ROUNDING_MS = 0.01;
/** A frame this close to its time is due: a timer would fire late by more. */
const DUE_MS = 0.5;

/** What a picture's chunk says of itself. */
export interface FrameOrigin {
  /** `performance.now()` times. */
  readonly yieldedAtMs?: number | undefined;
  readonly routedAtMs: number;
  /** The pipeline's own counter. */
  readonly index?: number | undefined;
  /** Ids of the client's messages that the chunk is the first to reflect. */
  readonly appliedControls?: readonly string[] | undefined;
}

export interface QueuedFrame {
  readonly picture: Picture;
  /** Its place on the timeline, which skips move forward by any part of a frame. */
  readonly placeMs: number;
  /** Media time at which it is shown: its place, unless another picture's time was not over then. */
  readonly mediaMs: number;
  readonly frameMs: number;
  readonly delivery: DeliveryMode;
  readonly origin: FrameOrigin;
}

interface WaitingFrame extends QueuedFrame {
  /** It was due, and had to wait for the network. */
  heldBack: boolean;
}

/** What holds frames back that are due. */
export interface FrameGate {
  /** One picture of so many may go. */
  readonly frameRateDivisor: number;
  /** How long what was sent still waits for the network. */
  readonly queuedMs: number;
}

export interface Taken {
  /** The frame to show now; undefined when none is due, or it has to wait. */
  readonly frame: QueuedFrame | undefined;
  /** When to ask again; undefined with a frame, or when the queue is empty. */
  readonly waitMs: number | undefined;
  /** Frames left out because their time was over. */
  readonly late: number;
  /** Frames left out because the network takes fewer. */
  readonly congested: number;
}

/** With `latest`, more than about a frame must not wait for the network; shorter frames than this make no difference. */
const MIN_LATEST_QUEUE_MS = 33;
/** With `lossless`, what the receiver's jitter buffer smooths. */
const LOSSLESS_QUEUE_MS = 200;

/**
 * Pictures waiting for their media time, and the choice of the one that is next. A picture that is due but must wait for the network gives way
 * to the next one when that is due too; if none comes, it is shown late rather than never. Pure: time comes with each call. The caller bounds it.
 */
export class FrameQueue {
  private readonly frames: WaitingFrame[] = [];
  /** Media times at which the picture that is shown began, and at which its time is over. */
  private shownMs = -Infinity;
  private shownUntilMs = -Infinity;

  get length(): number {
    return this.frames.length;
  }

  /** How long the next picture is to be shown; undefined when there is none. */
  get nextFrameMs(): number | undefined {
    return this.frames[0]?.frameMs;
  }

  /** Adds pictures for media times `startMs`, `startMs + frameMs`, … */
  enqueue(pictures: readonly Picture[], startMs: number, frameMs: number, delivery: DeliveryMode, origin: FrameOrigin): void {
    pictures.forEach((picture, index) => {
      const placeMs = startMs + index * frameMs;
      const last = this.frames.at(-1);
      // Behind a picture that is later than its place the others come closer together, until they are at theirs again.
      const isLate = last !== undefined && last.mediaMs > last.placeMs;
      const mediaMs = isLate ? Math.max(placeMs, last.mediaMs + last.frameMs * MIN_DISTANCE) : placeMs;
      this.frames.push({ picture, placeMs, mediaMs, frameMs, delivery, origin, heldBack: false });
    });
  }

  /**
   * Moves the pictures behind the last `lossless` one forward by `skipMs`, and drops those whose whole time is another picture's then. Skips of
   * less than a frame add up: the others keep their distance, so that a pipeline that is too fast loses pictures and is not played faster.
   * Returns how many were dropped.
   */
  skip(skipMs: number, nowMs: number): number {
    const first = this.frames.findLastIndex(({ delivery }) => delivery === 'lossless') + 1;
    const lastKept = this.frames[first - 1];
    let takenUntilMs = lastKept === undefined ? this.shownUntilMs : lastKept.mediaMs + lastKept.frameMs;
    let dropped = 0;
    for (const frame of this.frames.splice(first)) {
      const placeMs = frame.placeMs - skipMs;
      if (placeMs + frame.frameMs <= Math.max(takenUntilMs, nowMs) + ROUNDING_MS) {
        dropped += 1;
      } else {
        // What is shown now has now's time, or sound would be heard before it.
        const mediaMs = Math.max(placeMs, takenUntilMs, nowMs);
        takenUntilMs = mediaMs + frame.frameMs;
        this.frames.push({ ...frame, placeMs, mediaMs });
      }
    }
    return dropped;
  }

  /** The frame to show now, or how long to wait for it. */
  take(nowMs: number, gate: FrameGate): Taken {
    let [late, congested] = [0, 0];
    for (;;) {
      const [frame, next] = this.frames;
      if (frame === undefined) return { frame, waitMs: undefined, late, congested };
      if (frame.mediaMs - nowMs > DUE_MS) return { frame: undefined, waitMs: frame.mediaMs - nowMs, late, congested };
      const openMs = this.opensAt(frame, nowMs, gate);
      if (openMs - nowMs > DUE_MS) {
        if (next === undefined || next.mediaMs - nowMs > DUE_MS) {
          frame.heldBack = true;
          return { frame: undefined, waitMs: Math.min(openMs, next?.mediaMs ?? Infinity) - nowMs, late, congested };
        }
        congested += 1;
      } else if (next !== undefined && next.mediaMs + toleranceMs(frame) <= nowMs) {
        if (frame.heldBack) congested += 1;
        else late += 1;
      } else {
        this.frames.shift();
        this.shownMs = frame.mediaMs;
        this.shownUntilMs = frame.mediaMs + frame.frameMs;
        return { frame, waitMs: undefined, late, congested };
      }
      this.frames.shift();
    }
  }

  /** Empties the queue; returns how many there were. */
  clear(): number {
    return this.frames.splice(0).length;
  }

  /** Media time from which a frame that is due may go. */
  private opensAt({ mediaMs, frameMs, delivery }: QueuedFrame, nowMs: number, { frameRateDivisor, queuedMs }: FrameGate): number {
    const allowedMs = delivery === 'lossless' ? LOSSLESS_QUEUE_MS : Math.max(frameMs, MIN_LATEST_QUEUE_MS);
    const networkMs = queuedMs > allowedMs ? nowMs + queuedMs - allowedMs : -Infinity;
    if (frameRateDivisor === 1 || mediaMs >= this.shownMs + (frameRateDivisor - 0.5) * frameMs) return networkMs;
    // Not this one's turn. It is shown if the one whose turn it is does not come.
    return Math.max(networkMs, this.shownMs + (frameRateDivisor + 0.5) * frameMs);
  }
}

function toleranceMs({ delivery, heldBack }: WaitingFrame): number {
  return delivery === 'lossless' && !heldBack ? MAX_LATENESS_MS : 0;
}
