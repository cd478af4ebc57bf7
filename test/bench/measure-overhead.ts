/** Transport overhead: from the yield in the pipeline to the picture in the browser, on one machine. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { ProbePage, Recording } from '../support/probe-page.ts';
import { collect, type FigureKind, type Measurement } from './figures.ts';
import { frameDelays, type Stamp } from './frame-delays.ts';
import { SETTLE_MS } from './measure-streams.ts';
import { percentile } from './statistics.ts';

export const STAMPED = 'test/bench/pipelines/stamped-frames.ts';
export type OverheadMode = 'interactive' | 'lossless';
/** The last frames' stamps may come after them. */
const TAIL_MS = 300;

const FIGURES = {
  presentedP50: { name: 'yield to shown on the screen, p50', unit: 'ms', digits: 1 },
  presentedP95: { name: 'yield to shown on the screen, p95', unit: 'ms', digits: 1 },
  decodedP50: { name: '  … to the decoded frame, p50', unit: 'ms', digits: 1 },
  decodedP95: { name: '  … to the decoded frame, p95', unit: 'ms', digits: 1 },
  frames: { name: 'frames paired with their yield', unit: '' },
  clockMs: { name: 'page’s clock ahead of the server’s (corrected)', unit: 'ms', digits: 2 },
  clockUncertaintyMs: { name: '  … uncertain by', unit: 'ms', digits: 2 },
} as const satisfies Record<string, FigureKind>;
/** A lossless pipeline that paces itself keeps the head start that it had while the client connected: its queue is a buffer, and meant to be. */
const INTERACTIVE_FIGURES = {
  ...FIGURES,
  presentedP50: { ...FIGURES.presentedP50, bound: { most: 40 } },
  presentedP95: { ...FIGURES.presentedP95, bound: { most: 70 } },
};

type Values = Record<keyof typeof FIGURES, number>;

export async function measureOverhead(probe: ProbePage, mode: OverheadMode, runs: number, seconds: number): Promise<Measurement> {
  const found: Values[] = [];
  for (let run = 0; run < runs; run += 1) found.push(await measureOnce(probe, seconds));
  const title = `Transport overhead, loopback, ${mode === 'interactive' ? 'interactive (latest)' : 'server push (lossless)'}, a frame a chunk`;
  return {
    id: `overhead-${mode}`,
    title,
    figures: collect(mode === 'interactive' ? INTERACTIVE_FIGURES : FIGURES, found),
  };
}

async function measureOnce(probe: ProbePage, seconds: number): Promise<Values> {
  const { handle } = await probe.openSession();
  try {
    await sleep(SETTLE_MS);
    // The pipeline's clock and this process's are one: both count from the system's clock with the same monotonic one.
    const { offsetMs, uncertaintyMs } = await probe.clockOffset();
    await probe.clear(handle);
    await sleep(seconds * 1000 + TAIL_MS);
    const recording = await probe.recording(handle);
    const delays = frameDelays(recording.frames, stampsOf(recording, offsetMs), recording.timeOriginMs);
    return {
      presentedP50: percentile(delays.presentedMs, 0.5),
      presentedP95: percentile(delays.presentedMs, 0.95),
      decodedP50: percentile(delays.decodedMs, 0.5),
      decodedP95: percentile(delays.decodedMs, 0.95),
      frames: delays.decodedMs.length,
      clockMs: offsetMs,
      clockUncertaintyMs: uncertaintyMs,
    };
  } finally {
    await probe.closeSession(handle);
  }
}

function stampsOf({ messages }: Recording, offsetMs: number): Stamp[] {
  return (messages as { readonly data?: { readonly counter?: number; readonly yielded_ms?: number } }[]).flatMap(({ data }) =>
    data?.counter === undefined || data.yielded_ms === undefined
      ? []
      : [{ counter: data.counter, yieldedMs: data.yielded_ms + offsetMs }],
  );
}
