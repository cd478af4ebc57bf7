import type { StreamStats } from '@telefuser/stream-client';
import { describe, expect, it } from 'vitest';
import { CHART_SAMPLES } from '../charts/series.ts';
import { MAX_SAMPLES, StatsHistory } from './stats-history.ts';

describe('the statistics of a session', () => {
  it('are bounded however long it lasts: the last minutes in full, and what was before evenly', () => {
    const history = new StatsHistory();
    const seconds = 3 * 3600;
    for (let second = 0; second < seconds; second += 1) {
      history.add({ atUnixMs: second } as StreamStats);
      expect(history.samples.get().length).toBeLessThanOrEqual(MAX_SAMPLES);
    }
    const kept = history.samples.get().map(({ atUnixMs }) => atUnixMs);
    expect(kept.slice(-CHART_SAMPLES)).toEqual(
      Array.from({ length: CHART_SAMPLES }, (_, index) => seconds - CHART_SAMPLES + index),
    );
    const old = kept.slice(0, -CHART_SAMPLES);
    expect(old[0]).toBe(0);
    const gaps = old.slice(1).map((second, index) => second - (old[index] ?? 0));
    expect(new Set(gaps).size).toBe(1);
    expect(old.length).toBeGreaterThan((MAX_SAMPLES - CHART_SAMPLES) / 2);
  });

  it('begin anew with the next session', () => {
    const history = new StatsHistory();
    history.add({ atUnixMs: 1 } as StreamStats);
    history.clear();
    expect(history.samples.get()).toEqual([]);
  });
});
