import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { loadConfiguration } from '../config/index.js';
import { SessionSlots } from '../sessions/index.js';
import { IdleMemory } from './idle-memory.service.js';
import { trimNativeHeap } from './native-heap.js';

const QUIET_MS = 2000;

describe('IdleMemory', () => {
  let slots: SessionSlots;
  let memory: IdleMemory;

  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    slots = new SessionSlots(loadConfiguration({}));
    memory = new IdleMemory(slots);
    memory.onModuleInit();
  });

  afterEach(() => {
    memory.onModuleDestroy();
    vi.useRealTimers();
  });

  function sessions(count: number): void {
    for (let made = 0; made < count; made += 1) slots.acquire()?.release();
  }

  it('gives memory back once it is quiet after ten sessions', () => {
    sessions(10);
    vi.advanceTimersByTime(QUIET_MS - 1);
    expect(memory.releases).toBe(0);
    vi.advanceTimersByTime(1);
    expect(memory.releases).toBe(1);
    sessions(9);
    vi.advanceTimersByTime(QUIET_MS);
    expect(memory.releases).toBe(1);
    sessions(1);
    vi.advanceTimersByTime(QUIET_MS);
    expect(memory.releases).toBe(2);
  });

  it('does not hold up a session that is there', () => {
    sessions(10);
    vi.advanceTimersByTime(QUIET_MS / 2);
    const lease = slots.acquire();
    vi.advanceTimersByTime(QUIET_MS * 2);
    expect(memory.releases).toBe(0);
    lease?.release();
    vi.advanceTimersByTime(QUIET_MS);
    expect(memory.releases).toBe(1);
  });

  it('does nothing after the end', () => {
    sessions(10);
    memory.onModuleDestroy();
    sessions(10);
    vi.advanceTimersByTime(QUIET_MS);
    expect(memory.releases).toBe(0);
  });
});

describe('trimNativeHeap', () => {
  it('gives back what the C library holds free, and says nothing of how', async () => {
    const warnings = vi.fn<() => void>();
    process.on('warning', warnings);
    const isGlibc =
      typeof (process.report.getReport() as { header?: { glibcVersionRuntime?: string } }).header?.glibcVersionRuntime ===
      'string';
    expect(trimNativeHeap()).toBe(isGlibc);
    await new Promise((resolve) => setImmediate(resolve));
    process.off('warning', warnings);
    expect(warnings).not.toHaveBeenCalled();
  });
});
