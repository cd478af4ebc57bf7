import type { Sample, ScenarioRun } from './scenario.ts';

export interface Span {
  readonly fromMs: number;
  readonly toMs: number;
}

/** The figures of one flow within a span. */
export interface FlowMeasures {
  /** Mean of what was received over mean of the capacity. */
  readonly utilisation: number;
  readonly receivedBitrate: number;
  /** Of the packets' time from the pacer to the receiver. */
  readonly delayP95Ms: number;
  readonly picturesPerSecond: number;
  readonly longestFreezeMs: number;
}

export function measure(run: ScenarioRun, flowIndex: number, { fromMs, toMs }: Span): FlowMeasures {
  const flow = run.flows[flowIndex];
  const samples = run.samples.filter(({ atMs }) => atMs > fromMs && atMs <= toMs);
  const receivedBitrate = mean(samples.map((sample) => sample.flows[flowIndex]?.receivedBitrate ?? 0));
  const shown = (flow?.player.shownAtMs ?? []).filter((atMs) => atMs > fromMs && atMs <= toMs);
  const delays = (flow?.delays ?? []).filter(({ atMs }) => atMs > fromMs && atMs <= toMs).map(({ delayMs }) => delayMs);
  return {
    utilisation: receivedBitrate / mean(samples.map(({ capacity }) => capacity)),
    receivedBitrate,
    delayP95Ms: percentile(delays, 0.95),
    picturesPerSecond: (shown.length * 1000) / (toMs - fromMs),
    longestFreezeMs: longestGap([fromMs, ...shown, toMs]),
  };
}

/** How long after `fromMs` a flow's received bitrate, averaged over a second, first lies within the bounds; undefined: never. */
export function timeToReach(
  run: ScenarioRun,
  flowIndex: number,
  fromMs: number,
  bounds: { atLeast: number; atMost: number },
): number | undefined {
  const window: number[] = [];
  for (const sample of run.samples) {
    if (sample.atMs <= fromMs) continue;
    window.push(sample.flows[flowIndex]?.receivedBitrate ?? 0);
    if (window.length > 10) window.shift();
    const bitrate = mean(window);
    if (window.length === 10 && bitrate >= bounds.atLeast && bitrate <= bounds.atMost) return sample.atMs - fromMs;
  }
  return undefined;
}

/** The target's lowest value as a share of its mean: near 1 when it does not swing. */
export function steadiness(run: ScenarioRun, flowIndex: number, { fromMs, toMs }: Span): number {
  const targets = run.samples
    .filter(({ atMs }) => atMs > fromMs && atMs <= toMs)
    .map((sample) => sample.flows[flowIndex]?.targetBitrate ?? 0);
  return Math.min(...targets) / mean(targets);
}

/** When the target first lies within the bounds, after `fromMs`. */
export function targetReaches(
  run: ScenarioRun,
  flowIndex: number,
  fromMs: number,
  bounds: { atLeast: number; atMost: number },
): number | undefined {
  const sample = run.samples.find((one) => {
    const target = one.flows[flowIndex]?.targetBitrate ?? 0;
    return one.atMs > fromMs && target >= bounds.atLeast && target <= bounds.atMost;
  });
  return sample === undefined ? undefined : sample.atMs - fromMs;
}

/** Jain's index of the flows' mean rates: 1 when all are equal, 1/n when one has everything. */
export function fairness(run: ScenarioRun, { fromMs, toMs }: Span): number {
  const samples = run.samples.filter(({ atMs }) => atMs > fromMs && atMs <= toMs);
  const rates = run.flows.map((_, index) => mean(samples.map((sample) => sample.flows[index]?.receivedBitrate ?? 0)));
  const sum = rates.reduce((total, rate) => total + rate, 0);
  return sum ** 2 / (rates.length * rates.reduce((total, rate) => total + rate ** 2, 0));
}

export function queueP95Ms(samples: readonly Sample[], { fromMs, toMs }: Span): number {
  return percentile(
    samples.filter(({ atMs }) => atMs > fromMs && atMs <= toMs).map(({ queueMs }) => queueMs),
    0.95,
  );
}

function mean(values: readonly number[]): number {
  return values.length === 0 ? 0 : values.reduce((sum, value) => sum + value, 0) / values.length;
}

function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(Math.floor(share * sorted.length), sorted.length - 1)] ?? 0;
}

function longestGap(instants: readonly number[]): number {
  return instants.reduce((longest, atMs, index) => Math.max(longest, atMs - (instants[index - 1] ?? atMs)), 0);
}
