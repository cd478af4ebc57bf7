import { Logger } from '@nestjs/common';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { PipelineBusyError, PipelineStartError, PipelineUnavailableError } from '../pipeline.errors.js';
import type { PipelineRun } from '../pipeline-run.js';
import type { SupervisedHost } from './host-supervisor.js';
import type { HostedService } from './pipeline-host.js';
import { WorkerPool } from './worker-pool.js';

/** A process that does what the test says. */
class FakeHost implements SupervisedHost {
  readonly pid = 100 + Math.round(Math.random() * 1000);
  readonly usage = { residentBytes: 1024, cpuSeconds: 2, threads: 3, suspended: false };
  readonly opened: string[] = [];
  load = 0;
  stopped = 0;
  #exited = false;
  #service: HostedService | undefined;
  readonly #started = Promise.withResolvers<HostedService>();

  constructor(
    readonly name: string,
    private readonly onExit: (cause: string) => void,
  ) {
    this.#started.promise.catch(() => undefined);
  }

  get hasRoom(): boolean {
    return this.load < (this.#service?.maxSessions ?? Number.POSITIVE_INFINITY);
  }

  started(): Promise<HostedService> {
    return this.#started.promise;
  }

  ready(service: HostedService = { mode: 'server_push' }): void {
    this.#service = service;
    this.#started.resolve(service);
  }

  refuse(reason: string): void {
    this.#started.reject(new PipelineStartError('start-failed', reason));
  }

  exit(cause: string): void {
    if (this.#exited) return;
    this.#exited = true;
    this.#started.reject(new PipelineStartError('crashed', cause));
    this.onExit(cause);
  }

  open(sessionId: string): Promise<PipelineRun> {
    this.load += 1;
    this.opened.push(sessionId);
    return Promise.resolve({ sessionId } as PipelineRun);
  }

  stop(): Promise<void> {
    this.stopped += 1;
    this.exit('was stopped');
    return Promise.resolve();
  }
}

let hosts: FakeHost[];
let pool: WorkerPool;

function start(count: number, policy = { maxFailures: 5, firstDelayMs: 500 }): WorkerPool {
  hosts = [];
  pool = new WorkerPool(
    count,
    async (name, onExit) => {
      const host = new FakeHost(name, onExit);
      hosts.push(host);
      return host;
    },
    policy,
    () => undefined,
  );
  pool.start();
  return pool;
}

/** Lets everything happen that waits for nothing. */
const settle = (): Promise<void> => vi.advanceTimersByTimeAsync(0).then(() => undefined);

beforeEach(() => {
  vi.useFakeTimers();
  for (const method of ['log', 'warn', 'error', 'debug'] as const)
    vi.spyOn(Logger.prototype, method).mockImplementation(() => undefined);
});
afterEach(async () => {
  await pool.stop();
  vi.useRealTimers();
  vi.restoreAllMocks();
});

describe('opening sessions', () => {
  it('takes the process with the fewest sessions', async () => {
    start(3);
    await settle();
    for (const host of hosts) host.ready();
    await settle();
    for (const id of 'abcdef') await pool.open(id, {});
    expect(hosts.map(({ opened }) => opened.join(''))).toEqual(['ad', 'be', 'cf']);
    hosts[1]!.load = 0;
    await pool.open('g', {});
    expect(hosts[1]!.opened).toContain('g');
  });

  it('refuses at once when every process has as many sessions as the pipeline takes', async () => {
    start(2);
    await settle();
    for (const host of hosts) host.ready({ mode: 'bidirectional', maxSessions: 1 });
    await settle();
    await pool.open('a', {});
    await pool.open('b', {});
    expect(() => pool.open('c', {})).toThrow(PipelineBusyError);
    hosts[0]!.load = 0;
    await expect(pool.open('c', {})).resolves.toMatchObject({ sessionId: 'c' });
  });

  it('goes on with the processes that are left', async () => {
    start(2);
    await settle();
    for (const host of hosts) host.ready();
    await settle();
    hosts[0]!.exit('was killed');
    expect(pool.state).toBe('ready');
    await pool.open('a', {});
    expect(hosts[1]!.opened).toEqual(['a']);
  });

  it('is not possible while no process is ready', async () => {
    start(1);
    await settle();
    expect(() => pool.open('a', {})).toThrow(PipelineUnavailableError);
  });
});

describe('starting again', () => {
  it('keeps the processor time of the processes before', async () => {
    start(1);
    await settle();
    hosts[0]!.ready();
    await settle();
    expect(pool.describe()[0]).toMatchObject({ cpuSeconds: 2, totalCpuSeconds: 2 });
    hosts[0]!.exit('was killed');
    expect(pool.describe()[0]).toMatchObject({ state: 'waiting', totalCpuSeconds: 2 });
    await vi.advanceTimersByTimeAsync(500);
    expect(pool.describe()[0]).toMatchObject({ state: 'starting', cpuSeconds: 2, totalCpuSeconds: 4 });
  });

  it('waits longer with each failure in a row, and gives up after so many', async () => {
    start(1, { maxFailures: 4, firstDelayMs: 500 });
    await settle();
    hosts[0]!.ready();
    await settle();
    expect(pool.state).toBe('ready');
    hosts[0]!.exit('was killed');
    expect(pool.state).toBe('waiting');
    for (const [count, delayMs] of [
      [1, 500],
      [2, 1000],
      [3, 2000],
    ] as const) {
      expect(pool.retryInMs).toBeCloseTo(delayMs, -1);
      await vi.advanceTimersByTimeAsync(delayMs - 10);
      expect(hosts).toHaveLength(count);
      await vi.advanceTimersByTimeAsync(10);
      expect(hosts).toHaveLength(count + 1);
      expect(pool.describe()[0]).toMatchObject({ state: 'starting', restarts: count });
      hosts.at(-1)!.refuse('no memory');
      await settle();
    }
    expect(pool.state).toBe('failed');
    expect(pool.cause?.message).toContain('No memory.');
    await vi.advanceTimersByTimeAsync(120_000);
    expect(hosts).toHaveLength(4);
    // A process that did not start is not left behind.
    expect(hosts.slice(1).map(({ stopped }) => stopped)).toEqual([1, 1, 1]);
  });

  it('forgets the failures of a process that ran well for a minute', async () => {
    start(1, { maxFailures: 2, firstDelayMs: 500 });
    await settle();
    for (let life = 0; life < 5; life += 1) {
      hosts.at(-1)!.ready();
      await vi.advanceTimersByTimeAsync(61_000);
      hosts.at(-1)!.exit('was killed');
      expect(pool.state).toBe('waiting');
      await vi.advanceTimersByTimeAsync(500);
    }
    expect(hosts).toHaveLength(6);
  });

  it('does not try a pipeline again that was never ready', async () => {
    start(1);
    await settle();
    hosts[0]!.refuse('no licence');
    await settle();
    expect(pool.state).toBe('failed');
    await vi.advanceTimersByTimeAsync(60_000);
    expect(hosts).toHaveLength(1);
  });

  it('tries nothing again when no process of several got ready', async () => {
    start(3);
    await settle();
    hosts[0]!.refuse('no licence');
    await settle();
    expect(pool.state).toBe('starting');
    await vi.advanceTimersByTimeAsync(60_000);
    hosts[2]!.refuse('no licence');
    hosts[1]!.exit('was killed');
    await settle();
    expect(pool.state).toBe('failed');
    expect(pool.cause?.reason).toBe('no licence');
    await vi.advanceTimersByTimeAsync(60_000);
    expect(hosts).toHaveLength(3);
  });

  it('tries a process again that failed while another one still started', async () => {
    start(2);
    await settle();
    hosts[0]!.refuse('no memory');
    await settle();
    hosts[1]!.ready();
    await settle();
    expect(pool.describe().map(({ state }) => state)).toEqual(['waiting', 'ready']);
    await vi.advanceTimersByTimeAsync(500);
    expect(hosts).toHaveLength(3);
    hosts[2]!.ready();
    await settle();
    expect(pool.describe().map(({ state }) => state)).toEqual(['ready', 'ready']);
    expect(pool.cause).toBeUndefined();
  });

  it('ends with the pool, whatever it was about to do', async () => {
    start(2);
    await settle();
    hosts[0]!.ready();
    await settle();
    hosts[0]!.exit('was killed');
    await pool.stop();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(hosts).toHaveLength(2);
    expect(hosts[1]!.stopped).toBeGreaterThan(0);
    expect(pool.state).toBe('stopped');
  });
});
