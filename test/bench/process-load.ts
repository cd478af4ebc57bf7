/** What the processes of a server use. */
import { setTimeout as sleep } from 'node:timers/promises';
import { foreignPercent, machineUsage } from './machine-load.ts';
import type { StreamServer } from './stream-server.ts';

export interface ProcessLoad {
  /** Of one core. */
  readonly serverCpuPercent: number;
  readonly hostCpuPercent: number;
  readonly serverBytes: number;
  readonly hostBytes: number;
  /** What processes that are none of the benchmark's used meanwhile. */
  readonly foreignCpuPercent: number;
}

/** Watches for `seconds`. */
export async function measureLoad(server: StreamServer, seconds: number): Promise<ProcessLoad> {
  const machineBefore = await machineUsage();
  const before = await server.usage();
  const startMs = performance.now();
  await sleep(seconds * 1000);
  const after = await server.usage();
  const elapsedSeconds = (performance.now() - startMs) / 1000;
  const machineAfter = await machineUsage();
  const percent = (cpuSeconds: number): number => (cpuSeconds * 100) / elapsedSeconds;
  return {
    serverCpuPercent: percent(after.serverCpuSeconds - before.serverCpuSeconds),
    hostCpuPercent: percent(after.hostCpuSeconds - before.hostCpuSeconds),
    serverBytes: after.serverBytes,
    hostBytes: after.hostBytes,
    foreignCpuPercent: foreignPercent(machineBefore, machineAfter, elapsedSeconds),
  };
}
