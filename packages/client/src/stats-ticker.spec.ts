import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { StatsTicker } from './stats-ticker.js';

describe('StatsTicker', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it('tells values while it is wanted, keeps one timer and nothing else, and begins anew', async () => {
    const listeners = vi.spyOn(AbortSignal.prototype, 'addEventListener');
    const told: number[] = [];
    let count = 0;
    const ticker = new StatsTicker(
      1000,
      () => Promise.resolve((count += 1)),
      (value) => told.push(value),
    );
    ticker.start();
    ticker.start();
    await vi.advanceTimersByTimeAsync(3500);
    expect(told).toEqual([2, 3, 4]);
    expect(vi.getTimerCount()).toBe(1);
    expect(listeners).not.toHaveBeenCalled();
    ticker.stop();
    expect(vi.getTimerCount()).toBe(0);
    ticker.start();
    await vi.advanceTimersByTimeAsync(1500);
    expect(told).toEqual([2, 3, 4, 6]);
    ticker.stop();
    listeners.mockRestore();
  });

  it('tells nothing that was asked for before a stop, even when it was started again', async () => {
    const told: string[] = [];
    const answers = [Promise.withResolvers<string>(), Promise.withResolvers<string>()];
    const [old, fresh] = answers as [PromiseWithResolvers<string>, PromiseWithResolvers<string>];
    const ticker = new StatsTicker(
      1000,
      () => (answers.shift() ?? Promise.withResolvers<string>()).promise,
      (value) => told.push(value),
    );
    ticker.start();
    ticker.stop();
    ticker.start();
    old.resolve('old');
    fresh.resolve('fresh');
    await vi.advanceTimersByTimeAsync(0);
    expect(vi.getTimerCount()).toBe(1);
    ticker.stop();
    expect([told, vi.getTimerCount()]).toEqual([[], 0]);
  });
});
