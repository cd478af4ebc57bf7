import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { CongestionController } from './congestion-controller.js';

const LIMITS = { startBitrate: 1_000_000, minBitrate: 100_000, maxBitrate: 4_000_000 };

/** Sends 1000 bytes every 10 ms, ticks every 50; each packet is answered for when it arrives unless nothing comes back. */
function run(
  controller: CongestionController,
  fromMs: number,
  toMs: number,
  {
    answered = true,
    delayMs = 20,
    lost = () => false,
  }: { answered?: boolean; delayMs?: number; lost?: (number: number) => boolean } = {},
): void {
  for (let nowMs = fromMs; nowMs < toMs; nowMs += 10) {
    controller.packetSent({ sequenceNumber: (nowMs / 10) & 0xffff, bytes: 1000, sentAtMs: nowMs, probe: undefined });
    const number = (nowMs - delayMs) / 10;
    const receivedAtMs = lost(number) ? undefined : nowMs;
    if (answered) controller.arrivalsReported([{ sequenceNumber: number & 0xffff, receivedAtMs }], nowMs);
    if (nowMs % 50 === 0) controller.tick(nowMs);
  }
}

describe('CongestionController', () => {
  it('starts with the start bitrate and no estimate', () => {
    expect(new CongestionController(LIMITS, 0).state).toEqual({
      targetBitrate: 1_000_000,
      pacingBitrate: 2_500_000,
      estimate: undefined,
      roundTripMs: undefined,
      lossFraction: 0,
      usage: 'normal',
      source: 'start',
    });
  });

  it('learns from transport feedback', () => {
    const controller = new CongestionController(LIMITS, 0);
    run(controller, 0, 2000);
    const { estimate, roundTripMs, source, targetBitrate } = controller.state;
    expect(source).toBe('transport-feedback');
    expect(estimate).toBe(targetBitrate);
    expect(targetBitrate).toBeGreaterThan(1_100_000);
    expect(roundTripMs).toBeCloseTo(20, 0);
  });

  it('prefers the round trip of receiver reports while it is fresh', () => {
    const controller = new CongestionController(LIMITS, 0);
    run(controller, 0, 1000);
    controller.lossReported(0, 12, 1000);
    expect(controller.state.roundTripMs).toBe(12);
    run(controller, 1000, 7000);
    expect(controller.state.roundTripMs).toBeCloseTo(20, 0);
  });

  it('probes once feedback comes, raises its estimate by the result, and does so only for what is wanted', () => {
    const controller = new CongestionController(LIMITS, 0);
    expect(controller.takeProbe(0)).toBeUndefined();
    run(controller, 0, 200);
    const probe = controller.takeProbe(200);
    expect(probe).toEqual({ id: 1, bitrate: 3_000_000, bytes: 9375 });
    const numbers = Array.from({ length: 10 }, (_, index) => 1000 + index);
    for (const [index, sequenceNumber] of numbers.entries()) {
      controller.packetSent({ sequenceNumber, bytes: 1000, sentAtMs: 200 + index * 2.667, probe: 1 });
    }
    controller.arrivalsReported(
      numbers.map((sequenceNumber, index) => ({ sequenceNumber, receivedAtMs: 220 + index * 2.667 })),
      250,
    );
    expect(controller.state.estimate).toBeGreaterThan(2_900_000);
    controller.setWanted(1_500_000);
    for (let nowMs = 260; nowMs < 20_000; nowMs += 50) expect(controller.takeProbe(nowMs)).toBeUndefined();
  });

  it('asks for the probe again when none of it was sent', () => {
    const controller = new CongestionController(LIMITS, 0);
    run(controller, 0, 200);
    expect(controller.takeProbe(200)?.bitrate).toBe(3_000_000);
    expect(controller.takeProbe(700)).toBeUndefined();
    expect(controller.takeProbe(1200)?.bitrate).toBe(3_000_000);
  });

  it('backs off while feedback stays away and is at the minimum when the path is dead', () => {
    const controller = new CongestionController(LIMITS, 0);
    run(controller, 0, 1000);
    const before = controller.state.targetBitrate;
    run(controller, 1000, 1400, { answered: false });
    expect(controller.state.targetBitrate).toBeGreaterThan(0.8 * before);
    run(controller, 1400, 2000, { answered: false });
    expect(controller.state.targetBitrate).toBeLessThan(0.75 * before);
    run(controller, 2000, 6000, { answered: false });
    expect(controller.state.targetBitrate).toBe(100_000);
  });

  it('does not take a pause of the sender for a dead path', () => {
    const controller = new CongestionController(LIMITS, 0);
    run(controller, 0, 1000);
    const before = controller.state.targetBitrate;
    for (let nowMs = 1000; nowMs < 20_000; nowMs += 50) controller.tick(nowMs);
    expect(controller.state.targetBitrate).toBe(before);
  });

  it('does not take the losses of a silence for those of the rate after it', () => {
    const controller = new CongestionController(LIMITS, 0);
    run(controller, 0, 1000);
    run(controller, 1000, 3000, { answered: false });
    const dropped = Array.from({ length: 200 }, (_, index) => ({ sequenceNumber: 100 + index, receivedAtMs: undefined }));
    run(controller, 3000, 3010);
    controller.arrivalsReported(dropped, 3030);
    expect(controller.state.lossFraction).toBe(0);
  });

  it('follows REMB where no transport feedback comes, and reports of loss with it', () => {
    const controller = new CongestionController(LIMITS, 0);
    controller.receiverEstimated(2_000_000, 1000);
    expect(controller.state).toMatchObject({ targetBitrate: 2_000_000, estimate: 2_000_000, source: 'remb' });
    controller.lossReported(0.4, undefined, 2000);
    expect(controller.state).toMatchObject({ targetBitrate: 1_600_000, lossFraction: 0.4 });
    expect(controller.takeProbe(3000)).toBeUndefined();
  });

  it('takes REMB beside transport feedback as a limit for as long as it is fresh', () => {
    const controller = new CongestionController(LIMITS, 0);
    run(controller, 0, 2000);
    controller.receiverEstimated(300_000, 2000);
    expect(controller.state).toMatchObject({ targetBitrate: 300_000, source: 'transport-feedback' });
    run(controller, 2000, 8000);
    expect(controller.state.targetBitrate).toBeGreaterThan(900_000);
  });

  it('counts the share lost', () => {
    const controller = new CongestionController(LIMITS, 0);
    run(controller, 0, 5000, { lost: (number) => number % 20 === 0 });
    expect(controller.state.lossFraction).toBeCloseTo(0.05, 2);
  });

  it('takes the rate back at once when the queue surges', () => {
    const controller = new CongestionController(LIMITS, 0);
    run(controller, 0, 2000);
    run(controller, 2000, 2200, { delayMs: 150 });
    const { estimate, targetBitrate, pacingBitrate } = controller.state;
    expect(estimate).toBeLessThan(750_000);
    expect(targetBitrate).toBeLessThan(0.8 * 750_000);
    expect(pacingBitrate).toBeLessThan(2.5 * targetBitrate);
  });

  it('stays within its limits whatever is sent and reported, in any order and at any time', () => {
    const time = fc.oneof(fc.integer({ min: -1000, max: 30_000 }), fc.constant(Number.NaN), fc.constant(1e12));
    const number = fc.integer({ min: 0, max: 65_535 });
    const arrival = fc.record({ sequenceNumber: number, receivedAtMs: fc.option(fc.double(), { nil: undefined }) });
    const event = fc.oneof(
      fc.record({
        kind: fc.constant('send' as const),
        number: fc.integer({ min: 0, max: 200 }),
        atMs: time,
        probe: fc.option(fc.nat(3), { nil: undefined }),
      }),
      fc.record({ kind: fc.constant('near' as const), first: fc.integer({ min: 0, max: 200 }), count: fc.nat(60), atMs: time }),
      fc.record({ kind: fc.constant('report' as const), arrivals: fc.array(arrival, { maxLength: 20 }), atMs: time }),
      fc.record({ kind: fc.constant('remb' as const), bitrate: fc.double(), atMs: time }),
      fc.record({ kind: fc.constant('loss' as const), fraction: fc.double(), roundTripMs: fc.double(), atMs: time }),
      fc.record({ kind: fc.constant('tick' as const), atMs: time }),
    );
    fc.assert(
      fc.property(fc.array(event, { maxLength: 120 }), (events) => {
        const controller = new CongestionController(LIMITS, 0);
        for (const one of events) {
          if (one.kind === 'send')
            controller.packetSent({ sequenceNumber: one.number, bytes: 1200, sentAtMs: one.atMs, probe: one.probe });
          else if (one.kind === 'report') controller.arrivalsReported(one.arrivals, one.atMs);
          else if (one.kind === 'remb') controller.receiverEstimated(one.bitrate, one.atMs);
          else if (one.kind === 'loss') controller.lossReported(one.fraction, one.roundTripMs, one.atMs);
          else if (one.kind === 'tick') controller.tick(one.atMs);
          else {
            const arrivals = Array.from({ length: one.count }, (_, index) => ({
              sequenceNumber: one.first + index,
              receivedAtMs: index % 5 === 0 ? undefined : 1e6 + index * 7,
            }));
            controller.arrivalsReported(arrivals, one.atMs);
          }
          const probe = controller.takeProbe(one.atMs);
          if (probe !== undefined) expect(probe.bitrate).toBeLessThanOrEqual(1.1 * LIMITS.maxBitrate);
          const { targetBitrate, pacingBitrate, estimate = LIMITS.minBitrate, roundTripMs = 0, lossFraction } = controller.state;
          expect(targetBitrate).toBeGreaterThanOrEqual(LIMITS.minBitrate);
          expect(targetBitrate).toBeLessThanOrEqual(LIMITS.maxBitrate);
          expect(estimate).toBeGreaterThanOrEqual(LIMITS.minBitrate);
          expect(estimate).toBeLessThanOrEqual(LIMITS.maxBitrate);
          expect(pacingBitrate).toBeGreaterThanOrEqual(LIMITS.minBitrate);
          expect(roundTripMs).toBeGreaterThanOrEqual(0);
          expect(lossFraction).toBeGreaterThanOrEqual(0);
          expect(lossFraction).toBeLessThanOrEqual(1);
        }
      }),
      { numRuns: 300 },
    );
  });

  it('does the same with numbers that wrap as with numbers that do not', () => {
    const states = [0, 65_000].map((offset) => {
      const controller = new CongestionController(LIMITS, 0);
      for (let nowMs = 0; nowMs < 20_000; nowMs += 10) {
        const number = nowMs / 10 + offset;
        controller.packetSent({ sequenceNumber: number & 0xffff, bytes: 1000, sentAtMs: nowMs, probe: undefined });
        controller.arrivalsReported([{ sequenceNumber: (number - 2) & 0xffff, receivedAtMs: nowMs }], nowMs);
      }
      return controller.state;
    });
    expect(states[0]).toEqual(states[1]);
  });
});
