/** Who used the machine: what the benchmark started, and everybody else, whose work makes its figures worse. Linux only. */
import { readdir, readFile } from 'node:fs/promises';

/** Ticks a second of the times in /proc. */
const TICKS_PER_SECOND = 100;

/** CPU seconds since some fixed moment. */
export interface MachineUsage {
  readonly all: number;
  /** This process and every process below it. */
  readonly own: number;
}

export async function machineUsage(): Promise<MachineUsage> {
  const [total] = (await readFile('/proc/stat', 'utf8')).split('\n');
  // cpu, user, nice, system, idle, iowait, irq, softirq, steal
  const times = (total ?? '').split(/\s+/u).slice(1, 9).map(Number);
  const idle = (times[3] ?? 0) + (times[4] ?? 0);
  const all = times.reduce((sum, ticks) => sum + ticks, 0) - idle;
  return { all: all / TICKS_PER_SECOND, own: (await ownTicks()) / TICKS_PER_SECOND };
}

/** Percent of one core that others used between two readings. */
export function foreignPercent(before: MachineUsage, after: MachineUsage, seconds: number): number {
  return Math.max(0, ((after.all - before.all - (after.own - before.own)) * 100) / seconds);
}

async function ownTicks(): Promise<number> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/u.test(name));
  const processes = new Map<number, { readonly parent: number; readonly ticks: number }>();
  for (const pid of pids) {
    // A process may end between the listing and the reading.
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    processes.set(Number(pid), { parent: Number(fields[1]), ticks: Number(fields[11] ?? 0) + Number(fields[12] ?? 0) });
  }
  const isOwn = (pid: number): boolean => {
    for (let current = pid; current > 1; current = processes.get(current)?.parent ?? 0) if (current === process.pid) return true;
    return false;
  };
  return [...processes].reduce((sum, [pid, { ticks }]) => sum + (isOwn(pid) ? ticks : 0), 0);
}
