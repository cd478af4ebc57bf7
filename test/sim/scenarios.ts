import type { Scenario } from './scenario.ts';

const MBPS = 1_000_000;

/** A value for each time: `[[0, 4], [20_000, 1]]` is 4 from the start and 1 from the twentieth second on. */
function steps(changes: readonly (readonly [fromMs: number, value: number])[], unit = 1): (nowMs: number) => number {
  return (nowMs) => (changes.findLast(([fromMs]) => nowMs >= fromMs)?.[1] ?? 0) * unit;
}

const during = (fromMs: number, toMs: number) => (nowMs: number) => nowMs >= fromMs && nowMs < toMs;
const one = [{}];

/** RFC 8867's limits: media from 150 kbps to 1.5 Mbps, start at 300 kbps. */
const RFC_LIMITS = { startBitrate: 300_000, minBitrate: 150_000, maxBitrate: 1_500_000 };
const VARIABLE_CAPACITY = steps(
  [
    [0, 1],
    [40_000, 2.5],
    [60_000, 0.6],
    [80_000, 1],
  ],
  MBPS,
);

/** What the acceptance table of the media engine asks for. */
export const acceptance = {
  clean: {
    key: 'clean-100-mbps',
    name: 'clean link, 100 Mbps',
    durationMs: 20_000,
    forward: { capacity: () => 100 * MBPS, queueMs: 100, delayMs: 5 },
    flows: one,
  },
  bottleneck: {
    key: 'bottleneck-1500-kbps',
    name: '1.5 Mbps, 200 ms queue',
    durationMs: 60_000,
    forward: { capacity: () => 1.5 * MBPS, queueMs: 200, delayMs: 1 },
    flows: one,
  },
  narrow: {
    key: 'narrow-300-kbps',
    name: '300 kbps, 300 ms queue',
    durationMs: 30_000,
    forward: { capacity: () => 0.3 * MBPS, queueMs: 300, delayMs: 10 },
    flows: one,
  },
  steps: {
    key: 'steps-4-1-4',
    name: '4, 1, 4 Mbps, 20 s each',
    durationMs: 60_000,
    forward: {
      capacity: steps(
        [
          [0, 4],
          [20_000, 1],
          [40_000, 4],
        ],
        MBPS,
      ),
      queueMs: 200,
      delayMs: 10,
    },
    flows: one,
  },
  lossFive: {
    key: 'loss-5',
    name: '5 % random loss',
    durationMs: 40_000,
    forward: { capacity: () => 100 * MBPS, queueMs: 100, delayMs: 15, loss: 0.05 },
    flows: one,
  },
  lossTen: {
    key: 'loss-10',
    name: '10 % random loss',
    durationMs: 40_000,
    forward: { capacity: () => 100 * MBPS, queueMs: 100, delayMs: 15, loss: 0.1 },
    flows: one,
  },
  jitter: {
    key: 'jitter-10-ms',
    name: 'jitter of 10 ms',
    durationMs: 40_000,
    forward: { capacity: () => 20 * MBPS, queueMs: 200, delayMs: 20, jitterMs: 10 },
    flows: one,
  },
  stalls: {
    key: 'stalls-150-ms',
    name: 'receiver stalls 150 ms every 2 s',
    durationMs: 40_000,
    forward: { capacity: () => 100 * MBPS, queueMs: 200, delayMs: 5, stalls: { everyMs: 2000, forMs: 150 } },
    flows: one,
    feedbackIntervalMs: 50,
  },
  quiet: {
    key: 'quiet-content',
    name: '3 Mbps, pictures need 400 kbps for 20 s',
    durationMs: 60_000,
    forward: { capacity: () => 3 * MBPS, queueMs: 200, delayMs: 20 },
    flows: [
      {
        needed: steps(
          [
            [0, 4],
            [20_000, 0.4],
            [40_000, 4],
          ],
          MBPS,
        ),
      },
    ],
  },
  shallow: {
    key: 'shallow-queue',
    name: '2 Mbps, 15 ms queue',
    durationMs: 60_000,
    forward: { capacity: () => 2 * MBPS, queueMs: 15, delayMs: 20 },
    flows: one,
  },
  outage: {
    key: 'outage',
    name: 'nothing passes for 5 s',
    durationMs: 40_000,
    forward: {
      capacity: steps(
        [
          [0, 4],
          [15_000, 0],
          [20_000, 4],
        ],
        MBPS,
      ),
      queueMs: 200,
      delayMs: 10,
    },
    flows: one,
  },
} satisfies Record<string, Scenario>;

/** The test cases of RFC 8867 (numbers of its sections), bottleneck queue 300 ms, one-way delay 50 ms. */
export const rfc8867 = {
  variableCapacity: {
    key: 'rfc8867-5-1-variable-capacity',
    name: '5.1 variable capacity, one flow',
    durationMs: 100_000,
    forward: { capacity: VARIABLE_CAPACITY, queueMs: 300, delayMs: 50 },
    flows: [{ limits: RFC_LIMITS }],
  },
  variableCapacityTwoFlows: {
    key: 'rfc8867-5-2-two-flows',
    name: '5.2 variable capacity, two flows',
    durationMs: 125_000,
    forward: {
      capacity: steps(
        [
          [0, 4],
          [25_000, 2],
          [50_000, 3.5],
          [75_000, 1],
          [100_000, 2],
        ],
        MBPS,
      ),
      queueMs: 300,
      delayMs: 50,
    },
    flows: [{ limits: RFC_LIMITS }, { limits: RFC_LIMITS }],
  },
  congestedFeedback: {
    key: 'rfc8867-5-3-congested-feedback',
    name: '5.3 congested feedback',
    durationMs: 100_000,
    forward: { capacity: () => 2 * MBPS, queueMs: 300, delayMs: 50 },
    backward: {
      capacity: steps(
        [
          [0, 2],
          [20_000, 0.003],
          [60_000, 2],
        ],
        MBPS,
      ),
      queueMs: 300,
      delayMs: 50,
      loss: 0.05,
    },
    flows: [{ limits: RFC_LIMITS }],
  },
  competing: {
    key: 'rfc8867-5-4-three-flows',
    name: '5.4 three flows, one after another',
    durationMs: 120_000,
    forward: { capacity: () => 3.5 * MBPS, queueMs: 300, delayMs: 50 },
    flows: [
      { limits: RFC_LIMITS },
      { limits: RFC_LIMITS, active: during(20_000, 120_000) },
      { limits: RFC_LIMITS, active: during(40_000, 120_000) },
    ],
  },
  roundTripFairness: {
    key: 'rfc8867-5-5-round-trip-fairness',
    name: '5.5 round trips of 20, 50, 100, 200, 300 ms',
    durationMs: 180_000,
    forward: { capacity: () => 4 * MBPS, queueMs: 300, delayMs: 10 },
    flows: [0, 15, 40, 90, 140].map((ownDelayMs, index) => ({
      limits: RFC_LIMITS,
      ownDelayMs,
      active: (nowMs: number) => nowMs >= index * 10_000,
    })),
  },
  tcp: {
    key: 'rfc8867-5-6-tcp',
    name: '5.6 a long TCP download',
    durationMs: 120_000,
    forward: { capacity: () => 2 * MBPS, queueMs: 300, delayMs: 50 },
    flows: [{ limits: RFC_LIMITS }],
    tcp: during(30_000, 90_000),
  },
  shortTcp: {
    key: 'rfc8867-5-7-short-tcp',
    name: '5.7 ten sources of short TCP downloads',
    durationMs: 300_000,
    forward: { capacity: () => 2 * MBPS, queueMs: 300, delayMs: 50 },
    flows: [{ limits: RFC_LIMITS }],
    tcp: 10,
  },
  pause: {
    key: 'rfc8867-5-8-pause',
    name: '5.8 pause and resume, three flows',
    durationMs: 120_000,
    forward: { capacity: () => 3.5 * MBPS, queueMs: 300, delayMs: 50 },
    flows: [
      { limits: RFC_LIMITS },
      { limits: RFC_LIMITS, active: (nowMs) => !during(40_000, 60_000)(nowMs) },
      { limits: RFC_LIMITS },
    ],
  },
  roundTripChange: {
    key: 'round-trip-change',
    name: 'round trip 20, 300, 20 ms',
    durationMs: 90_000,
    forward: {
      capacity: () => 2 * MBPS,
      queueMs: 300,
      delayMs: steps([
        [0, 10],
        [30_000, 150],
        [60_000, 10],
      ]),
    },
    flows: [{ limits: RFC_LIMITS }],
  },
} satisfies Record<string, Scenario>;
