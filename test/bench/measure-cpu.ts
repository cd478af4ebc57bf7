/** CPU of one session at 2 Mbps: ours, FFmpeg's decoder and encoder alone, and an aiortc sender of the same pictures. */
import { execFile } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { launchChromium } from '../support/chromium.ts';
import { ProbePage } from '../support/probe-page.ts';
import { ServerProcess } from '../support/server-process.ts';
import { videoBytes } from './bitrate.ts';
import type { CodecReference } from './codec-reference.ts';
import { ExportedClip } from './compare/exported-clip.ts';
import { missingPackages, SENDERS, SenderProcess, type SenderKind } from './compare/sender-process.ts';
import { collect, type FigureKind, type Measurement } from './figures.ts';
import { measureLoad } from './process-load.ts';
import { pictureChanges } from './stream-quality.ts';
import type { StreamServer } from './stream-server.ts';

const BITRATE = 2_000_000;
const REFERENCE_SECONDS = 8;
/** Code that runs 24 times a second takes this long until V8 has compiled it well, and x264 until it is at its rate. */
const WARM_UP_MS = 20_000;

const FIGURES = {
  ratio: { name: 'a session / FFmpeg alone, paced', unit: '×', digits: 2, bound: { most: 1.5 } },
  aiortcRatio: { name: 'a session / an aiortc session', unit: '×', digits: 2, bound: { most: 0.45 } },
  sessionMs: { name: 'a session, server and pipeline', unit: 'ms a frame', digits: 2 },
  sessionPercent: { name: '  …', unit: '% of a core', digits: 1 },
  sessionMegabits: { name: '  … video received', unit: 'Mbps', digits: 2 },
  pacedMs: { name: 'FFmpeg alone, paced at 24 fps', unit: 'ms a frame', digits: 2 },
  backToBackMs: { name: 'FFmpeg alone, frame after frame', unit: 'ms a frame', digits: 2 },
  aiortcMs: { name: 'aiortc, H.264', unit: 'ms a frame', digits: 2 },
  aiortcMegabits: { name: '  … video received', unit: 'Mbps', digits: 2 },
  gstreamerMs: { name: 'GStreamer webrtcbin, H.264', unit: 'ms a frame', digits: 2 },
  gstreamerMegabits: { name: '  … video received', unit: 'Mbps', digits: 2 },
  foreignPercent: { name: 'other programs meanwhile, at most', unit: '% of a core', digits: 1 },
} as const satisfies Record<string, FigureKind>;

type Values = Record<keyof typeof FIGURES, number>;

export interface CpuOptions {
  readonly runs: number;
  readonly seconds: number;
  readonly say: (text: string) => void;
}

interface Cost {
  readonly frameMs: number;
  readonly percent: number;
  readonly megabits: number;
  readonly foreignPercent: number;
}

export async function measureCpu({ runs, seconds, say }: CpuOptions): Promise<Measurement> {
  await using clip = await ExportedClip.write();
  const remarks = SENDERS.flatMap((kind) => {
    const missing = missingPackages(kind);
    return missing === undefined ? [] : [`${kind.name} was not measured; install ${missing}`];
  });
  const found: Values[] = [];
  for (let run = 1; run <= runs; run += 1) {
    say(`CPU at 2 Mbps: run ${run} of ${runs} …`);
    found.push(await measureOnce(clip.folder, seconds));
  }
  return { id: 'cpu', title: 'CPU of one 832×480 session at 24 fps and 2 Mbps', figures: collect(FIGURES, found), remarks };
}

async function measureOnce(clipFolder: string, seconds: number): Promise<Values> {
  // The machine's speed drifts with its load and heat, so the reference is taken on both sides of what it is compared with.
  const before = await measureReference();
  const ours = await measureOurs(seconds);
  const others = new Map<string, Cost>();
  for (const kind of SENDERS) {
    if (missingPackages(kind) === undefined) others.set(kind.name, await measureSender(kind, clipFolder, seconds));
  }
  const after = await measureReference();
  const [aiortc, gstreamer] = SENDERS.map(({ name }) => others.get(name));
  const pacedMs = (before.pacedMs + after.pacedMs) / 2;
  return {
    ratio: ours.frameMs / pacedMs,
    aiortcRatio: ours.frameMs / (aiortc?.frameMs ?? Number.NaN),
    sessionMs: ours.frameMs,
    sessionPercent: ours.percent,
    sessionMegabits: ours.megabits,
    pacedMs,
    backToBackMs: (before.backToBackMs + after.backToBackMs) / 2,
    aiortcMs: aiortc?.frameMs ?? Number.NaN,
    aiortcMegabits: aiortc?.megabits ?? Number.NaN,
    gstreamerMs: gstreamer?.frameMs ?? Number.NaN,
    gstreamerMegabits: gstreamer?.megabits ?? Number.NaN,
    foreignPercent: Math.max(ours.foreignPercent, ...[...others.values()].map((cost) => cost.foreignPercent)),
  };
}

async function measureOurs(seconds: number): Promise<Cost> {
  const environment = { TELEFUSER_WEBRTC_VIDEO_BITRATE: String(BITRATE), TELEFUSER_WEBRTC_START_BITRATE: String(BITRATE) };
  await using server = await ServerProcess.start('pipelines/video-replay', { environment });
  return await measureSession(server, seconds);
}

async function measureSender(kind: SenderKind, clipFolder: string, seconds: number): Promise<Cost> {
  await using sender = await SenderProcess.start(kind, clipFolder, BITRATE);
  return await measureSession(sender, seconds);
}

async function measureSession(server: StreamServer, seconds: number): Promise<Cost> {
  await using chromium = await launchChromium();
  const probe = await ProbePage.open(chromium.context, server.url);
  const { handle } = await probe.openSession({ request: { loop: true }, channel: false });
  await sleep(WARM_UP_MS);
  await probe.clear(handle);
  const bytesBefore = await videoBytes(probe, handle);
  const load = await measureLoad(server, seconds);
  const bytes = (await videoBytes(probe, handle)) - bytesBefore;
  const { frames } = await probe.recording(handle);
  await probe.closeSession(handle);
  const changes = pictureChanges(frames);
  const elapsedSeconds = ((changes.at(-1)?.arrivalMs ?? 0) - (changes[0]?.arrivalMs ?? 0)) / 1000;
  const percent = load.serverCpuPercent + load.hostCpuPercent;
  return {
    frameMs: (percent * 10 * elapsedSeconds) / (changes.length - 1),
    percent,
    megabits: (bytes * 8) / seconds / 1e6,
    foreignPercent: load.foreignCpuPercent,
  };
}

/** Runs the codec reference in a process of its own. */
async function measureReference(): Promise<CodecReference> {
  const script = fileURLToPath(new URL('codec-reference.ts', import.meta.url));
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ['--disable-warning=ExperimentalWarning', script, String(REFERENCE_SECONDS)],
    { timeout: (REFERENCE_SECONDS * 3 + 30) * 1000 },
  );
  return JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as CodecReference;
}
