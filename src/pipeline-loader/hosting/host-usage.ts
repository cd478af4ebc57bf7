import { readFileSync } from 'node:fs';

/** Ticks a second of the times in /proc/<pid>/stat: fixed for user space on Linux. */
const TICKS_PER_SECOND = 100;

/** What a process takes of the machine. */
export interface ProcessUsage {
  /** Memory that is really there, its own and shared, with the page tables it needs, bytes. */
  readonly residentBytes: number;
  /** User and system time since its start. */
  readonly cpuSeconds: number;
  readonly threads: number;
  /** Whether somebody stopped it (SIGSTOP); it does nothing until it is continued. */
  readonly suspended: boolean;
}

/**
 * Asks the kernel, by proc(5). Synchronous: procfs answers from memory in some ten microseconds, and must also answer while the thread pool is
 * busy with codecs.
 *
 * @returns undefined when the process is gone, or where there is no /proc
 */
export function readProcessUsage(pid: number): ProcessUsage | undefined {
  try {
    return parseProcessUsage(readFileSync(`/proc/${pid}/stat`, 'utf8'), readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return undefined;
  }
}

/** The pure part of {@link readProcessUsage}. */
export function parseProcessUsage(stat: string, status: string): ProcessUsage {
  // The command in parentheses may contain anything; what follows the last parenthesis are fields 3 and on.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const ticks = Number(fields[11]) + Number(fields[12]);
  return {
    residentBytes: (kibibytesOf('VmRSS', status) + kibibytesOf('VmPTE', status)) * 1024,
    cpuSeconds: ticks / TICKS_PER_SECOND,
    threads: Number(fields[17]),
    suspended: fields[0] === 'T',
  };
}

function kibibytesOf(field: string, status: string): number {
  return Number(new RegExp(`^${field}:\\s+(\\d+) kB$`, 'mu').exec(status)?.[1] ?? 0);
}
