/** The value below which `share` (0–1) of the values lie, by the nearest rank; NaN of nothing. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? Number.NaN;
}

export function median(values: readonly number[]): number {
  return percentile(values, 0.5);
}

/** The value that is farthest from zero; NaN of nothing. */
export function worst(values: readonly number[]): number {
  return values.reduce((farthest, value) => (Math.abs(value) > Math.abs(farthest) ? value : farthest), values[0] ?? Number.NaN);
}
