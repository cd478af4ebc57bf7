/** 32-frame chunks, lossless (pipelines/video-replay yields them as fast as it may): how evenly they are shown. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { ProbePage } from '../support/probe-page.ts';
import { CLIP, FLASH } from './clip.ts';
import { collect, type FigureKind, type Measurement } from './figures.ts';
import { SETTLE_MS } from './measure-streams.ts';
import { pacing } from './pacing.ts';
import { FLASH_LUMA_AREA, streamQuality } from './stream-quality.ts';

const FIGURES = {
  distinctFps: { name: 'distinct frames a second', unit: '', digits: 2, bound: { least: 23.9 } },
  deviationPercent: { name: 'long-run pace off by', unit: '%', digits: 3, bound: { most: 0.5 } },
  longestHoldMs: { name: 'longest hold', unit: 'ms', digits: 1, bound: { most: 60 } },
  intervalDeviationMs: { name: 'standard deviation of the intervals', unit: 'ms', digits: 2 },
  longestPresentedHoldMs: { name: 'longest hold on the screen', unit: 'ms', digits: 1 },
  skipped: { name: 'frames that never came', unit: '' },
} as const satisfies Record<string, FigureKind>;

export async function measureBursts(probe: ProbePage, runs: number, seconds: number): Promise<Measurement> {
  const found: Record<keyof typeof FIGURES, number>[] = [];
  for (let run = 0; run < runs; run += 1) {
    const { handle } = await probe.openSession({ request: { loop: true }, pictures: { counter: true, areas: [FLASH] } });
    await sleep(SETTLE_MS);
    await probe.clear(handle);
    await sleep(seconds * 1000);
    const recording = await probe.recording(handle);
    await probe.closeSession(handle);
    const quality = streamQuality(recording, CLIP.frames, FLASH_LUMA_AREA);
    found.push({
      ...pacing(recording.frames, CLIP),
      distinctFps: quality.distinctFramesPerSecond,
      longestHoldMs: quality.longestHoldMs,
      longestPresentedHoldMs: quality.longestPresentedHoldMs,
      skipped: quality.skippedFrames,
    });
  }
  return { id: 'bursts', title: `32-frame bursts, lossless, ${seconds} s a run`, figures: collect(FIGURES, found) };
}
