/** The charts of the document, from stored results. Pure. */
import { barChartSvg, lineChartSvg, type BarChart, type LineChart } from '../../support/svg-chart.ts';
import { valueOf, type ChartData, type Figure } from '../figures.ts';
import type { StoredMeasurement } from './stored-measurement.ts';
import { sendersOf } from './senders.ts';

export interface BenchmarkChart {
  /** Id of the measurement it belongs to. */
  readonly id: string;
  readonly file: string;
  readonly title: string;
  readonly svg: string;
}

/** Figures that are drawn as bars, for each network that was compared. */
const COMPARED_BARS = ['frames shown a second', 'longest freeze after 3 s', 'CPU'];
const CPU_BARS = [
  ['FFmpeg alone', 'FFmpeg alone, paced at 24 fps'],
  ['this server', 'a session, server and pipeline'],
  ['GStreamer', 'GStreamer webrtcbin, H.264'],
  ['aiortc', 'aiortc, H.264'],
] as const;

export function benchmarkCharts(results: readonly StoredMeasurement[]): BenchmarkChart[] {
  return [
    ...results.flatMap((result) => (result.charts ?? []).map((chart) => lineChart(result.id, chart))),
    ...cpuChart(results),
    ...comparedCharts(results),
  ];
}

function lineChart(id: string, { name, title, seconds, panels }: ChartData): BenchmarkChart {
  const charts = panels.map(({ unit, series }, index): LineChart => ({
    title: index === 0 ? title : '',
    xLabel: 'time (s)',
    yLabel: unit,
    lines: series.map(({ name: line, values }) => ({
      name: line,
      step: line === 'link',
      dashed: line === 'link',
      points: values.flatMap((value, at) => (value === null ? [] : [[seconds[at] ?? 0, value] as const])),
    })),
  }));
  return {
    id,
    file: `${name}.svg`,
    title,
    svg: lineChartSvg(...charts.filter(({ lines }) => lines.some(({ points }) => points.length > 0))),
  };
}

function cpuChart(results: readonly StoredMeasurement[]): BenchmarkChart[] {
  const cpu = results.find(({ id }) => id === 'cpu');
  if (cpu === undefined) return [];
  const values = CPU_BARS.map(([, name]) => measured(cpu.figures.find((figure) => figure.name === name)));
  const title = 'CPU for one frame, 832×480, 24 fps, 2 Mbps';
  const groups = CPU_BARS.map(([label]) => label);
  const svg = barChartSvg({ title, yLabel: 'ms of a core', groups, series: [{ name: 'CPU', values }] });
  return [{ id: 'cpu', file: 'cpu.svg', title, svg }];
}

function comparedCharts(results: readonly StoredMeasurement[]): BenchmarkChart[] {
  const compared = results.filter(({ id }) => id.startsWith('compare-'));
  if (compared.length === 0) return [];
  const senders = [...new Set(compared.flatMap(sendersOf))];
  const charts = COMPARED_BARS.map((name): BarChart => {
    const valueIn = (result: StoredMeasurement, sender: string) =>
      result.figures.find((figure) => figure.name === `${sender}: ${name}`);
    const unit = compared.map((result) => valueIn(result, senders[0] ?? '')?.unit).find((found) => found !== undefined) ?? '';
    return {
      title: name,
      yLabel: unit === '' ? 'frames a second' : unit,
      groups: compared.map(({ id }) => id.replace('compare-', '')),
      series: senders.map((sender) => ({ name: sender, values: compared.map((result) => measured(valueIn(result, sender))) })),
    };
  });
  const [first] = compared;
  return [{ id: first?.id ?? '', file: 'compared.svg', title: 'Senders compared', svg: barChartSvg(...charts) }];
}

function measured(figure: Figure | undefined): number | undefined {
  const value = figure === undefined ? Number.NaN : valueOf(figure);
  return Number.isFinite(value) ? value : undefined;
}
