import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { ProcessUsage } from './host-usage.js';
import { HostWatch } from './host-watch.js';

const MIB = 1024 * 1024;
const IDLE: ProcessUsage = { residentBytes: 50 * MIB, cpuSeconds: 1, threads: 12, suspended: false };

/** A host that takes what it is told to and answers as long as it is told to. */
class FakeHost {
  taken: ProcessUsage | undefined = IDLE;
  answers = true;
  readonly pings: number[] = [];
  readonly ends: string[] = [];
  readonly watch = new HostWatch(this, { hangTimeoutMs: 10_000, memoryLimitBytes: 512 * MIB });

  usage(): ProcessUsage | undefined {
    return this.taken;
  }

  ping(id: number): void {
    this.pings.push(id);
    if (this.answers) queueMicrotask(() => this.watch.pong(id));
  }

  end(reason: string): void {
    this.ends.push(reason);
  }
}

let host: FakeHost;

beforeEach(() => {
  vi.useFakeTimers();
  host = new FakeHost();
  host.watch.start();
});
afterEach(() => {
  host.watch.stop();
  vi.useRealTimers();
});

describe('HostWatch', () => {
  it('leaves a host alone that answers and takes little', async () => {
    host.watch.expectHeartbeats();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(host.ends).toEqual([]);
    expect(host.pings.length).toBeGreaterThan(100);
    expect(host.watch.usage).toEqual(IDLE);
  });

  it('ends a host that takes too much memory, within a second, even while it starts', async () => {
    host.taken = { ...IDLE, residentBytes: 600 * MIB };
    await vi.advanceTimersByTimeAsync(500);
    expect(host.ends).toEqual(['used 600 MiB of memory, more than its limit of 512 MiB (TELEFUSER_PIPELINE_MEMORY_LIMIT_MIB)']);
  });

  it('ends a host with a bomb of threads', async () => {
    host.taken = { ...IDLE, threads: 4000 };
    await vi.advanceTimersByTimeAsync(500);
    expect(host.ends).toEqual(['had 4000 threads, more than its limit of 2048']);
  });

  it('ends a suspended host within two seconds, but not one that is continued at once', async () => {
    host.watch.expectHeartbeats();
    host.taken = { ...IDLE, suspended: true };
    await vi.advanceTimersByTimeAsync(500);
    host.taken = IDLE;
    await vi.advanceTimersByTimeAsync(1000);
    expect(host.ends).toEqual([]);
    host.taken = { ...IDLE, suspended: true };
    await vi.advanceTimersByTimeAsync(1500);
    expect(host.ends).toEqual(['was suspended by a signal']);
  });

  it('ends a host that does not answer for the time', async () => {
    host.watch.expectHeartbeats();
    await vi.advanceTimersByTimeAsync(5000);
    host.answers = false;
    await vi.advanceTimersByTimeAsync(9500);
    expect(host.ends).toEqual([]);
    await vi.advanceTimersByTimeAsync(1500);
    expect(host.ends).toEqual(['hung: it did not answer for 10 s (TELEFUSER_PIPELINE_HANG_TIMEOUT_SECONDS)']);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(host.ends).toHaveLength(1);
  });

  it('does not take an answer to an older heartbeat for one', async () => {
    host.answers = false;
    host.watch.expectHeartbeats();
    host.watch.pong(0);
    host.watch.pong(17);
    await vi.advanceTimersByTimeAsync(11_000);
    expect(host.ends).toHaveLength(1);
  });

  it('expects no answer while the pipeline starts', async () => {
    await vi.advanceTimersByTimeAsync(60_000);
    expect(host.pings).toEqual([]);
    expect(host.ends).toEqual([]);
  });

  it('works where a process cannot be looked at', async () => {
    host.taken = undefined;
    host.watch.expectHeartbeats();
    await vi.advanceTimersByTimeAsync(20_000);
    expect(host.ends).toEqual([]);
  });
});
