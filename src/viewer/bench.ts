import { setTimeout as sleep } from 'node:timers/promises';
import { benchReport, formatBenchReport, type BenchReport } from './bench-report.js';
import { benchSession, type BenchedSession } from './bench-session.js';
import { StreamServer } from './stream-server.js';
import { ViewerError } from './viewer.error.js';
import type { ViewerOutput } from './viewer-output.port.js';
import { iceOf, offerFields, type ViewingRequest } from './viewing-request.js';

const PROGRESS_INTERVAL_MS = 250;
const BAR_CHARACTERS = 24;

export interface BenchOptions extends ViewingRequest {
  readonly sessions: number;
  readonly seconds: number;
  /** Over how long the starts are spread. */
  readonly rampSeconds: number;
  readonly controls: readonly Readonly<Record<string, unknown>>[];
}

/** The outcome of a bench, for machines and for people. */
export interface BenchOutcome {
  readonly report: BenchReport;
  readonly table: readonly string[];
}

/**
 * Opens sessions, evenly spread over the ramp, lets each play for `seconds` from its first picture, and says what they were like. Nothing is decoded. When
 * `signal` is aborted the sessions are closed, and there is no outcome.
 *
 * @throws ViewerError where no session was opened
 */
export async function bench(options: BenchOptions, output: ViewerOutput, signal: AbortSignal): Promise<BenchOutcome | undefined> {
  try {
    const report = await measure(options, output, signal);
    return { report, table: formatBenchReport(report) };
  } catch (error) {
    if (signal.aborted) return undefined;
    throw error;
  }
}

async function measure(options: BenchOptions, output: ViewerOutput, signal: AbortSignal): Promise<BenchReport> {
  const { sessions: count, seconds, rampSeconds, controls, timeoutMs } = options;
  const server = new StreamServer(options.url, options.token);
  const fields = await offerFields(options);
  const ice = await iceOf(server, options, signal);
  const startMs = performance.now();
  let done = 0;
  const progress = (): void => {
    const elapsed = (performance.now() - startMs) / 1000;
    output.progress(describeProgress(elapsed, rampSeconds + seconds, done, count));
  };
  const ticking = setInterval(progress, PROGRESS_INTERVAL_MS);
  // One that is cut short cuts the others short too.
  const failing = new AbortController();
  const stop = AbortSignal.any([signal, failing.signal]);
  try {
    progress();
    const running = Array.from({ length: count }, async (_, index): Promise<BenchedSession> => {
      await sleep((index * rampSeconds * 1000) / count, undefined, { signal: stop });
      const session = await benchSession({ server, ice, fields, controls, seconds, timeoutMs }, stop);
      done += 1;
      return session;
    });
    for (const session of running) session.catch((error: unknown) => failing.abort(error));
    const settled = await Promise.allSettled(running);
    signal.throwIfAborted();
    const found = settled.map((one) => {
      if (one.status === 'rejected') throw one.reason;
      return one.value;
    });
    const nothing = found.every(({ opening }) => opening.answerMs === undefined);
    const [first] = found;
    if (nothing && first?.failure !== undefined) {
      throw new ViewerError('refused', `none of ${count} sessions was opened`, first.failure);
    }
    return benchReport({ url: server.url, sessions: count, seconds }, found);
  } finally {
    clearInterval(ticking);
    output.progress('');
  }
}

function describeProgress(elapsed: number, whole: number, done: number, count: number): string {
  const filled = Math.min(BAR_CHARACTERS, Math.round((elapsed / whole) * BAR_CHARACTERS));
  const bar = '█'.repeat(filled) + '░'.repeat(BAR_CHARACTERS - filled);
  return `${bar} ${Math.min(elapsed, whole).toFixed(0)} of ${whole.toFixed(0)} s, ${done} of ${count} sessions done`;
}
