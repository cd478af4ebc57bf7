import type { BenchedSession } from './bench-session.js';
import { distributionOf, type Distribution } from './distribution.js';
import { framesPerSecond, lossPercent } from './watch-figures.js';

/** What is the same for all sessions of a bench. */
export interface BenchPlan {
  readonly url: string;
  readonly sessions: number;
  readonly seconds: number;
}

/** The outcome of a bench, as its JSON has it. Times are milliseconds; a figure of nothing is null. */
export interface BenchReport {
  readonly url: string;
  readonly sessions: number;
  readonly seconds: number;
  readonly succeeded: number;
  readonly success_rate: number;
  readonly offer_round_trip_ms: Distribution | null;
  readonly connected_ms: Distribution | null;
  readonly first_frame_ms: Distribution | null;
  readonly fps: Distribution | null;
  readonly kbps: Distribution | null;
  readonly loss_percent: Distribution | null;
  readonly controls: {
    readonly sent: number;
    readonly acknowledged: number;
    readonly acknowledged_ms: Distribution | null;
    readonly applied_ms: Distribution | null;
  };
  /** Each reason once, with how many sessions it ended. */
  readonly failures: readonly { readonly reason: string; readonly sessions: number }[];
}

/** Pure. */
export function benchReport(plan: BenchPlan, sessions: readonly BenchedSession[]): BenchReport {
  const played = sessions.filter(({ failure }) => failure === undefined);
  const controls = sessions.map((session) => session.controls);
  const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
  return {
    ...plan,
    succeeded: played.length,
    success_rate: sessions.length === 0 ? 0 : played.length / sessions.length,
    offer_round_trip_ms: distribution(sessions.map(({ opening }) => opening.answerMs)),
    connected_ms: distribution(sessions.map(({ opening }) => opening.connectedMs)),
    first_frame_ms: distribution(sessions.map(({ opening }) => opening.firstFrameMs)),
    fps: distribution(sessions.map(({ video }) => framesPerSecond(video))),
    kbps: distribution(sessions.map(kilobitsPerSecond)),
    loss_percent: distribution(
      sessions.map(({ video, audio }) => (video.packets === 0 ? undefined : lossPercent([video, audio]))),
    ),
    controls: {
      sent: sum(controls.map(({ sent }) => sent)),
      acknowledged: sum(controls.map(({ acknowledged }) => acknowledged)),
      acknowledged_ms: distribution(controls.flatMap(({ acknowledgedMs }) => acknowledgedMs)),
      applied_ms: distribution(controls.flatMap(({ appliedMs }) => appliedMs)),
    },
    failures: failuresOf(sessions),
  };
}

/** The report as lines of a table. Pure. */
export function formatBenchReport(report: BenchReport): string[] {
  const { sessions, seconds, succeeded, controls, failures } = report;
  const rows = [
    ['', 'min', 'p50', 'p95', 'p99', 'max'],
    row('offer round trip', report.offer_round_trip_ms, milliseconds),
    row('request to connected', report.connected_ms, milliseconds),
    row('request to first picture', report.first_frame_ms, milliseconds),
    row('pictures a second', report.fps, (value) => value.toFixed(2)),
    row('received', report.kbps, (value) => `${value.toFixed(0)} kbit/s`),
    row('packets lost', report.loss_percent, (value) => `${value.toFixed(2)} %`),
    ...(controls.sent === 0
      ? []
      : [
          row('control to acknowledgement', controls.acknowledged_ms, milliseconds),
          row('control to next picture', controls.applied_ms, milliseconds),
        ]),
  ];
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((cells) => cells[column]?.length ?? 0)));
  const lines = rows.map((cells) =>
    cells
      .map((cell, column) => (column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0)))
      .join('   ')
      .trimEnd(),
  );
  lines.splice(1, 0, '─'.repeat(widths.reduce((sum, width) => sum + width + 3, -3)));
  const percent = (report.success_rate * 100).toFixed(succeeded === sessions ? 0 : 1);
  return [
    `${succeeded} of ${sessions} sessions of ${seconds} s succeeded (${percent} %)`,
    ...(controls.sent === 0 ? [] : [`${controls.acknowledged} of ${controls.sent} controls acknowledged`]),
    '',
    ...lines,
    ...(failures.length === 0 ? [] : ['', ...failures.map((failure) => `${failure.sessions} × ${failure.reason}`)]),
  ];
}

function row(name: string, found: Distribution | null, format: (value: number) => string): string[] {
  const values = found === null ? [] : [found.min, found.p50, found.p95, found.p99, found.max];
  return [name, ...(values.length === 0 ? ['–', '–', '–', '–', '–'] : values.map(format))];
}

function milliseconds(value: number): string {
  return `${value.toFixed(value < 10 ? 1 : 0)} ms`;
}

function distribution(values: readonly (number | undefined)[]): Distribution | null {
  return distributionOf(values.filter((value) => value !== undefined)) ?? null;
}

function kilobitsPerSecond({ video, audio }: BenchedSession): number | undefined {
  const { firstFrameAtMs, lastFrameAtMs } = video;
  if (firstFrameAtMs === undefined || lastFrameAtMs === undefined || lastFrameAtMs <= firstFrameAtMs) return undefined;
  return ((video.bytes + audio.bytes) * 8) / (lastFrameAtMs - firstFrameAtMs);
}

function failuresOf(sessions: readonly BenchedSession[]): BenchReport['failures'] {
  const counts = new Map<string, number>();
  for (const { failure } of sessions) if (failure !== undefined) counts.set(failure, (counts.get(failure) ?? 0) + 1);
  return [...counts].map(([reason, count]) => ({ reason, sessions: count })).sort((a, b) => b.sessions - a.sessions);
}
