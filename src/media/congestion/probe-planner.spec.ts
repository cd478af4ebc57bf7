import { describe, expect, it } from 'vitest';

import type { Probe } from './network.js';
import { ProbePlanner } from './probe-planner.js';

const context = (nowMs: number, bitrate = 1_000_000, changes: { ceiling?: number; calm?: boolean } = {}) => ({
  bitrate,
  ceiling: 4_000_000,
  calm: true,
  nowMs,
  ...changes,
});

/** Asks every 100 ms; the first probe within the time, and when. */
function nextWithin(
  planner: ProbePlanner,
  fromMs: number,
  toMs: number,
  bitrate: number,
): { probe: Probe; atMs: number } | undefined {
  for (let atMs = fromMs; atMs <= toMs; atMs += 100) {
    const probe = planner.next(context(atMs, bitrate));
    if (probe !== undefined) return { probe, atMs };
  }
  return undefined;
}

describe('ProbePlanner', () => {
  it('begins with three times the start and doubles what is confirmed, up to a little over what is wanted', () => {
    const planner = new ProbePlanner(300_000);
    const first = planner.next(context(0, 300_000));
    expect(first).toMatchObject({ bitrate: 900_000 });
    if (first === undefined) return;
    planner.finished(first, 880_000, 100);
    const second = planner.next(context(100, 880_000));
    expect(second?.bitrate).toBe(1_760_000);
    if (second === undefined) return;
    planner.finished(second, 1_700_000, 200);
    expect(planner.next(context(200, 1_700_000, { ceiling: 2_000_000 }))?.bitrate).toBeCloseTo(2_200_000);
  });

  it('makes a probe as long as its rate needs, and of 4000 bytes at least', () => {
    expect(new ProbePlanner(1_000_000).next(context(0))?.bytes).toBe(9375);
    expect(new ProbePlanner(100_000).next(context(0, 100_000))?.bytes).toBe(4000);
  });

  it('tries again two seconds after the first one failed, then every five', () => {
    const planner = new ProbePlanner(1_000_000);
    const first = planner.next(context(0));
    expect(first).toBeDefined();
    if (first === undefined) return;
    planner.finished(first, 1_400_000, 100);
    const second = nextWithin(planner, 200, 10_000, 1_400_000);
    expect(second).toMatchObject({ atMs: 2100, probe: { bitrate: 2_800_000 } });
    if (second === undefined) return;
    planner.finished(second.probe, undefined, 2200);
    expect(nextWithin(planner, 2300, 10_000, 1_400_000)?.atMs).toBe(7200);
  });

  it('does not probe into a queue, and after one waits for a second of calm', () => {
    const planner = new ProbePlanner(1_000_000);
    planner.slowedDown();
    expect(planner.next(context(0, 500_000, { calm: false }))).toBeUndefined();
    expect(nextWithin(planner, 100, 5000, 500_000)).toMatchObject({ atMs: 1100, probe: { bitrate: 1_000_000 } });
  });

  it('tries 85 % of the old rate once after a fall', () => {
    const planner = new ProbePlanner(1_000_000);
    planner.next(context(0, 3_900_000));
    const before = planner.next(context(100, 3_700_000));
    expect(before).toMatchObject({ bitrate: 3_000_000 });
    planner.slowedDown();
    const recovery = nextWithin(planner, 200, 5000, 1_000_000);
    expect(recovery?.probe.bitrate).toBeCloseTo(0.85 * 3_900_000);
    if (recovery === undefined) return;
    planner.finished(recovery.probe, 1_000_000, recovery.atMs + 100);
    expect(nextWithin(planner, recovery.atMs + 200, 20_000, 1_000_000)?.probe.bitrate).toBe(2_000_000);
  });

  it('asks again for a probe that could not be sent', () => {
    const planner = new ProbePlanner(1_000_000);
    const first = planner.next(context(0));
    expect(first).toBeDefined();
    if (first === undefined) return;
    planner.notSent(first);
    expect(planner.next(context(1000))?.bitrate).toBe(first.bitrate);
  });

  it('leaves the path alone when what is wanted gets through', () => {
    expect(nextWithin(new ProbePlanner(1_000_000), 0, 20_000, 3_900_000)).toBeUndefined();
  });
});
