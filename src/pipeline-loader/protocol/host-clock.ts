/**
 * The clock that server and hosts share, in milliseconds: the system's monotonic one (Linux: `CLOCK_MONOTONIC`), which `process.hrtime` and
 * Python's `time.monotonic_ns` both read.
 */
export function hostClockMs(): number {
  // Whole microseconds: more digits are only longer.
  return Number(process.hrtime.bigint() / 1000n) / 1000;
}

/** `performance.now()` is the same clock with another beginning. */
const OFFSET_MS = performance.now() - hostClockMs();

/** A time of the hosts' clock on this process's `performance.now()` clock. */
export function fromHostClock(hostMs: number): number {
  return hostMs + OFFSET_MS;
}
