import type { StreamStats } from '@telefuser/stream-client';
import { formatBitrate, formatCount, formatMs, formatPercent, type Formatted } from './format.ts';

/** Samples that a chart shows: two minutes. */
export const CHART_SAMPLES = 120;

export interface Series {
  readonly name: string;
  /** Undefined where there was nothing to measure. */
  readonly values: readonly (number | undefined)[];
}

export interface ChartData {
  readonly title: string;
  readonly series: readonly Series[];
  readonly format: (value: number) => Formatted;
  /** The top of the scale is this at least, so that noise looks like noise. */
  readonly minTop: number;
}

interface ChartDefinition extends Omit<ChartData, 'series'> {
  readonly series: readonly { readonly name: string; readonly of: (stats: StreamStats) => number | null | undefined }[];
}

const CHARTS: readonly ChartDefinition[] = [
  {
    title: 'Bitrate',
    format: formatBitrate,
    minTop: 500_000,
    series: [
      { name: 'received', of: ({ video, audio }) => video && video.bitrate + (audio?.bitrate ?? 0) },
      { name: 'estimate', of: ({ server }) => server?.network.estimate },
    ],
  },
  {
    title: 'Frames a second',
    format: formatCount,
    minTop: 30,
    series: [
      { name: 'shown', of: ({ video }) => video?.fps },
      { name: 'sent', of: ({ server }) => server?.video?.fps },
    ],
  },
  { title: 'Round trip', format: formatMs, minTop: 20, series: [{ name: 'round trip', of: ({ roundTripMs }) => roundTripMs }] },
  {
    title: 'Jitter and buffer',
    format: formatMs,
    minTop: 20,
    series: [
      { name: 'jitter', of: ({ video }) => video?.jitterMs },
      { name: 'buffer', of: ({ video }) => video?.jitterBufferMs },
      { name: 'decoding', of: ({ video }) => video?.decodeMs },
    ],
  },
  {
    title: 'Loss',
    format: formatPercent,
    minTop: 0.05,
    series: [
      { name: 'picture', of: ({ video }) => video?.lossFraction },
      { name: 'sound', of: ({ audio }) => audio?.lossFraction },
    ],
  },
  {
    title: 'Control to picture',
    format: formatMs,
    minTop: 100,
    series: [
      { name: 'applied', of: ({ controls }) => controls.toApplied?.medianMs },
      { name: 'on the screen', of: ({ controls }) => controls.toShown?.medianMs },
    ],
  },
];

/** The charts of the last two minutes. */
export function chartsOf(samples: readonly StreamStats[]): readonly ChartData[] {
  const recent = samples.slice(-CHART_SAMPLES);
  return CHARTS.map(({ series, ...chart }) => ({
    ...chart,
    series: series.map(({ name, of }) => ({ name, values: recent.map((stats) => of(stats) ?? undefined) })),
  }));
}

/** A round number that is not below the value: 1, 2 or 5 times a power of ten. */
export function roundUp(value: number): number {
  if (value <= 0) return 1;
  const power = 10 ** Math.floor(Math.log10(value));
  return ([1, 2, 5, 10].find((step) => step * power >= value * (1 - Number.EPSILON)) ?? 10) * power;
}

/**
 * The lines of a series as an SVG path in a box of 1 by 1, the newest value at the right edge; where values are missing the line is broken.
 * @param top the value at the upper edge
 */
export function pathOf(values: readonly (number | undefined)[], top: number, capacity = CHART_SAMPLES): string {
  const first = capacity - values.length;
  let isDown = false;
  return values
    .map((value, index) => {
      if (value === undefined) {
        isDown = false;
        return '';
      }
      const command = isDown ? 'L' : 'M';
      isDown = true;
      const x = (first + index) / (capacity - 1);
      const y = 1 - Math.min(1, Math.max(0, value / top));
      // A lone point is a line of no length, which round ends make a dot.
      const alone = values[index - 1] === undefined && values[index + 1] === undefined ? 'h0' : '';
      return `${command}${x.toFixed(4)} ${y.toFixed(4)}${alone}`;
    })
    .join('');
}
