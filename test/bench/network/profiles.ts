/** The networks that are measured, and what a viewer behind each must see. */
import type { Bound } from '../figures.ts';
import type { PathProfile } from '../../support/relay/udp-relay.ts';
import type { NetworkFigure } from './network-quality.ts';

export interface NetworkProfile {
  readonly name: string;
  readonly title: string;
  readonly path: Omit<PathProfile, 'seed'>;
  /** From the first packet of media. */
  readonly seconds: number;
  /** Of the server, where they are not the defaults. */
  readonly settings?: Readonly<Record<string, string>>;
  readonly bounds: Partial<Readonly<Record<NetworkFigure, Bound>>>;
}

const MEGABIT = 1_000_000;
const QUEUE_MS = 200;

const STEPS = {
  path: {
    down: {
      capacity: [
        { atMs: 0, bitsPerSecond: 4 * MEGABIT },
        { atMs: 20_000, bitsPerSecond: 1 * MEGABIT },
        { atMs: 40_000, bitsPerSecond: 4 * MEGABIT },
      ],
      queueMs: QUEUE_MS,
    },
    up: {},
  },
  seconds: 60,
  bounds: { longestFreezeMs: { most: 500 }, downSeconds: { most: 2 }, upSeconds: { most: 10 }, audioGapMs: { most: 60 } },
} as const;

const PROFILES = [
  { name: 'clean', title: 'Clean link', path: { down: {}, up: {} }, seconds: 30, bounds: { shownFps: { least: 23.8 } } },
  {
    name: 'bottleneck-1500k',
    title: '1.5 Mbps bottleneck, 200 ms queue',
    path: { down: { capacity: [{ atMs: 0, bitsPerSecond: 1.5 * MEGABIT }], queueMs: QUEUE_MS }, up: {} },
    seconds: 60,
    bounds: {
      shownFps: { least: 23 },
      longestFreezeMs: { most: 500 },
      roundTripP95Ms: { most: 120 },
      linkUsePercent: { least: 75 },
    },
  },
  {
    name: 'steps-4-1-4',
    title: '4 → 1 → 4 Mbps in steps of 20 s, 200 ms queue',
    ...STEPS,
  },
  {
    // The queue of a path that loses three quarters of its capacity fills in 70 ms, before any report of it can be back. What then comes 200 ms
    // late is a gap in the sound, unless the receiver has as much in hand.
    name: 'steps-4-1-4-delayed',
    title: '4 → 1 → 4 Mbps in steps of 20 s, 200 ms queue, playout delay 200 ms',
    settings: { TELEFUSER_WEBRTC_PLAYOUT_DELAY_MS: '200' },
    ...STEPS,
  },
  {
    name: 'low-300k',
    title: '300 kbps, 300 ms queue',
    path: { down: { capacity: [{ atMs: 0, bitsPerSecond: 0.3 * MEGABIT }], queueMs: 300 }, up: {} },
    seconds: 60,
    bounds: { shownFps: { least: 10 }, audioGapMs: { most: 60 } },
  },
  {
    name: 'loss-5',
    title: '5 % random loss, 50 ms round trip',
    path: { down: { delayMs: 25, loss: { share: 0.05 } }, up: { delayMs: 25 } },
    seconds: 60,
    bounds: { shownPercent: { least: 95 }, longestFreezeMs: { most: 400 } },
  },
  {
    name: 'loss-10',
    title: '10 % random loss, 50 ms round trip',
    path: { down: { delayMs: 25, loss: { share: 0.1 } }, up: { delayMs: 25 } },
    seconds: 60,
    bounds: { shownPercent: { least: 80 } },
  },
] as const satisfies readonly NetworkProfile[];

export const PROFILE_NAMES: readonly string[] = PROFILES.map(({ name }) => name);

/** The profile of that name. */
export function profileOf(name: string): NetworkProfile {
  const profile = PROFILES.find((candidate) => candidate.name === name);
  if (profile === undefined) throw new Error(`there is no network "${name}"; there are: ${PROFILE_NAMES.join(', ')}`);
  return profile;
}
