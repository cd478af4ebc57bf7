/** What the tests call in the page. Plain values in and out, since they cross into another process. Runs in the page. */
import type { FrameRecord } from './picture-reader.ts';
import type { SoundRecord } from './sound-reader.ts';
import type { StatsSample } from './stats-sampler.ts';
import { Viewer, type ViewerOptions } from './viewer.ts';

export type { FrameRecord, SoundRecord, StatsSample, ViewerOptions };

export interface OpenResult {
  readonly handle: number;
  readonly sessionId: string;
  /** From the POST to its answer. */
  readonly answerMs: number;
  /** From the POST to the first decoded frame; undefined when none was waited for. */
  readonly firstFrameMs?: number;
}

export interface Recording {
  readonly frames: readonly FrameRecord[];
  readonly blocks: readonly SoundRecord[];
  readonly onsetsMs: readonly number[];
  readonly messages: readonly unknown[];
  readonly states: Viewer['states'];
  readonly events: Viewer['events'];
  readonly connectionState: string;
  /** `performance.now()` of the page. */
  readonly nowMs: number;
  /** What `performance.now()` counts from, milliseconds since 1970. */
  readonly timeOriginMs: number;
  /** When the viewer asked for it by `statsEveryMs`. */
  readonly samples: readonly StatsSample[];
  /** The entries of getStats(). */
  readonly stats: readonly Readonly<Record<string, unknown>>[];
}

/** A condition on a frame that can be sent to the page: an area is brighter or darker than a level. */
export interface LumaCondition {
  /** Index of the watched area. */
  readonly area: number;
  readonly above?: number;
  readonly below?: number;
}

const viewers = new Map<number, Viewer>();
let lastHandle = 0;

function find(handle: number): Viewer {
  const viewer = viewers.get(handle);
  if (viewer === undefined) throw new Error(`no viewer ${handle}`);
  return viewer;
}

const meets = ({ area, above = -1, below = 256 }: LumaCondition, { lumas }: FrameRecord): boolean => {
  const luma = lumas[area];
  return luma !== undefined && luma > above && luma < below;
};

type Point = readonly [number, number];

function coloursOf(element: HTMLVideoElement, points: readonly Point[], radius: number): number[][] {
  const canvas = new OffscreenCanvas(element.videoWidth, element.videoHeight);
  const context = canvas.getContext('2d', { willReadFrequently: true });
  if (context === null) throw new Error('no canvas');
  context.drawImage(element, 0, 0);
  return points.map(([x, y]) => {
    const { data } = context.getImageData(x - radius, y - radius, 2 * radius, 2 * radius);
    const sums = [0, 0, 0];
    data.forEach((value, index) => index % 4 < 3 && (sums[index % 4] = (sums[index % 4] ?? 0) + value));
    return sums.map((sum) => sum / (data.length / 4));
  });
}

export const probe = {
  async open(options: ViewerOptions & { readonly awaitFrame: boolean }): Promise<OpenResult> {
    const viewer = new Viewer();
    lastHandle += 1;
    const handle = lastHandle;
    viewers.set(handle, viewer);
    await viewer.open(options);
    const answerMs = viewer.answeredMs - viewer.postedMs;
    const result = { handle, sessionId: viewer.sessionId, answerMs };
    if (!options.awaitFrame) return result;
    const first = viewer.pictures?.frames[0] ?? (await viewer.nextFrame(() => true, options.timeoutMs));
    return { ...result, firstFrameMs: first.arrivalMs - viewer.postedMs };
  },

  /** Everything recorded since the last `clear`. */
  async recording(handle: number): Promise<Recording> {
    const viewer = find(handle);
    const report = await viewer.stats();
    return {
      frames: viewer.pictures?.frames ?? [],
      blocks: viewer.sound?.blocks ?? [],
      onsetsMs: viewer.sound?.onsetsMs ?? [],
      messages: viewer.messages,
      states: viewer.states,
      events: viewer.events,
      connectionState: viewer.connectionState,
      nowMs: performance.now(),
      timeOriginMs: performance.timeOrigin,
      samples: viewer.sampler?.samples ?? [],
      stats: [...(report as unknown as Map<string, Record<string, unknown>>).values()],
    };
  },

  /** The page's clock, milliseconds since 1970. */
  unixMs(): number {
    return performance.timeOrigin + performance.now();
  },

  clear(handles: readonly number[]): void {
    for (const handle of handles) find(handle).clear();
  },

  send(handle: number, message: unknown): void {
    find(handle).channel?.send(JSON.stringify(message));
  },

  /** Sends a message and gives the milliseconds until the first decoded frame that meets the condition. */
  async sendAndWait(handle: number, message: unknown, condition: LumaCondition, timeoutMs: number): Promise<number> {
    const viewer = find(handle);
    const shown = viewer.nextFrame((frame) => meets(condition, frame), timeoutMs);
    const sentMs = performance.now();
    viewer.channel?.send(JSON.stringify(message));
    return (await shown).arrivalMs - sentMs;
  },

  /** Mean colours, as a canvas shows them, of squares around points of the received picture as it is now. */
  colours(handle: number, points: readonly Point[], radius: number): number[][] {
    return coloursOf(find(handle).element, points, radius);
  },

  /** The same of the camera that is sent. */
  async ownColours(handle: number, points: readonly Point[], radius: number): Promise<number[][]> {
    const element = document.createElement('video');
    element.srcObject = find(handle).ownMedia ?? null;
    element.muted = true;
    await element.play();
    const colours = coloursOf(element, points, radius);
    element.srcObject = null;
    return colours;
  },

  /** What WebAudio hears within `durationMs`: the level of the loudest spectrum and its strongest frequency. */
  async listen(handle: number, durationMs: number): Promise<{ peakDecibels: number; peakHertz: number }> {
    const { element } = find(handle);
    const context = new AudioContext();
    try {
      const analyser = new AnalyserNode(context, { fftSize: 4096, smoothingTimeConstant: 0 });
      context.createMediaStreamSource(element.srcObject as MediaStream).connect(analyser);
      const spectrum = new Float32Array(analyser.frequencyBinCount);
      let loudest = { peakDecibels: -Infinity, peakHertz: 0 };
      const until = performance.now() + durationMs;
      while (performance.now() < until) {
        await new Promise((resolve) => setTimeout(resolve, 10));
        analyser.getFloatFrequencyData(spectrum);
        const peakDecibels = spectrum.reduce((peak, value) => Math.max(peak, value), -Infinity);
        if (peakDecibels <= loudest.peakDecibels) continue;
        loudest = { peakDecibels, peakHertz: (spectrum.indexOf(peakDecibels) * context.sampleRate) / analyser.fftSize };
      }
      return loudest;
    } finally {
      await context.close();
    }
  },

  /** What WebAudio hears at these frequencies, in dB, left and right: the median of what it finds within `durationMs`. */
  async listenStereo(handle: number, frequencies: readonly number[], durationMs: number): Promise<number[][]> {
    const context = new AudioContext();
    try {
      const splitter = new ChannelSplitterNode(context, { numberOfOutputs: 2 });
      context.createMediaStreamSource(find(handle).element.srcObject as MediaStream).connect(splitter);
      const ears = [0, 1].map((channel) => {
        const analyser = new AnalyserNode(context, { fftSize: 8192, smoothingTimeConstant: 0 });
        splitter.connect(analyser, channel);
        return { analyser, heard: frequencies.map((): number[] => []) };
      });
      const spectrum = new Float32Array(4096);
      const until = performance.now() + durationMs;
      while (performance.now() < until) {
        await new Promise((resolve) => setTimeout(resolve, 50));
        for (const { analyser, heard } of ears) {
          analyser.getFloatFrequencyData(spectrum);
          frequencies.forEach((hertz, index) => {
            const bin = Math.round((hertz * analyser.fftSize) / context.sampleRate);
            heard[index]?.push(spectrum[bin] ?? -Infinity);
          });
        }
      }
      return ears.map(({ heard }) =>
        heard.map((levels) => levels.toSorted((a, b) => a - b)[Math.floor(levels.length / 2)] ?? -Infinity),
      );
    } finally {
      await context.close();
    }
  },

  async close(handle: number, tellServer: boolean): Promise<void> {
    const viewer = find(handle);
    viewers.delete(handle);
    await viewer.close(tellServer);
  },
};

export type Probe = typeof probe;

declare global {
  var telefuserProbe: Probe;
}
globalThis.telefuserProbe = probe;
