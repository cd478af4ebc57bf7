/** What a viewer behind a network saw and heard, and what the network carried meanwhile. Pure. */
import type { ChartData, FigureKind } from '../figures.ts';
import { FLASH_LUMA_AREA, pictureChanges, streamQuality } from '../stream-quality.ts';
import { longestRun, median, percentile } from '../statistics.ts';
import type { Recording, SoundRecord, StatsSample } from '../../support/probe-page.ts';
import type { LinkProfile } from '../../support/relay/link.ts';
import type { PathReport, PathSample } from '../../support/relay/udp-relay.ts';
import { linkUsePercent, secondsUntilUsed, secondsUntilWithin, sumOf, throughput, within } from './link-use.ts';

export const NETWORK_FIGURES = {
  shownFps: { name: 'frames shown a second', unit: '', digits: 2 },
  shownPercent: { name: 'frames of the source shown', unit: '%', digits: 1 },
  longestFreezeMs: { name: 'longest freeze after 3 s', unit: 'ms' },
  longestPresentedFreezeMs: { name: '  … on the screen', unit: 'ms' },
  roundTripP95Ms: { name: 'round trip p95, base and queue', unit: 'ms' },
  stunRoundTripP95Ms: { name: '  … by the browser’s STUN checks', unit: 'ms' },
  linkUsePercent: { name: 'link used', unit: '%', digits: 1 },
  throughputMegabits: { name: 'carried', unit: 'Mbps', digits: 2 },
  lostPercent: { name: 'packets lost or dropped', unit: '%', digits: 1 },
  downSeconds: { name: 'rate within the link after a step down', unit: 's', digits: 1 },
  upSeconds: { name: '80 % of the link used after a step up', unit: 's', digits: 1 },
  audioGapMs: { name: 'longest gap in the sound after 1 s', unit: 'ms' },
  concealedPercent: { name: 'sound made up by the receiver', unit: '%', digits: 2 },
  smallestHeight: { name: 'smallest picture, lines', unit: '' },
  usualHeight: { name: 'usual picture, lines', unit: '' },
  videoBufferMs: { name: 'receiver’s video buffer', unit: 'ms' },
  audioVideoOffsetMs: { name: 'sound after picture, median', unit: 'ms' },
} as const satisfies Readonly<Record<string, FigureKind>>;

export type NetworkFigure = keyof typeof NETWORK_FIGURES;
export type NetworkFigures = Readonly<Record<NetworkFigure, number>>;

/** What a run left behind. */
export interface NetworkRecord {
  readonly recording: Recording;
  readonly report: PathReport;
  readonly down: LinkProfile;
  readonly up: LinkProfile;
  readonly seconds: number;
}

export interface Source {
  readonly fps: number;
  /** After which its counter begins anew. */
  readonly frames: number;
}

const SETTLED_AFTER_MS = 3000;
const AUDIO_SETTLED_AFTER_MS = 1000;
const SAMPLES_PER_MS = 48;
/** The clip’s sound is never quieter than its chord (0.0038 as decoded): below half of that nothing is heard. */
const SILENT_LEVEL = 0.0015;
const BLOCK_MS = 10;
const CHART_STEP_MS = 500;

export function networkFigures(record: NetworkRecord, source: Source): NetworkFigures {
  const { recording, report, down, up, seconds } = record;
  const beganMs = report.mediaBeganUnixMs ?? Number.NaN;
  const endMs = beganMs + seconds * 1000;
  const settledMs = beganMs + SETTLED_AFTER_MS;
  const path = within(report.samples, beganMs, endMs);
  const unixMs = (pageMs: number): number => recording.timeOriginMs + pageMs;
  const changes = pictureChanges(recording.frames);
  const shown = changes.map(({ arrivalMs }) => unixMs(arrivalMs));
  const presented = changes.flatMap(({ presentedMs }) => (presentedMs === null ? [] : [unixMs(presentedMs)]));
  const shownFps = (shown.filter((atMs) => atMs > settledMs && atMs <= endMs).length * 1000) / (endMs - settledMs);
  const samples = recording.samples.filter(({ atMs }) => unixMs(atMs) > beganMs && unixMs(atMs) <= endMs);
  const heights = samples.map(({ frameHeight }) => frameHeight).filter((height) => height > 0);
  const quality = streamQuality(recording, source.frames, FLASH_LUMA_AREA);
  const baseMs = (down.delayMs ?? 0) + (up.delayMs ?? 0);
  const steps = stepTimes(report.samples, down, beganMs, endMs);
  return {
    shownFps,
    // What was held up before the count began may come during it.
    shownPercent: Math.min(100, (100 * shownFps) / source.fps),
    longestFreezeMs: longestHold(shown, settledMs, endMs),
    longestPresentedFreezeMs: longestHold(presented, settledMs, endMs),
    roundTripP95Ms:
      baseMs +
      percentile(
        path.flatMap((sample) => sample.down.queuedMs),
        0.95,
      ),
    stunRoundTripP95Ms: percentile(
      samples.flatMap(({ roundTripMs }) => (roundTripMs === null ? [] : [roundTripMs])),
      0.95,
    ),
    linkUsePercent: linkUsePercent(path),
    throughputMegabits: throughput(path) / 1e6,
    lostPercent: (100 * (sumOf(path, 'lostPackets') + sumOf(path, 'droppedPackets'))) / sumOf(path, 'offeredPackets'),
    ...steps,
    audioGapMs: audioGapMs(recording, beganMs + AUDIO_SETTLED_AFTER_MS, endMs),
    concealedPercent: concealedPercent(samples),
    smallestHeight: heights.length === 0 ? Number.NaN : Math.min(...heights),
    usualHeight: median(heights),
    videoBufferMs: quality.videoJitterBufferMs ?? Number.NaN,
    audioVideoOffsetMs: median(quality.audioVideoOffsetsMs),
  };
}

/** The longest time between two of the instants within a span, its edges included: what freezes at the end is frozen. */
function longestHold(timesMs: readonly number[], fromMs: number, toMs: number): number {
  // A picture that came before the span is held into it; without one nothing is shown at its beginning.
  const before = timesMs.findLast((atMs) => atMs <= fromMs) ?? fromMs;
  const times = [before, ...timesMs.filter((atMs) => atMs > fromMs && atMs <= toMs), toMs];
  return Math.max(...times.slice(1).map((atMs, index) => atMs - (times[index] ?? atMs)));
}

/** The slowest answer to a step in each direction; NaN where there is no such step. */
function stepTimes(
  samples: readonly PathSample[],
  { capacity = [] }: LinkProfile,
  beganMs: number,
  endMs: number,
): { readonly downSeconds: number; readonly upSeconds: number } {
  let [downSeconds, upSeconds] = [Number.NaN, Number.NaN];
  capacity.slice(1).forEach((step, index) => {
    const stepMs = beganMs + step.atMs;
    // Beyond the next step, or the end of the run, nothing can be said.
    const untilMs = Math.min(endMs, beganMs + (capacity[index + 2]?.atMs ?? Infinity));
    if (stepMs >= endMs) return;
    const later = (one: number, other: number): number => (Number.isNaN(one) ? other : Math.max(one, other));
    if (step.bitsPerSecond > (capacity[index]?.bitsPerSecond ?? 0)) {
      upSeconds = later(upSeconds, secondsUntilUsed(samples, step, stepMs, untilMs));
    } else downSeconds = later(downSeconds, secondsUntilWithin(samples, step, stepMs, untilMs));
  });
  return { downSeconds, upSeconds };
}

/**
 * The longest stretch of sound that the receiver made up, by its statistics, or that was silent, whichever is longer. The clip is never
 * silent. Statistics come in steps: neighbouring steps that all have some are taken for one stretch, so the truth may be shorter.
 */
function audioGapMs(recording: Recording, fromMs: number, toMs: number): number {
  const unixMs = (pageMs: number): number => recording.timeOriginMs + pageMs;
  const blocks = recording.blocks.filter(({ pulledMs }) => unixMs(pulledMs) > fromMs && unixMs(pulledMs) <= toMs);
  if (blocks.length === 0) return Number.NaN;
  const silentMs = longestRun(
    blocks,
    ({ level }: SoundRecord) => level < SILENT_LEVEL,
    (run) => run.length * BLOCK_MS,
  );
  const samples = recording.samples.filter(({ atMs }) => unixMs(atMs) > fromMs && unixMs(atMs) <= toMs);
  const steps = samples.slice(1).map(({ concealedSamples, concealmentEvents }, index) => ({
    concealed: concealedSamples - (samples[index]?.concealedSamples ?? concealedSamples),
    events: concealmentEvents - (samples[index]?.concealmentEvents ?? concealmentEvents),
  }));
  const concealedMs = longestRun(
    steps,
    ({ concealed }) => concealed > 0,
    (run) => run.reduce((sum, { concealed }) => sum + concealed, 0) / SAMPLES_PER_MS,
  );
  return Math.max(silentMs, concealedMs);
}

function concealedPercent(samples: readonly StatsSample[]): number {
  const [first, last] = [samples[0], samples.at(-1)];
  if (first === undefined || last === undefined) return Number.NaN;
  const received = last.totalSamplesReceived - first.totalSamplesReceived;
  return (100 * (last.concealedSamples - first.concealedSamples)) / received;
}

/** Capacity, rate, queue and frames over the time of a run. */
export function networkChart({ recording, report, seconds }: NetworkRecord, name: string, title: string): ChartData {
  const beganMs = report.mediaBeganUnixMs ?? 0;
  const bins = Array.from(
    { length: Math.floor((seconds * 1000) / CHART_STEP_MS) },
    (_, index) => beganMs + index * CHART_STEP_MS,
  );
  const parts = bins.map((fromMs) => within(report.samples, fromMs, fromMs + CHART_STEP_MS));
  const shown = pictureChanges(recording.frames).map(({ arrivalMs }) => recording.timeOriginMs + arrivalMs);
  const finite = (value: number, digits: number): number | null =>
    Number.isFinite(value) ? Number(value.toFixed(digits)) : null;
  const series = (label: string, digits: number, value: (part: readonly PathSample[], fromMs: number) => number) => ({
    name: label,
    values: parts.map((part, index) => finite(value(part, bins[index] ?? 0), digits)),
  });
  return {
    name,
    title,
    seconds: bins.map((atMs) => (atMs - beganMs) / 1000),
    panels: [
      {
        unit: 'Mbps',
        series: [
          series('link', 3, (part) => (part[0]?.down.capacity ?? Number.NaN) / 1e6),
          series('carried', 3, (part) => throughput(part) / 1e6),
        ],
      },
      { unit: 'ms', series: [series('queue', 0, (part) => Math.max(0, ...part.flatMap(({ down }) => down.queuedMs)))] },
      {
        unit: 'frames a second',
        series: [
          series('shown', 1, (_, fromMs) => {
            const count = shown.filter((atMs) => atMs > fromMs && atMs <= fromMs + CHART_STEP_MS).length;
            return (count * 1000) / CHART_STEP_MS;
          }),
        ],
      },
    ],
  };
}
