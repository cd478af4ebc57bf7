import { describe, expect, it } from 'vitest';

import { pushBack, QueueGauge } from './queue-gauge.js';

/** A report every 100 ms on packets every 10 ms that met this queue; the receiver's clock is 5 s ahead. */
function report(gauge: QueueGauge, nowMs: number, queueMs: number, burstMs = 0): void {
  const received = Array.from({ length: 10 }, (_, index) => {
    const sentAtMs = nowMs - 100 + index * 10;
    const receivedAtMs = sentAtMs + 5000 + 20 + queueMs + (index % 4) * burstMs;
    return { packet: { sequenceNumber: 0, bytes: 1000, sentAtMs, probe: undefined }, receivedAtMs };
  });
  gauge.report(received, nowMs);
}

describe('QueueGauge', () => {
  it('measures the queue over the shortest delay, whatever the difference of the clocks', () => {
    const gauge = new QueueGauge();
    report(gauge, 100, 0);
    report(gauge, 200, 80);
    expect(gauge.queueMs).toBe(80);
  });

  it('leaves out what a burst adds', () => {
    const gauge = new QueueGauge();
    report(gauge, 100, 0);
    report(gauge, 200, 10, 15);
    expect(gauge.queueMs).toBe(10);
  });

  it('notices a surge, and takes slow growth for none', () => {
    const sudden = new QueueGauge();
    report(sudden, 100, 5);
    report(sudden, 200, 70);
    expect(sudden.surges).toBe(true);
    const slow = new QueueGauge();
    for (let nowMs = 100; nowMs <= 2000; nowMs += 100) report(slow, nowMs, nowMs / 20);
    expect(slow.surges).toBe(false);
  });

  it('does not take packets that a busy receiver let go all at once for a queue', () => {
    const gauge = new QueueGauge();
    report(gauge, 100, 0);
    const received = [100, 120, 140, 160].map((sentAtMs) => ({
      packet: { sequenceNumber: 0, bytes: 1000, sentAtMs, probe: undefined },
      receivedAtMs: 5280,
    }));
    gauge.report(received, 300);
    expect(gauge.queueMs).toBe(0);
    expect(gauge.surges).toBe(false);
  });

  it('takes a delay that stays for four seconds for the path, and takes nothing back for a while', () => {
    const gauge = new QueueGauge();
    report(gauge, 100, 0);
    for (let nowMs = 200; nowMs <= 4100; nowMs += 100) report(gauge, nowMs, 140);
    expect(gauge.ownQueueMs).toBe(140);
    for (let nowMs = 4200; nowMs <= 4400; nowMs += 100) report(gauge, nowMs, 140);
    expect(gauge.queueMs).toBe(0);
    report(gauge, 4500, 240);
    expect(gauge.queueMs).toBe(100);
    expect(gauge.ownQueueMs).toBe(0);
  });

  it('forgets the shortest delay in time, so that a drifting clock does not look like a queue', () => {
    const gauge = new QueueGauge();
    // 1 ms a second is ten times what clocks do.
    for (let nowMs = 100; nowMs <= 120_000; nowMs += 100) report(gauge, nowMs, nowMs / 1000);
    expect(gauge.queueMs).toBeLessThan(31);
  });

  it('takes nothing back for a short queue and at most two fifths for a long one', () => {
    expect(pushBack(0)).toBe(1);
    expect(pushBack(50)).toBe(1);
    expect(pushBack(100)).toBeCloseTo(0.8);
    expect(pushBack(10_000)).toBe(0.6);
  });
});
