/** What becomes of 24 colours on their way to the viewer's canvas, for each codec. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { ProbePage } from '../support/probe-page.ts';
import { meanErrors, patchArea, PATCHES } from './colour-patches.ts';
import { collect, type FigureKind, type Measurement } from './figures.ts';

export const COLOUR_CHART = 'test/bench/pipelines/colour-chart.ts';
/** The encoder has spent some pictures on the chart by then. */
const SETTLE_MS = 4000;
/** Of a patch, around its middle. */
const RADIUS = 24;

export interface ColourSource {
  readonly codec: string;
  readonly frames: 'rgb' | 'jpeg';
}

/** @param runs of sessions that were opened for the codec */
export async function measureColour(probe: ProbePage, { codec, frames }: ColourSource, runs: number): Promise<Measurement> {
  const bound = { most: 3 };
  const kinds = {
    red: { name: 'mean error, red', unit: 'levels', digits: 2, bound },
    green: { name: 'mean error, green', unit: 'levels', digits: 2, bound },
    blue: { name: 'mean error, blue', unit: 'levels', digits: 2, bound },
    worst: { name: 'worst patch and channel', unit: 'levels', digits: 1 },
  } as const satisfies Record<string, FigureKind>;
  const found: Record<keyof typeof kinds, number>[] = [];
  for (let run = 0; run < runs; run += 1) {
    const seen = await seenColours(probe, codec);
    const [red = Number.NaN, green = Number.NaN, blue = Number.NaN] = meanErrors(seen);
    const errors = seen.flatMap((colour, index) =>
      colour.map((level, channel) => Math.abs(level - (PATCHES[index]?.[channel] ?? 0))),
    );
    found.push({ red, green, blue, worst: Math.max(...errors) });
  }
  return {
    id: `colour-${codec.toLowerCase()}-${frames}`,
    title: `Colour, ${codec}, chart of 24 patches from ${frames === 'rgb' ? 'raw RGB' : 'JPEG'}`,
    figures: collect(kinds, found),
  };
}

async function seenColours(probe: ProbePage, codec: string): Promise<number[][]> {
  const { handle } = await probe.openSession({ onlyCodec: codec, pictures: { counter: false, areas: [] } });
  try {
    await sleep(SETTLE_MS);
    const { stats } = await probe.recording(handle);
    const used = stats.find(({ type, mimeType }) => type === 'codec' && String(mimeType).startsWith('video/'))?.['mimeType'];
    if (used !== `video/${codec}`) throw new Error(`${String(used)} was received instead of ${codec}`);
    const middles = PATCHES.map((_, index) => {
      const { x, y, width, height } = patchArea(index);
      return [x + width / 2, y + height / 2] as const;
    });
    return await probe.colours(handle, middles, RADIUS);
  } finally {
    await probe.closeSession(handle);
  }
}
