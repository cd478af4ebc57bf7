/** What the relay's counts say about the use of a link. Pure. Times are milliseconds since 1970. */
import type { DirectionSample, PathSample } from '../../support/relay/messages.ts';
import { SAMPLE_INTERVAL_MS } from '../../support/relay/messages.ts';
import type { CapacityStep } from '../../support/relay/link.ts';

/** A rate is the mean of this long: two frames would be too little, a step would vanish in ten seconds. */
const UP_WINDOW_MS = 1000;
const DOWN_WINDOW_MS = 500;
/** Share of the new capacity that must be used after a step up. */
const USED_SHARE = 0.8;

/** The samples of a span. */
export function within(samples: readonly PathSample[], fromMs: number, toMs: number): PathSample[] {
  return samples.filter(({ atUnixMs }) => atUnixMs > fromMs && atUnixMs <= toMs);
}

/** Bits delivered for each bit that could have been, in percent; NaN on a link without a limit. */
export function linkUsePercent(samples: readonly PathSample[]): number {
  const possible = samples.reduce((sum, { down, intervalMs }) => sum + (down.capacity * intervalMs) / 1000, 0);
  const share = (sumOf(samples, 'deliveredBytes') * 8) / possible;
  return Number.isFinite(possible) && possible > 0 ? share * 100 : Number.NaN;
}

/** Bits a second that left the link; NaN of no samples. */
export function throughput(samples: readonly PathSample[]): number {
  return (sumOf(samples, 'deliveredBytes') * 8 * 1000) / lengthMs(samples);
}

function lengthMs(samples: readonly PathSample[]): number {
  return samples.reduce((sum, { intervalMs }) => sum + intervalMs, 0);
}

export function sumOf(samples: readonly PathSample[], count: Exclude<keyof DirectionSample, 'queuedMs' | 'capacity'>): number {
  return samples.reduce((sum, { down }) => sum + down[count], 0);
}

/**
 * Seconds from a step up until the link carries at least 80 % of its new capacity: the end of the first second that does. Infinity: never
 * before `untilMs`.
 */
export function secondsUntilUsed(
  samples: readonly PathSample[],
  { bitsPerSecond }: CapacityStep,
  stepMs: number,
  untilMs: number,
): number {
  const window = firstWindow(
    within(samples, stepMs, untilMs),
    UP_WINDOW_MS,
    (part) => throughput(part) >= USED_SHARE * bitsPerSecond,
  );
  return window === undefined ? Infinity : (window.endMs - stepMs) / 1000;
}

/**
 * Seconds from a step down until no more is sent than the link can carry: the beginning of the first half second for which that is so.
 * Infinity: never before `untilMs`.
 */
export function secondsUntilWithin(
  samples: readonly PathSample[],
  { bitsPerSecond }: CapacityStep,
  stepMs: number,
  untilMs: number,
): number {
  const offered = (part: readonly PathSample[]): number => (sumOf(part, 'offeredBytes') * 8 * 1000) / lengthMs(part);
  const window = firstWindow(within(samples, stepMs, untilMs), DOWN_WINDOW_MS, (part) => offered(part) <= bitsPerSecond);
  return window === undefined ? Infinity : Math.max(0, window.beginMs - stepMs) / 1000;
}

function firstWindow(
  samples: readonly PathSample[],
  windowMs: number,
  accepts: (part: readonly PathSample[]) => boolean,
): { readonly beginMs: number; readonly endMs: number } | undefined {
  const count = Math.round(windowMs / SAMPLE_INTERVAL_MS);
  for (let first = 0; first + count <= samples.length; first += 1) {
    const part = samples.slice(first, first + count);
    const endMs = part.at(-1)?.atUnixMs ?? 0;
    if (accepts(part)) return { beginMs: endMs - lengthMs(part), endMs };
  }
  return undefined;
}
