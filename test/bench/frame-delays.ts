/** From the yield of a frame to its arrival. Pure. */
import type { FrameRecord } from '../support/probe-page.ts';

/** What the pipeline said of a frame it yielded. */
export interface Stamp {
  readonly counter: number;
  /** Milliseconds since 1970, on the page's clock. */
  readonly yieldedMs: number;
}

export interface FrameDelays {
  /** To the decoded frame. */
  readonly decodedMs: readonly number[];
  /** To the instant at which the compositor showed it. */
  readonly presentedMs: readonly number[];
}

/** The counter repeats; an older stamp than this is that of an earlier round. */
const MAX_DELAY_MS = 5000;

/** @param timeOriginMs of the page, which the records' times count from */
export function frameDelays(frames: readonly FrameRecord[], stamps: readonly Stamp[], timeOriginMs: number): FrameDelays {
  const pairs = frames.flatMap((frame) => {
    const arrivalMs = timeOriginMs + frame.arrivalMs;
    const stamp = stamps.findLast(({ counter, yieldedMs }) => counter === frame.counter && yieldedMs <= arrivalMs);
    return stamp === undefined || arrivalMs - stamp.yieldedMs > MAX_DELAY_MS
      ? []
      : [{ frame, yieldedMs: stamp.yieldedMs - timeOriginMs }];
  });
  return {
    decodedMs: pairs.map(({ frame, yieldedMs }) => frame.arrivalMs - yieldedMs),
    presentedMs: pairs.flatMap(({ frame, yieldedMs }) => (frame.presentedMs === null ? [] : [frame.presentedMs - yieldedMs])),
  };
}
