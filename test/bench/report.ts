/** The benchmark's result, as data and as a table. Pure. */
import type { CodecReference } from './codec-reference.ts';
import type { ControlTimes, OpeningTimes, StreamLoad } from './measure.ts';
import { median, percentile, worst } from './statistics.ts';

export interface Round {
  readonly sessions: number;
  readonly opening: OpeningTimes;
  readonly replay: StreamLoad;
  readonly controls: ControlTimes;
}

export interface CpuComparison {
  readonly reference: CodecReference;
  readonly session: StreamLoad;
}

export interface Results {
  readonly seconds: number;
  readonly machine: { readonly cpu: string; readonly cores: number; readonly node: string; readonly chromium: string };
  readonly rounds: readonly Round[];
  readonly cpu: CpuComparison;
}

export interface Target {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  readonly met: boolean;
  readonly target: string;
}

const mebibytes = (bytes: number): string => `${Math.round(bytes / 2 ** 20)} MiB`;
const milliseconds = (value: number): string => `${value.toFixed(0)} ms`;
const percents = (value: number): string => `${value.toFixed(1)} %`;
const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;

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
  [
    'CPU a session, replay',
    ({ replay, sessions }) => percents((replay.load.serverCpuPercent + replay.load.hostCpuPercent) / sessions),
  ],
  ['server CPU, overlay', ({ controls }) => percents(controls.load.serverCpuPercent)],
  ['pipeline CPU, overlay', ({ controls }) => percents(controls.load.hostCpuPercent)],
  ['server memory, replay', ({ replay }) => mebibytes(replay.load.serverBytes)],
  ['pipeline memory, replay', ({ replay }) => mebibytes(replay.load.hostBytes)],
  ['CPU of other processes, replay', ({ replay }) => percents(replay.load.foreignCpuPercent)],
];

export function formatTable(results: Results): string {
  const { rounds } = results;
  const cells = [
    ['', ...rounds.map(({ sessions }) => `${sessions} session${sessions === 1 ? '' : 's'}`)],
    ...ROWS.map(([name, cell]) => [name, ...rounds.map((round) => cell(round).replace('NaN', '–').replace('Infinity', '–'))]),
  ];
  const widths = (cells[0] ?? []).map((_, column) => highest(cells.map((row) => row[column]?.length ?? 0)));
  const lines = cells.map((row) =>
    row.map((cell, column) => (column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0))).join('   '),
  );
  lines.splice(1, 0, '─'.repeat(lines[0]?.length ?? 0));
  return [...lines, '', ...formatCpu(results.cpu), '', ...targets(results).map(formatTarget), '', ...foot(results)].join('\n');
}

/** CPU of one session as a multiple of the reference. */
function cpuRatio({ reference, session }: CpuComparison): number {
  return sessionFrameMs(session) / reference.pacedMs;
}

/** CPU milliseconds of server and pipeline for each frame. */
function sessionFrameMs({ load, streams }: StreamLoad): number {
  return ((load.serverCpuPercent + load.hostCpuPercent) * 10) / mean(streams.map(({ framesPerSecond }) => framesPerSecond));
}

function formatCpu(cpu: CpuComparison): string[] {
  const { reference, session } = cpu;
  const percentOf = (frameMs: number): string => percents((frameMs * reference.fps) / 10);
  const frameMs = sessionFrameMs(session);
  return [
    'CPU for one 832×480 session at 24 fps and 2 Mbps, server and pipeline, against FFmpeg alone (JPEG decode + x264 ultrafast):',
    `  FFmpeg, frame after frame   ${reference.backToBackMs.toFixed(2)} ms a frame   ${percentOf(reference.backToBackMs)} of a core`,
    `  FFmpeg, paced at 24 fps     ${reference.pacedMs.toFixed(2)} ms a frame   ${percentOf(reference.pacedMs)}`,
    `  a session                   ${frameMs.toFixed(2)} ms a frame   ${percentOf(frameMs)}`,
    `  ratio                       ${cpuRatio(cpu).toFixed(2)} (to frame after frame: ${(frameMs / reference.backToBackMs).toFixed(2)})`,
  ];
}

/** The figures the project promised, as far as the rounds that were run can say. */
export function targets({ rounds, cpu }: Results): Target[] {
  const found: Target[] = [];
  const add = (name: string, value: number, unit: string, met: boolean, target: string): void => {
    found.push({ name, value, unit, met, target });
  };
  const one = rounds.find(({ sessions }) => sessions === 1);
  const four = rounds.find(({ sessions }) => sessions === 4);
  if (one !== undefined) {
    const [stream] = streamsOf(one);
    const fps = stream?.distinctFramesPerSecond ?? 0;
    const hold = stream?.longestHoldMs ?? Infinity;
    const offset = worst(offsetsOf(one));
    const opening = median(one.opening.firstFrameMs);
    const [middle, late] = [median(one.controls.pressMs), percentile(one.controls.pressMs, 0.95)];
    add('one viewer, distinct frames a second', fps, '', fps >= 23.8, '≥ 23.8');
    add('one viewer, longest held picture', hold, ' ms', hold <= 100, '≤ 100');
    add('one viewer, sound against picture', offset, ' ms', Math.abs(offset) <= 40, 'within ± 40');
    add('POST to first decoded frame, median', opening, ' ms', opening <= 200, '≤ 200');
    add('control to changed pixel, median', middle, ' ms', middle <= 70, '≤ 70');
    add('control to changed pixel, p95', late, ' ms', late <= 120, '≤ 120');
  }
  if (four !== undefined) {
    const fps = lowest(streamsOf(four).map((s) => s.distinctFramesPerSecond));
    add('four viewers, distinct frames a second', fps, '', fps >= 23, '≥ 23');
  }
  const ratio = cpuRatio(cpu);
  add('CPU against the paced reference', ratio, ' ×', ratio <= 2, '≤ 2');
  return found;
}

function formatTarget({ name, value, unit, met, target }: Target): string {
  const figure = Math.abs(value) < 30 ? value.toFixed(2) : value.toFixed(0);
  return `${met ? '✓' : '✗'} ${name}: ${figure}${unit} (${target})`;
}

function foot({ seconds, machine }: Results): string[] {
  return [
    `${machine.cores} cores (${machine.cpu}), Node ${machine.node}, ${machine.chromium}. Replays measured for ${seconds} s.`,
    'Shared: Chromium receives, decodes and composes every session on the same cores as the server, so the figures for many',
    'sessions say what this machine can do with both. CPU is a share of one core. Offers are made while the other sessions play.',
    'Other processes are those the benchmark did not start: they should be near zero, or the figures are theirs as well.',
    'Sound after picture: from the vsync that shows a flash to the sample of its beep leaving the audio device, as Chromium',
    'reports them; the screen’s refresh makes each reading uncertain by 17 ms. Sound heard late is positive.',
  ];
}
