/** Sound against picture, by flash and beep: soon after the start, and after minutes. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { ProbePage } from '../support/probe-page.ts';
import { CLIP, FLASH } from './clip.ts';
import { collect, type FigureKind, type Measurement } from './figures.ts';
import { median, worst } from './statistics.ts';
import { FLASH_LUMA_AREA, streamQuality } from './stream-quality.ts';

/** From the first picture until flashes count. */
const EARLY_AFTER_MS = 1000;
const EARLY_SECONDS = 5;
const LATE_SECONDS = 20;
/** A beep and its flash may be on either side of the end. */
const TAIL_MS = 500;
const BOUND = { least: -30, most: 30 };

const FIGURES = {
  early: { name: 'sound after picture, first 5 s after 1 s', unit: 'ms', digits: 1, bound: BOUND },
  earlyWorst: { name: '  … worst flash', unit: 'ms', digits: 1 },
  late: { name: 'sound after picture, at the end', unit: 'ms', digits: 1, bound: BOUND },
  lateWorst: { name: '  … worst flash', unit: 'ms', digits: 1 },
  lateByStats: { name: '  … by Chromium’s own statistics', unit: 'ms', digits: 1 },
} as const satisfies Record<string, FigureKind>;

/** One session that lasts `minutes`; so many `runs` at the same time would disturb one another, so there is one. */
export async function measureSync(probe: ProbePage, minutes: number): Promise<Measurement> {
  const { handle } = await probe.openSession({ request: { loop: true }, pictures: { counter: true, areas: [FLASH] } });
  const offsets = async (): Promise<{ offsets: readonly number[]; byStats: number | undefined }> => {
    const quality = streamQuality(await probe.recording(handle), CLIP.frames, FLASH_LUMA_AREA);
    return { offsets: quality.audioVideoOffsetsMs, byStats: quality.statsOffsetMs };
  };
  const startedMs = performance.now();
  await sleep(EARLY_AFTER_MS);
  await probe.clear(handle);
  await sleep(EARLY_SECONDS * 1000 + TAIL_MS);
  const early = await offsets();
  const lateFromMs = startedMs + Math.max(minutes * 60 - LATE_SECONDS, 0) * 1000;
  await sleep(Math.max(0, lateFromMs - performance.now()));
  await probe.clear(handle);
  await sleep(LATE_SECONDS * 1000 + TAIL_MS);
  const late = await offsets();
  await probe.closeSession(handle);
  const found = {
    early: median(early.offsets),
    earlyWorst: worst(early.offsets),
    late: median(late.offsets),
    lateWorst: worst(late.offsets),
    lateByStats: late.byStats ?? Number.NaN,
  };
  return { id: 'sync', title: `Sound against picture, start and after ${minutes} min`, figures: collect(FIGURES, [found]) };
}
