/** docs/benchmarks.md, from stored results. Pure. */
import { formatBound, formatMark, formatValue, valueOf, type Figure } from '../figures.ts';
import type { BenchmarkChart } from './charts.ts';
import { METHOD } from './method.ts';
import type { StoredMeasurement } from './stored-measurement.ts';
import { sendersOf } from './senders.ts';

type Cells = readonly string[];

/** @param charts in the folder `benchmarks` beside the document */
export function benchmarkDocument(results: readonly StoredMeasurement[], charts: readonly BenchmarkChart[]): string {
  const single = results.filter(({ id }) => !id.startsWith('compare-'));
  const compared = results.filter(({ id }) => id.startsWith('compare-'));
  const chartsOf = (id: string): string[] =>
    charts.filter((chart) => chart.id === id).map(({ title, file }) => `![${title}](benchmarks/${file})`);
  return [
    '# Benchmarks',
    'What a viewer sees, what it costs, and how to measure it again. `npm run bench -- --report` writes this document and the charts from real runs; ' +
      'nothing in it is typed by hand but the method.',
    ...section('Against the targets', targets(single)),
    ...single.flatMap((result) => section(result.title, [figureTable(result), ...chartsOf(result.id), ...footOf(result)])),
    ...(compared.length === 0 ? [] : ['## Compared with other senders', COMPARISON]),
    ...compared.flatMap((result) => [`### ${result.title}`, senderTable(result), ...chartsOf(result.id), ...footOf(result)]),
    METHOD,
  ].join('\n\n');
}

const COMPARISON =
  'The same pictures and the same sound, played by the same page in the same Chromium through the same relay, one sender after the other. ' +
  'aiortc runs with its own limits (0.5 to 3 Mbps, following REMB), webrtcbin at 2 Mbps: Debian’s GStreamer has no congestion control for it.';

function section(title: string, content: readonly string[]): string[] {
  return content.length === 0 ? [] : [`## ${title}`, ...content];
}

function targets(results: readonly StoredMeasurement[]): string[] {
  const rows = results.flatMap(({ title, figures }) =>
    figures
      .filter(({ bound }) => bound !== undefined)
      .map((figure) => [title, figure.name, formatBound(figure), formatValue(valueOf(figure), figure), formatMark(figure)]),
  );
  return rows.length === 0
    ? ['Nothing has been measured yet.']
    : [table(['measurement', 'figure', 'target', 'measured', ''], rows)];
}

function figureTable({ figures }: StoredMeasurement): string {
  const several = figures.some(({ values }) => values.length > 1);
  const row = (figure: Figure): Cells => [
    figure.name.replace(/^ +/u, ''),
    formatValue(valueOf(figure), figure),
    ...(several ? [figure.values.map((value) => formatValue(value, { ...figure, unit: '' })).join(', ')] : []),
    `${formatBound(figure)} ${formatMark(figure)}`.trim(),
  ];
  return table(['figure', 'median', ...(several ? ['runs'] : []), 'target'], figures.map(row));
}

function senderTable(result: StoredMeasurement): string {
  const senders = sendersOf(result);
  const names = [...new Set(result.figures.map(({ name }) => name.slice(name.indexOf(': ') + 2)))];
  const cell = (sender: string, name: string): string => {
    const figure = result.figures.find((candidate) => candidate.name === `${sender}: ${name}`);
    return figure === undefined ? '–' : formatValue(valueOf(figure), figure);
  };
  return table(
    ['', ...senders],
    names.map((name) => [name, ...senders.map((sender) => cell(sender, name))]),
  );
}

function footOf({ machine, remarks = [] }: StoredMeasurement): string[] {
  const { cores, cpu, node, chromium, revision, takenAt } = machine;
  return [...remarks, `_${takenAt}, revision ${revision}: ${cores} cores (${cpu}), Node ${node}, Chromium ${chromium}._`];
}

function table(head: Cells, rows: readonly Cells[]): string {
  const line = (cells: Cells): string => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}
