/** Plays the clip through a network and says what came of it. */
import { setTimeout as sleep } from 'node:timers/promises';
import { CLIP, FLASH } from '../clip.ts';
import { collect, type FigureKind, type Measurement } from '../figures.ts';
import { median } from '../statistics.ts';
import { waitFor } from '../../support/condition.ts';
import type { ProbePage } from '../../support/probe-page.ts';
import { UdpRelay } from '../../support/relay/udp-relay.ts';
import {
  NETWORK_FIGURES,
  networkChart,
  networkFigures,
  type NetworkFigure,
  type NetworkFigures,
  type NetworkRecord,
} from './network-quality.ts';
import type { NetworkProfile } from './profiles.ts';

const STATS_INTERVAL_MS = 100;
/** Signalling, ICE and DTLS through a network that loses packets. */
const MEDIA_TIMEOUT_MS = 30_000;
/** What is on its way when the time is up still arrives. */
const TAIL_MS = 300;
/** Figures that say nothing on a network without steps. */
const STEP_FIGURES: readonly NetworkFigure[] = ['downSeconds', 'upSeconds'];

export interface NetworkOptions {
  readonly runs: number;
  /** Instead of the profile's own. */
  readonly seconds: number | undefined;
  /** Told what is being done. */
  readonly say: (text: string) => void;
}

/** A profile, so many times one after the other with the page of a running server. */
export async function measureNetwork(
  probe: ProbePage,
  profile: NetworkProfile,
  { runs, seconds = profile.seconds, say }: NetworkOptions,
): Promise<Measurement> {
  const records: NetworkRecord[] = [];
  for (let run = 1; run <= runs; run += 1) {
    say(`${profile.title}: run ${run} of ${runs}, ${seconds} s …`);
    records.push(await playThrough(probe, profile, seconds, run));
  }
  const figures = records.map((record) => networkFigures(record, CLIP));
  const typical = records[typicalRun(figures)];
  return {
    id: profile.name,
    title: profile.title,
    figures: collect(kindsOf(profile), figures),
    ...(typical && { charts: [networkChart(typical, profile.name, profile.title)] }),
  };
}

async function playThrough(probe: ProbePage, { path }: NetworkProfile, seconds: number, seed: number): Promise<NetworkRecord> {
  await using relay = await UdpRelay.start();
  await using way = await relay.open({ ...path, seed });
  const { handle } = await probe.openSessionThrough(way, {
    request: { loop: true },
    pictures: { counter: true, areas: [FLASH] },
    channel: false,
    statsEveryMs: STATS_INTERVAL_MS,
    awaitFrame: false,
  });
  try {
    await waitFor(
      'media to come through the relay',
      async () => (await way.report()).mediaBeganUnixMs !== undefined,
      MEDIA_TIMEOUT_MS,
    );
    await sleep(seconds * 1000 + TAIL_MS);
    return { recording: await probe.recording(handle), report: await way.report(), down: path.down, up: path.up, seconds };
  } finally {
    await probe.closeSession(handle);
  }
}

/** The run to be drawn: the one whose frame rate is the median. */
function typicalRun(figures: readonly NetworkFigures[]): number {
  const rates = figures.map(({ shownFps }) => shownFps);
  return rates.indexOf(median(rates));
}

function kindsOf({ bounds, path }: NetworkProfile): Record<NetworkFigure, FigureKind> {
  const entries = Object.entries(NETWORK_FIGURES) as [NetworkFigure, FigureKind][];
  const wanted = entries.filter(([key]) => (path.down.capacity?.length ?? 0) > 1 || !STEP_FIGURES.includes(key));
  return Object.fromEntries(
    wanted.map(([key, kind]) => {
      const bound = bounds[key];
      return [key, bound === undefined ? kind : { ...kind, bound }];
    }),
  ) as Record<NetworkFigure, FigureKind>;
}
