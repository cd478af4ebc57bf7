/**
 * Watches the event loop of the server from within: `NODE_OPTIONS=--import=…/event-loop-delay.ts`. On SIGUSR2 it writes what it saw since the
 * last time to the file that BENCH_EVENT_LOOP_FILE names, and begins anew.
 */
import { renameSync, writeFileSync } from 'node:fs';
import { monitorEventLoopDelay } from 'node:perf_hooks';

/** How late a timer was, milliseconds. */
export interface EventLoopDelay {
  /** Counts the readings of this process. */
  readonly reading: number;
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
  readonly count: number;
}

const RESOLUTION_MS = 10;
const file = process.env['BENCH_EVENT_LOOP_FILE'];

// Of the processes that inherit the option, only the server is meant.
if (file !== undefined && process.argv[1]?.endsWith('cli.js') === true) {
  const histogram = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  // Node records the whole interval between two ticks of its timer; what is over the timer's own is delay.
  const delayMs = (nanoseconds: number): number => Math.max(0, nanoseconds / 1e6 - RESOLUTION_MS);
  histogram.enable();
  let reading = 0;
  process.on('SIGUSR2', () => {
    reading += 1;
    const delay: EventLoopDelay = {
      reading,
      p50: delayMs(histogram.percentile(50)),
      p99: delayMs(histogram.percentile(99)),
      max: delayMs(histogram.max),
      count: histogram.count,
    };
    histogram.reset();
    writeFileSync(`${file}.part`, JSON.stringify(delay));
    renameSync(`${file}.part`, file);
  });
}
