/** Several sessions side by side, as a table. Pure. */
import type { Figure, Measurement } from './figures.ts';
import type { ControlTimes } from './measure-keys.ts';
import type { OpeningTimes, StreamLoad } from './measure-streams.ts';
import { median, percentile, worst } from './statistics.ts';

export interface Round {
  readonly sessions: number;
  readonly opening: OpeningTimes;
  readonly replay: StreamLoad;
  readonly controls: ControlTimes;
}

export interface SessionRounds {
  readonly seconds: number;
  readonly rounds: readonly Round[];
}

const mebibytes = (bytes: number): string => `${Math.round(bytes / 2 ** 20)} MiB`;
const milliseconds = (value: number): string => `${value.toFixed(0)} ms`;
const percents = (value: number): string => `${value.toFixed(1)} %`;

type Row = readonly [name: string, cell: (round: Round) => string];

const streamsOf = ({ replay }: Round) => replay.streams;
const offsetsOf = (round: Round): number[] => streamsOf(round).flatMap(({ audioVideoOffsetsMs }) => audioVideoOffsetsMs);
const lowest = (values: readonly number[]): number => Math.min(...values);
const highest = (values: readonly number[]): number => Math.max(...values);
const defined = (values: readonly (number | undefined)[]): number[] => values.filter((value) => value !== undefined);

const ROWS: readonly Row[] = [
  ['offer round trip, median', ({ opening }) => milliseconds(median(opening.answerMs))],
  ['POST to first decoded frame, median', ({ opening }) => milliseconds(median(opening.firstFrameMs))],
  ['frames shown a second, worst session', (round) => lowest(streamsOf(round).map((s) => s.framesPerSecond)).toFixed(2)],
  [
    'distinct frames a second, worst session',
    (round) => lowest(streamsOf(round).map((s) => s.distinctFramesPerSecond)).toFixed(2),
  ],
  ['frames of the source that never came', (round) => String(streamsOf(round).reduce((sum, s) => sum + s.skippedFrames, 0))],
  ['longest held picture, decoded', (round) => milliseconds(highest(streamsOf(round).map((s) => s.longestHoldMs)))],
  ['longest held picture, on screen', (round) => milliseconds(highest(streamsOf(round).map((s) => s.longestPresentedHoldMs)))],
  ['sound after picture, median', (round) => milliseconds(median(offsetsOf(round)))],
  ['sound after picture, worst', (round) => milliseconds(worst(offsetsOf(round)))],
  ['  … by Chromium’s own statistics', (round) => milliseconds(median(defined(streamsOf(round).map((s) => s.statsOffsetMs))))],
  ['video jitter buffer', (round) => milliseconds(highest(defined(streamsOf(round).map((s) => s.videoJitterBufferMs))))],
  ['audio jitter buffer', (round) => milliseconds(highest(defined(streamsOf(round).map((s) => s.audioJitterBufferMs))))],
  ['control to changed pixel, median', ({ controls }) => milliseconds(median(controls.pressMs))],
  ['control to changed pixel, p95', ({ controls }) => milliseconds(percentile(controls.pressMs, 0.95))],
  ['server CPU, replay', ({ replay }) => percents(replay.load.serverCpuPercent)],
  ['pipeline CPU, replay', ({ replay }) => percents(replay.load.hostCpuPercent)],
  ['CPU a session, replay', (round) => percents(cpuPercent(round))],
  ['server CPU, overlay', ({ controls }) => percents(controls.load.serverCpuPercent)],
  ['pipeline CPU, overlay', ({ controls }) => percents(controls.load.hostCpuPercent)],
  ['server memory, replay', ({ replay }) => mebibytes(replay.load.serverBytes)],
  ['pipeline memory, replay', ({ replay }) => mebibytes(replay.load.hostBytes)],
  ['CPU of other processes, replay', ({ replay }) => percents(replay.load.foreignCpuPercent)],
];

export function formatSessions({ seconds, rounds }: SessionRounds): string[] {
  const cells = [
    ['', ...rounds.map(({ sessions }) => `${sessions} session${sessions === 1 ? '' : 's'}`)],
    ...ROWS.map(([name, cell]) => [name, ...rounds.map((round) => cell(round).replace('NaN', '–').replace('Infinity', '–'))]),
  ];
  const widths = (cells[0] ?? []).map((_, column) => highest(cells.map((row) => row[column]?.length ?? 0)));
  const lines = cells.map((row) =>
    row.map((cell, column) => (column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0))).join('   '),
  );
  lines.splice(1, 0, '─'.repeat(lines[0]?.length ?? 0));
  return [...lines, '', ...foot(seconds)];
}

/** The table as data, for the results file. */
export function sessionMeasurement({ seconds, rounds }: SessionRounds): Measurement {
  return {
    id: 'sessions',
    title: `Sessions side by side, Chromium decoding on the same cores, ${seconds} s`,
    figures: rounds.flatMap((round) => [
      figure(round, 'POST to first decoded frame, median', 'ms', 0, median(round.opening.firstFrameMs)),
      figure(round, 'distinct frames a second, worst', '', 2, lowest(streamsOf(round).map((s) => s.distinctFramesPerSecond))),
      figure(round, 'longest hold, decoded', 'ms', 0, highest(streamsOf(round).map((s) => s.longestHoldMs))),
      figure(round, 'sound after picture, median', 'ms', 0, median(offsetsOf(round))),
      figure(round, 'control to changed pixel, p95', 'ms', 0, percentile(round.controls.pressMs, 0.95)),
      figure(round, 'CPU a session', '% of a core', 1, cpuPercent(round)),
    ]),
  };
}

function figure({ sessions }: Round, name: string, unit: string, digits: number, value: number): Figure {
  return { name: `${sessions} × ${name}`, unit, digits, values: [Number.isFinite(value) ? value : null] };
}

function cpuPercent({ replay, sessions }: Round): number {
  return (replay.load.serverCpuPercent + replay.load.hostCpuPercent) / sessions;
}

function foot(seconds: number): string[] {
  return [
    `Replays measured for ${seconds} s.`,
    'Shared: Chromium receives, decodes and composes every session on the same cores as the server, so the figures for many',
    'sessions say what this machine can do with both. CPU is a share of one core. Offers are made while the other sessions play.',
    'Other processes are those the benchmark did not start: they should be near zero, or the figures are theirs as well.',
    'Sound after picture: from the vsync that shows a flash to the sample of its beep leaving the audio device, as Chromium',
    'reports them; the screen’s refresh makes each reading uncertain by 17 ms. Sound heard late is positive.',
  ];
}
