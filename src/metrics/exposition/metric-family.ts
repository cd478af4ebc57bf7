import type { CumulativeBucket, Histogram } from '../../common/index.js';

/** Names and values; the names are the same for every sample of a family, and the values one of a few. */
export type Labels = Readonly<Record<string, string>>;

interface Family {
  /** Name as Prometheus knows it: with its unit, and `_total` for a counter. */
  readonly name: string;
  /** One sentence without its full stop. */
  readonly help: string;
}

/** One value of a counter or a gauge. */
export interface Sample {
  readonly labels?: Labels;
  readonly value: number;
}

/** One distribution of a histogram. */
export interface Distribution {
  readonly labels?: Labels;
  /** Cumulative, ascending; without the last one, `+Inf`. */
  readonly buckets: readonly CumulativeBucket[];
  readonly count: number;
  readonly sum: number;
}

export type ValueFamily = Family & { readonly type: 'counter' | 'gauge'; readonly samples: readonly Sample[] };
export type HistogramFamily = Family & { readonly type: 'histogram'; readonly distributions: readonly Distribution[] };

/** What is known under one name at one moment. */
export type MetricFamily = ValueFamily | HistogramFamily;

export function counter(name: string, help: string, samples: readonly Sample[]): ValueFamily {
  return { name, help, type: 'counter', samples };
}

export function gauge(name: string, help: string, samples: readonly Sample[]): ValueFamily {
  return { name, help, type: 'gauge', samples };
}

export function histogram(name: string, help: string, distributions: readonly Distribution[]): HistogramFamily {
  return { name, help, type: 'histogram', distributions };
}

/**
 * A histogram's state.
 * @param options `bounds`: those of its buckets that are told, all of them without; `scale`: what a value and a bound are multiplied with
 */
export function distributionOf(
  source: Histogram,
  { labels, bounds, scale = 1 }: { readonly labels?: Labels; readonly bounds?: readonly number[]; readonly scale?: number } = {},
): Distribution {
  return {
    ...(labels === undefined ? {} : { labels }),
    buckets: source.cumulative(bounds).map(({ bound, count }) => ({ bound: rounded(bound * scale), count })),
    count: source.total,
    sum: source.totalSum * scale,
  };
}

/** Takes away what a multiplication by a decimal fraction adds: 0.30000000000000004. */
function rounded(bound: number): number {
  return Number(bound.toPrecision(12));
}
