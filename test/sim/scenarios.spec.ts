import { describe, expect, it } from 'vitest';

import { fairness, measure, queueP95Ms, steadiness, targetReaches, timeToReach } from './measures.ts';
import { runScenario } from './scenario.ts';
import { acceptance, rfc8867 } from './scenarios.ts';

const MBPS = 1_000_000;

/** The same path with other noise: what holds for one seed only is luck. */
const SEEDS = [1, 2, 3];

describe('a congestion-controlled stream', () => {
  it('reaches the ceiling of a fast link within three seconds and stays there', () => {
    const run = runScenario(acceptance.clean);
    expect(targetReaches(run, 0, 0, { atLeast: 3.8 * MBPS, atMost: 4 * MBPS })).toBeLessThan(3000);
    const { receivedBitrate, picturesPerSecond } = measure(run, 0, { fromMs: 3000, toMs: 20_000 });
    expect(receivedBitrate).toBeGreaterThan(3.5 * MBPS);
    expect(picturesPerSecond).toBeGreaterThan(23.5);
  });

  it.each(SEEDS)('fills a 1.5 Mbps link without filling its 200 ms queue (seed %i)', (seed) => {
    const run = runScenario({ ...acceptance.bottleneck, seed });
    const measures = measure(run, 0, { fromMs: 3000, toMs: 60_000 });
    expect(measures.utilisation).toBeGreaterThan(0.8);
    expect(measures.delayP95Ms).toBeLessThan(80);
    expect(measures.picturesPerSecond).toBeGreaterThan(23);
    expect(measures.longestFreezeMs).toBeLessThan(300);
    expect(steadiness(run, 0, { fromMs: 10_000, toMs: 60_000 })).toBeGreaterThan(0.7);
  });

  it('comes down to 300 kbps within two seconds', () => {
    const run = runScenario(acceptance.narrow);
    expect(targetReaches(run, 0, 0, { atLeast: 0, atMost: 0.3 * MBPS })).toBeLessThan(2000);
    const measures = measure(run, 0, { fromMs: 3000, toMs: 30_000 });
    expect(measures.utilisation).toBeGreaterThan(0.75);
    expect(measures.picturesPerSecond).toBeGreaterThan(23);
  });

  it.each(SEEDS)('follows 4, 1, 4 Mbps: down in under half a second, up in under ten (seed %i)', (seed) => {
    const run = runScenario({ ...acceptance.steps, seed });
    expect(targetReaches(run, 0, 20_000, { atLeast: 0, atMost: 1 * MBPS })).toBeLessThan(400);
    expect(timeToReach(run, 0, 40_000, { atLeast: 0.8 * 4 * MBPS, atMost: 4.2 * MBPS })).toBeLessThan(10_000);
    const measures = measure(run, 0, { fromMs: 3000, toMs: 60_000 });
    expect(measures.longestFreezeMs).toBeLessThan(500);
    expect(measure(run, 0, { fromMs: 22_000, toMs: 40_000 }).utilisation).toBeGreaterThan(0.8);
    expect(queueP95Ms(run.samples, { fromMs: 22_000, toMs: 40_000 })).toBeLessThan(100);
  });

  it.each([acceptance.lossFive, acceptance.lossTen])('is not slowed down by $name', (scenario) => {
    const { receivedBitrate, picturesPerSecond } = measure(runScenario(scenario), 0, { fromMs: 5000, toMs: 40_000 });
    expect(receivedBitrate).toBeGreaterThan(3 * MBPS);
    expect(picturesPerSecond).toBeGreaterThan(23);
  });

  describe.each([10, 50, 100, 300])('with a round trip of %i ms', (roundTripMs) => {
    it.each([0, 2, 5, 10])('fills most of 2 Mbps where %i %% are lost, without a long queue', (percent) => {
      const forward = { capacity: () => 2 * MBPS, queueMs: 300, delayMs: roundTripMs / 2, loss: percent / 100 };
      const run = runScenario({ key: '', name: '', durationMs: 40_000, forward, flows: [{}] });
      const measures = measure(run, 0, { fromMs: 10_000, toMs: 40_000 });
      expect(measures.utilisation).toBeGreaterThan(0.6);
      expect(measures.picturesPerSecond).toBeGreaterThan(22);
      expect(queueP95Ms(run.samples, { fromMs: 10_000, toMs: 40_000 })).toBeLessThan(100);
    });
  });

  it('sees by the losses alone that a link with hardly any queue is full', () => {
    const { utilisation, picturesPerSecond } = measure(runScenario(acceptance.shallow), 0, { fromMs: 10_000, toMs: 60_000 });
    expect(utilisation).toBeGreaterThan(0.7);
    expect(picturesPerSecond).toBeGreaterThan(22);
  });

  it.each([acceptance.jitter, acceptance.stalls])('does not take $name for a queue', (scenario) => {
    expect(measure(runScenario(scenario), 0, { fromMs: 5000, toMs: 40_000 }).receivedBitrate).toBeGreaterThan(3.3 * MBPS);
  });

  it('keeps its estimate through a quiet scene', () => {
    const run = runScenario(acceptance.quiet);
    expect(timeToReach(run, 0, 40_000, { atLeast: 2.3 * MBPS, atMost: 3.2 * MBPS })).toBeLessThan(3000);
  });

  it('goes to the minimum when nothing passes and is back three seconds after the path is', () => {
    const run = runScenario(acceptance.outage);
    expect(targetReaches(run, 0, 15_000, { atLeast: 0, atMost: 120_000 })).toBeLessThan(5000);
    expect(timeToReach(run, 0, 20_000, { atLeast: 2 * MBPS, atMost: 4.2 * MBPS })).toBeLessThan(3000);
  });
});

describe('the test cases of RFC 8867', () => {
  it('5.1: follows a variable capacity', () => {
    const run = runScenario(rfc8867.variableCapacity);
    expect(measure(run, 0, { fromMs: 5000, toMs: 40_000 }).utilisation).toBeGreaterThan(0.8);
    expect(timeToReach(run, 0, 40_000, { atLeast: 1.3 * MBPS, atMost: 1.6 * MBPS })).toBeLessThan(8000);
    expect(targetReaches(run, 0, 60_000, { atLeast: 0, atMost: 0.6 * MBPS })).toBeLessThan(1500);
    expect(queueP95Ms(run.samples, { fromMs: 63_000, toMs: 80_000 })).toBeLessThan(150);
  });

  it('5.2: two flows share a variable capacity', () => {
    const run = runScenario(rfc8867.variableCapacityTwoFlows);
    expect(fairness(run, { fromMs: 5000, toMs: 125_000 })).toBeGreaterThan(0.9);
    const used = [0, 1].map((flow) => measure(run, flow, { fromMs: 30_000, toMs: 50_000 }).utilisation);
    expect(used.reduce((sum, share) => sum + share, 0)).toBeGreaterThan(0.75);
  });

  it('5.3: bears that most feedback is late or lost', () => {
    const { receivedBitrate, picturesPerSecond } = measure(runScenario(rfc8867.congestedFeedback), 0, {
      fromMs: 20_000,
      toMs: 60_000,
    });
    expect(receivedBitrate).toBeGreaterThan(1 * MBPS);
    expect(picturesPerSecond).toBeGreaterThan(23);
  });

  it('5.4: flows that join later get their share', () => {
    const run = runScenario(rfc8867.competing);
    expect(fairness(run, { fromMs: 60_000, toMs: 120_000 })).toBeGreaterThan(0.9);
  });

  it('5.5: shares a link among flows with round trips from 20 to 300 ms', () => {
    const run = runScenario(rfc8867.roundTripFairness);
    expect(fairness(run, { fromMs: 60_000, toMs: 180_000 })).toBeGreaterThan(0.9);
  });

  it('5.6: lives beside a TCP download and takes the link back after it', () => {
    const run = runScenario(rfc8867.tcp);
    expect(measure(run, 0, { fromMs: 35_000, toMs: 90_000 }).picturesPerSecond).toBeGreaterThan(20);
    expect(timeToReach(run, 0, 90_000, { atLeast: 1.3 * MBPS, atMost: 2 * MBPS })).toBeLessThan(10_000);
  });

  it('5.7: keeps its pictures beside short TCP downloads that fill the link', () => {
    const { receivedBitrate, picturesPerSecond } = measure(runScenario(rfc8867.shortTcp), 0, { fromMs: 5000, toMs: 300_000 });
    expect(receivedBitrate).toBeGreaterThan(0.9 * 150_000);
    expect(picturesPerSecond).toBeGreaterThan(23);
  });

  it('5.8: a flow that pauses leaves its share and gets it back', () => {
    const run = runScenario(rfc8867.pause);
    expect(measure(run, 0, { fromMs: 45_000, toMs: 60_000 }).receivedBitrate).toBeGreaterThan(1.3 * MBPS);
    expect(fairness(run, { fromMs: 80_000, toMs: 120_000 })).toBeGreaterThan(0.9);
  });

  it('takes a longer path for a longer path and not for a queue', () => {
    const run = runScenario(rfc8867.roundTripChange);
    expect(timeToReach(run, 0, 32_000, { atLeast: 1.3 * MBPS, atMost: 2 * MBPS })).toBeLessThan(10_000);
    expect(measure(run, 0, { fromMs: 45_000, toMs: 90_000 }).receivedBitrate).toBeGreaterThan(1.3 * MBPS);
  });
});
