/** `npm run sim`: runs every scenario, prints a table, writes the plots of docs/congestion.md. `--no-plots` only prints. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { lineChartSvg, type Point } from '../support/svg-chart.ts';
import { fairness, measure, queueP95Ms } from './measures.ts';
import { runScenario, type Sample, type ScenarioRun } from './scenario.ts';
import { acceptance, rfc8867 } from './scenarios.ts';

const PLOTS = join(import.meta.dirname, '../../docs/plots');
/** The first seconds are the start; the figures are of the rest. */
const SETTLED_MS = 3000;
const POINT_MS = 500;

const runs = [...Object.values(acceptance), ...Object.values(rfc8867)].map(runScenario);
console.table(Object.fromEntries(runs.map((run) => [run.scenario.name, row(run)])));
if (!process.argv.includes('--no-plots')) {
  mkdirSync(PLOTS, { recursive: true });
  for (const run of runs) writeFileSync(join(PLOTS, `${run.scenario.key}.svg`), plot(run));
}

function row(run: ScenarioRun): Record<string, number | string> {
  const span = { fromMs: SETTLED_MS, toMs: run.scenario.durationMs };
  const flows = run.flows.map((_, index) => measure(run, index, span));
  const first = flows[0];
  if (first === undefined) return {};
  return {
    Mbps: flows.map(({ receivedBitrate }) => (receivedBitrate / 1e6).toFixed(2)).join(' '),
    'of the link': percent(flows.reduce((sum, { utilisation }) => sum + utilisation, 0)),
    fairness: flows.length === 1 ? '' : fairness(run, span).toFixed(2),
    'queue p95 ms': Math.round(queueP95Ms(run.samples, span)),
    'delay p95 ms': Math.round(first.delayP95Ms),
    fps: first.picturesPerSecond.toFixed(1),
    'freeze ms': Math.round(first.longestFreezeMs),
  };
}

function percent(share: number): string {
  return `${Math.round(share * 100)} %`;
}

function plot({ scenario, samples, flows }: ScenarioRun): string {
  const shown = averaged(samples);
  const seconds = (value: (sample: Sample) => number): Point[] => shown.map((sample) => [sample.atMs / 1000, value(sample)]);
  const highest = Math.max(...shown.flatMap((sample) => sample.flows.map(({ targetBitrate }) => targetBitrate)));
  const capacityShown = Math.min(...shown.map(({ capacity }) => capacity)) <= 3 * highest;
  const names = flows.length === 1 ? [''] : flows.map((_, index) => ` ${index + 1}`);
  return lineChartSvg(
    {
      title: scenario.name,
      xLabel: 'time (s)',
      yLabel: 'Mbps',
      lines: [
        ...(capacityShown
          ? [
              {
                name: 'capacity',
                step: true,
                dashed: true,
                colour: '#555555',
                points: changes(samples.map((sample): Point => [sample.atMs / 1000, sample.capacity / 1e6])),
              },
            ]
          : []),
        ...flows.flatMap((_, index) => [
          {
            name: `target${names[index]}`,
            ...colour(index),
            points: seconds((sample) => (sample.flows[index]?.targetBitrate ?? 0) / 1e6),
          },
          ...(flows.length > 1
            ? []
            : [
                {
                  name: 'received',
                  colour: '#009e73',
                  points: seconds((sample) => (sample.flows[index]?.receivedBitrate ?? 0) / 1e6),
                },
              ]),
        ]),
        ...(scenario.tcp === undefined
          ? []
          : [{ name: 'TCP', colour: '#cc79a7', points: seconds((sample) => sample.tcpBitrate / 1e6) }]),
      ],
    },
    {
      title: 'queue of the bottleneck (longest in each half second)',
      xLabel: 'time (s)',
      yLabel: 'ms',
      yMax: Math.max(50, ...shown.map(({ queueMs }) => queueMs)),
      lines: [{ name: 'queue', points: seconds(({ queueMs }) => queueMs) }],
    },
  );
}

function colour(flow: number): { colour: string } {
  return { colour: ['#d55e00', '#0072b2', '#e69f00', '#009e73', '#cc79a7'][flow] ?? '#000000' };
}

/** The points at which a stepped line changes, and its ends. */
function changes(points: readonly Point[]): Point[] {
  return points.filter(([, y], index) => index === points.length - 1 || y !== points[index - 1]?.[1]);
}

/** Means over half a second: single pictures are not what the plots are about. */
function averaged(samples: readonly Sample[]): Sample[] {
  const slices = Map.groupBy(samples, ({ atMs }) => Math.floor(atMs / POINT_MS));
  return [...slices.values()].flatMap((slice) => {
    const last = slice.at(-1);
    if (last === undefined) return [];
    const mean = (value: (sample: Sample) => number): number => slice.reduce((sum, one) => sum + value(one), 0) / slice.length;
    return {
      ...last,
      queueMs: Math.max(...slice.map(({ queueMs }) => queueMs)),
      tcpBitrate: mean(({ tcpBitrate }) => tcpBitrate),
      flows: last.flows.map((_, index) => ({
        targetBitrate: mean((sample) => sample.flows[index]?.targetBitrate ?? 0),
        receivedBitrate: mean((sample) => sample.flows[index]?.receivedBitrate ?? 0),
        lossFraction: mean((sample) => sample.flows[index]?.lossFraction ?? 0),
      })),
    };
  });
}
