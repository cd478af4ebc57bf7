/** What a measurement found: figures with what they must reach, and what can be drawn of them. Pure. */
import { median } from './statistics.ts';

/** What a figure must reach; both ends may be set. */
export interface Bound {
  readonly least?: number;
  readonly most?: number;
}

/** What a figure is, whatever its value. */
export interface FigureKind {
  readonly name: string;
  readonly unit: string;
  /** Digits behind the point. Default 0. */
  readonly digits?: number;
  /** Left out: for information. */
  readonly bound?: Bound;
}

export interface Figure extends FigureKind {
  /** One a run; null where it could not be measured. The figure is their median. */
  readonly values: readonly (number | null)[];
}

/** Lines over time. All series have one value a point of `seconds`; null leaves a gap. */
export interface ChartData {
  readonly name: string;
  readonly title: string;
  readonly seconds: readonly number[];
  readonly panels: readonly {
    readonly unit: string;
    readonly series: readonly { readonly name: string; readonly values: readonly (number | null)[] }[];
  }[];
}

/** The result of one measurement. */
export interface Measurement {
  /** Names it on the command line and in the results file. */
  readonly id: string;
  readonly title: string;
  readonly figures: readonly Figure[];
  readonly charts?: readonly ChartData[];
  /** What a reader must know of this very run. */
  readonly remarks?: readonly string[];
}

/** Figures of several runs that found the same kinds. */
export function collect<K extends string>(
  kinds: Readonly<Record<K, FigureKind>>,
  runs: readonly Readonly<Record<K, number>>[],
): Figure[] {
  return (Object.entries(kinds) as [K, FigureKind][]).map(([key, kind]) => ({
    ...kind,
    values: runs.map((run) => (Number.isFinite(run[key]) ? run[key] : null)),
  }));
}

/** The median of the runs; a run without a value makes the figure worse, not better: then there is none. NaN when there is none. */
export function valueOf({ values }: Figure): number {
  return values.includes(null) ? Number.NaN : median(values as readonly number[]);
}

/** Whether the bound holds; undefined without one. What could not be measured holds nothing. */
export function isMet(figure: Figure): boolean | undefined {
  if (figure.bound === undefined) return undefined;
  const { least = -Infinity, most = Infinity } = figure.bound;
  const value = valueOf(figure);
  return value >= least && value <= most;
}

export function formatValue(value: number | null, { unit, digits = 0 }: FigureKind): string {
  if (value === null || !Number.isFinite(value)) return '–';
  return `${value.toFixed(digits)}${unit === '' ? '' : ` ${unit}`}`;
}

export function formatBound({ bound, digits = 0 }: FigureKind): string {
  if (bound === undefined) return '';
  const { least, most } = bound;
  const text = (value: number): string => String(Number(value.toFixed(Math.max(digits, 2))));
  if (least !== undefined && most !== undefined)
    return least === -most ? `within ±${text(most)}` : `${text(least)} to ${text(most)}`;
  return least === undefined ? `≤ ${text(most ?? 0)}` : `≥ ${text(least)}`;
}

export function formatMark(figure: Figure): string {
  const met = isMet(figure);
  if (met === undefined) return ' ';
  return met ? '✓' : '✗';
}

/** One measurement as lines of text. */
export function formatMeasurement({ title, figures, remarks = [] }: Measurement): string[] {
  const width = Math.max(0, ...figures.map(({ name }) => name.length));
  const rows = figures.map((figure) => {
    const runs =
      figure.values.length > 1
        ? `   runs: ${figure.values.map((value) => formatValue(value, { ...figure, unit: '' })).join(', ')}`
        : '';
    const value = formatValue(valueOf(figure), figure).padStart(12);
    return `  ${formatMark(figure)} ${figure.name.padEnd(width)} ${value}   ${formatBound(figure).padEnd(14)}${runs}`.trimEnd();
  });
  return [title, ...rows, ...remarks.map((remark) => `    ${remark}`)];
}
