/** Statistics of lists of numbers. Pure. */

/** The value below which `share` (0–1) of the values lie, by the nearest rank; NaN of nothing. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? Number.NaN;
}

export function median(values: readonly number[]): number {
  return percentile(values, 0.5);
}

/** NaN of nothing. */
function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** The value that is farthest from zero; NaN of nothing. */
export function worst(values: readonly number[]): number {
  return values.reduce((farthest, value) => (Math.abs(value) > Math.abs(farthest) ? value : farthest), values[0] ?? Number.NaN);
}

/** Of the whole population; NaN of nothing. */
export function standardDeviation(values: readonly number[]): number {
  const middle = mean(values);
  return Math.sqrt(mean(values.map((value) => (value - middle) ** 2)));
}

/** How much a value is more than the one before it, by a line of least squares through all; NaN of fewer than two. */
export function slope(values: readonly number[]): number {
  const [middleX, middleY] = [(values.length - 1) / 2, mean(values)];
  const [sumXy, sumXx] = values.reduce(
    ([xy, xx], value, x) => [xy + (x - middleX) * (value - middleY), xx + (x - middleX) ** 2],
    [0, 0],
  );
  return sumXy / sumXx;
}

/** The greatest `size` of a run of neighbours that all `belong`; 0 when there is none. */
export function longestRun<T>(values: readonly T[], belongs: (value: T) => boolean, size: (run: readonly T[]) => number): number {
  let [longest, run]: [number, T[]] = [0, []];
  for (const value of values) {
    run = belongs(value) ? [...run, value] : [];
    if (run.length > 0) longest = Math.max(longest, size(run));
  }
  return longest;
}
