import { describe, expect, it } from 'vitest';
import { parseProcessUsage, readProcessUsage } from './host-usage.js';

describe('readProcessUsage', () => {
  it('reads what this process takes', () => {
    const usage = readProcessUsage(process.pid)!;
    const { rss } = process.memoryUsage();
    expect(usage.residentBytes / rss).toBeGreaterThan(0.8);
    expect(usage.residentBytes / rss).toBeLessThan(1.25);
    const { user, system } = process.cpuUsage();
    expect(Math.abs(usage.cpuSeconds - (user + system) / 1e6)).toBeLessThan(0.2);
    expect(usage.threads).toBeGreaterThan(1);
    expect(usage.suspended).toBe(false);
  });

  it('knows nothing of a process that is not there', () => {
    expect(readProcessUsage(2 ** 22 + 1)).toBeUndefined();
  });
});

describe('parseProcessUsage', () => {
  it('is not misled by the name of the command', () => {
    const stat = `7 (a) T 1 2 (b) T 1 7 7 0 -1 4194304 1 0 0 0 150 50 0 0 20 0 9 0 100 1 1`;
    const status = 'Name:\tVmRSS: 1 kB\nVmRSS:\t    2047 kB\nVmPTE:\t       1 kB\n';
    expect(parseProcessUsage(stat, status)).toEqual({ residentBytes: 2_097_152, cpuSeconds: 2, threads: 9, suspended: true });
  });
});
