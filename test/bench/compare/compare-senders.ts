/** The same clip through the same networks from our server, aiortc and GStreamer, one after the other. */
import { launchChromium } from '../../support/chromium.ts';
import { ProbePage } from '../../support/probe-page.ts';
import { ServerProcess } from '../../support/server-process.ts';
import type { Figure, Measurement } from '../figures.ts';
import { measureNetwork, type NetworkOptions } from '../network/measure-network.ts';
import { NETWORK_FIGURES, type NetworkFigure } from '../network/network-quality.ts';
import type { NetworkProfile } from '../network/profiles.ts';
import { measureLoad } from '../process-load.ts';
import type { StreamServer } from '../stream-server.ts';
import { ExportedClip } from './exported-clip.ts';
import { missingPackages, SENDERS, SenderProcess } from './sender-process.ts';

/** What is shown of each sender on each network. */
const COMPARED: readonly NetworkFigure[] = [
  'shownFps',
  'longestFreezeMs',
  'roundTripP95Ms',
  'throughputMegabits',
  'lostPercent',
  'audioGapMs',
  'videoBufferMs',
];
const OURS = 'this server';

/** One measurement a network, with each figure for each sender. */
export async function compareSenders(profiles: readonly NetworkProfile[], options: NetworkOptions): Promise<Measurement[]> {
  await using clip = await ExportedClip.write();
  const measured = new Map<string, Map<string, Measurement>>();
  const remarks: string[] = [];
  measured.set(OURS, await measureOurs(profiles, options));
  for (const kind of SENDERS) {
    const missing = missingPackages(kind);
    if (missing !== undefined) {
      remarks.push(`${kind.name} was not measured; install ${missing}`);
      continue;
    }
    // A process of its own for each network: what one run left behind is not the next one's.
    const results = new Map<string, Measurement>();
    for (const profile of profiles) {
      await using sender = await SenderProcess.start(kind, clip.folder);
      results.set(
        profile.name,
        await measureProfile(sender, profile, { ...options, say: (text) => options.say(`${kind.name}, ${text}`) }),
      );
    }
    measured.set(kind.name, results);
  }
  return profiles.map(({ name, title }) => ({
    id: `compare-${name}`,
    title: `Compared: ${title}`,
    figures: [...measured].flatMap(([sender, results]) => comparedFigures(sender, results.get(name))),
    remarks,
  }));
}

async function measureOurs(profiles: readonly NetworkProfile[], options: NetworkOptions): Promise<Map<string, Measurement>> {
  const results = new Map<string, Measurement>();
  for (const profile of profiles) {
    await using server = await ServerProcess.start('pipelines/video-replay');
    results.set(profile.name, await measureProfile(server, profile, options));
  }
  return results;
}

/** The network's figures, and the sender's CPU while it played. */
async function measureProfile(server: StreamServer, profile: NetworkProfile, options: NetworkOptions): Promise<Measurement> {
  await using chromium = await launchChromium();
  const probe = await ProbePage.open(chromium.context, server.url);
  const seconds = options.seconds ?? profile.seconds;
  const [measurement, load] = await Promise.all([
    measureNetwork(probe, profile, options),
    measureLoad(server, seconds * options.runs),
  ]);
  const cpu: Figure = { name: 'CPU', unit: '% of a core', digits: 1, values: [load.serverCpuPercent + load.hostCpuPercent] };
  return { ...measurement, figures: [...measurement.figures, cpu] };
}

function comparedFigures(sender: string, measurement: Measurement | undefined): Figure[] {
  const names: readonly string[] = [...COMPARED.map((key) => NETWORK_FIGURES[key].name), 'CPU'];
  return (measurement?.figures ?? [])
    .filter(({ name }) => names.includes(name))
    .map(({ bound: _bound, ...figure }) => ({ ...figure, name: `${sender}: ${figure.name}` }));
}
