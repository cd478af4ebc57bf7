export { bench, type BenchOptions, type BenchOutcome } from './bench.js';
export type { BenchReport } from './bench-report.js';
export type { ViewerOutput } from './viewer-output.port.js';
export type { ViewerError, ViewerErrorKind } from './viewer.error.js';
export { watch, type WatchOptions } from './watch.js';
