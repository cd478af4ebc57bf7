import { readdirSync, readFileSync } from 'node:fs';

import { VERSION, type Histogram } from '../common/index.js';
import { counter, distributionOf, gauge, histogram, type MetricFamily } from './exposition/index.js';

const LOOP_BOUNDS_MS = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 5000];

/** The server's own process, by the names that Prometheus clients have in common, and how late its event loop is. */
export function processMetrics(loopDelay: Histogram): MetricFamily[] {
  const { user, system } = process.cpuUsage();
  const { rss, heapUsed, heapTotal, external } = process.memoryUsage();
  return [
    histogram('telefuser_event_loop_delay_seconds', 'By how much the loop that sends packets was late, looked at every 50 ms', [
      distributionOf(loopDelay, { bounds: LOOP_BOUNDS_MS, scale: 0.001 }),
    ]),
    gauge('telefuser_build_info', 'The versions, as labels; always 1', [
      { labels: { version: VERSION, node_version: process.versions.node }, value: 1 },
    ]),
    counter('process_cpu_seconds_total', 'Processor time of the server, without its pipeline', [
      { value: (user + system) / 1e6 },
    ]),
    gauge('process_resident_memory_bytes', 'Resident memory of the server, without its pipeline', [{ value: rss }]),
    gauge('process_start_time_seconds', 'When the server started, since the Unix epoch', [
      { value: performance.timeOrigin / 1000 },
    ]),
    gauge('process_open_fds', 'Open file descriptors of the server', [{ value: openFiles() }]),
    gauge('process_max_fds', 'File descriptors that the server may have open', [{ value: maxOpenFiles }]),
    gauge('nodejs_heap_size_used_bytes', 'Memory of JavaScript objects', [{ value: heapUsed }]),
    gauge('nodejs_heap_size_total_bytes', 'Memory reserved for JavaScript objects', [{ value: heapTotal }]),
    gauge('nodejs_external_memory_bytes', 'Memory that JavaScript objects hold outside their heap', [{ value: external }]),
  ];
}

const maxOpenFiles = Number(/^Max open files\s+(\d+)/mu.exec(readOrNothing('/proc/self/limits'))?.[1] ?? 0);

/** From procfs, which answers from memory; 0 where there is none. */
function openFiles(): number {
  try {
    return readdirSync('/proc/self/fd').length;
  } catch {
    return 0;
  }
}

function readOrNothing(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
