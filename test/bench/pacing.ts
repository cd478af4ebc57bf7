/** How evenly pictures come. Pure. */
import type { FrameRecord } from '../support/probe-page.ts';
import { slope, standardDeviation } from './statistics.ts';
import { pictureChanges } from './stream-quality.ts';

export interface Pacing {
  /** How far the long-run pace is from the source's, in percent: by a line through all arrivals. */
  readonly deviationPercent: number;
  /** Standard deviation of the time between neighbouring pictures. */
  readonly intervalDeviationMs: number;
}

/** @param frames of which the counter can be read; pictures that never came are allowed for */
export function pacing(frames: readonly FrameRecord[], source: { readonly fps: number; readonly frames: number }): Pacing {
  const changes = pictureChanges(frames.filter(({ counter }) => counter !== null));
  const intervals: number[] = [];
  const arrivals: number[] = [];
  let previous: FrameRecord | undefined;
  for (const frame of changes) {
    const step = previous === undefined ? 1 : ((frame.counter ?? 0) - (previous.counter ?? 0) + source.frames) % source.frames;
    if (previous !== undefined) {
      // Pictures that are missing are put where they would have been, so that the line's steps are those of the source.
      for (let missing = 1; missing < step; missing += 1) {
        arrivals.push(previous.arrivalMs + ((frame.arrivalMs - previous.arrivalMs) * missing) / step);
      }
      intervals.push(frame.arrivalMs - previous.arrivalMs);
    }
    arrivals.push(frame.arrivalMs);
    previous = frame;
  }
  const idealMs = 1000 / source.fps;
  return {
    deviationPercent: (100 * Math.abs(slope(arrivals) - idealMs)) / idealMs,
    intervalDeviationMs: standardDeviation(intervals),
  };
}
