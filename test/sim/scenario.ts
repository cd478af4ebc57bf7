import type { NetworkLimits } from '#server/media/congestion/index.js';

import { Link, type LinkOptions } from './link.ts';
import { MediaFlow } from './media-flow.ts';
import { Random } from './random.ts';
import { Simulation } from './simulation.ts';
import { shortDownloads, TcpFlow } from './tcp-flow.ts';

const SAMPLE_MS = 100;
const FAST_BITRATE = 1e9;
const LIMITS: NetworkLimits = { startBitrate: 1_000_000, minBitrate: 120_000, maxBitrate: 4_000_000 };

export interface ScenarioFlow {
  readonly limits?: Partial<NetworkLimits>;
  /** One way, on top of the link's. */
  readonly ownDelayMs?: number;
  readonly active?: (nowMs: number) => boolean;
  readonly wanted?: (nowMs: number) => number;
  /** What the pictures take however much is allowed: a still scene. */
  readonly needed?: (nowMs: number) => number;
}

/** A path and who sends across it. */
export interface Scenario {
  readonly name: string;
  /** A name for files. */
  readonly key: string;
  readonly durationMs: number;
  readonly forward: LinkOptions;
  /** The way of the feedback; left out: fast, as far as `forward`. */
  readonly backward?: LinkOptions;
  readonly flows: readonly ScenarioFlow[];
  /** When a long TCP download competes, or how many sources of short ones do: two from the start, the others after a pause. */
  readonly tcp?: ((nowMs: number) => boolean) | number;
  readonly feedbackIntervalMs?: number;
  readonly seed?: number;
}

export interface FlowSample {
  readonly targetBitrate: number;
  readonly receivedBitrate: number;
  readonly lossFraction: number;
}

/** The state of everything at one instant; bit rates over the time since the sample before. */
export interface Sample {
  readonly atMs: number;
  readonly capacity: number;
  readonly queueMs: number;
  readonly tcpBitrate: number;
  readonly flows: readonly FlowSample[];
}

export interface ScenarioRun {
  readonly scenario: Scenario;
  readonly samples: readonly Sample[];
  readonly flows: readonly MediaFlow[];
}

export function runScenario(scenario: Scenario): ScenarioRun {
  const simulation = new Simulation();
  const random = new Random(scenario.seed ?? 1);
  const forward = new Link(simulation, random, scenario.forward);
  const backward = new Link(
    simulation,
    random,
    scenario.backward ?? { capacity: () => FAST_BITRATE, queueMs: 1000, delayMs: scenario.forward.delayMs },
  );
  const flows = scenario.flows.map(
    ({ limits, ...options }) =>
      new MediaFlow(simulation, random, {
        limits: { ...LIMITS, ...limits },
        forward,
        backward,
        feedbackIntervalMs: scenario.feedbackIntervalMs ?? 100,
        ...options,
      }),
  );
  const { tcp: competing = 0 } = scenario;
  const demands =
    typeof competing === 'number'
      ? Array.from({ length: competing }, (_, index) => shortDownloads(random, index >= 2))
      : [competing];
  const downloads = demands.map((demand) => new TcpFlow(simulation, forward, backward, demand));
  const samples: Sample[] = [];
  let before = { tcp: 0, flows: flows.map(() => 0) };
  simulation.every(SAMPLE_MS, () => {
    const received = flows.map((flow) => flow.receivedBytes);
    const downloaded = downloads.reduce((sum, { receivedBytes }) => sum + receivedBytes, 0);
    const perSecond = (8 * 1000) / SAMPLE_MS;
    samples.push({
      atMs: simulation.nowMs,
      capacity: forward.capacity,
      queueMs: forward.queueMs,
      tcpBitrate: (downloaded - before.tcp) * perSecond,
      flows: flows.map((flow, index) => ({
        targetBitrate: flow.state.targetBitrate,
        receivedBitrate: (flow.receivedBytes - (before.flows[index] ?? 0)) * perSecond,
        lossFraction: flow.state.lossFraction,
      })),
    });
    before = { tcp: downloaded, flows: received };
  });
  simulation.runUntil(scenario.durationMs);
  return { scenario, samples, flows };
}
