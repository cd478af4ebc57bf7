/** From a key to the changed pixel, with the arrow overlay. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { ProbePage } from '../support/probe-page.ts';
import { collect, type FigureKind, type Measurement } from './figures.ts';
import { closeAll, SETTLE_MS } from './measure-streams.ts';
import { measureLoad, type ProcessLoad } from './process-load.ts';
import { percentile } from './statistics.ts';
import type { StreamServer } from './stream-server.ts';

/** Where each button of the pad shows its colour (pipelines/arrow-overlay/README.md). */
const BUTTONS = [
  { key: 'ArrowUp', area: { x: 744, y: 342, width: 6, height: 6 } },
  { key: 'ArrowDown', area: { x: 744, y: 442, width: 6, height: 6 } },
  { key: 'ArrowLeft', area: { x: 694, y: 392, width: 6, height: 6 } },
  { key: 'ArrowRight', area: { x: 794, y: 392, width: 6, height: 6 } },
] as const;
/** Between the luma of a button at rest (about 80) and of a lit one (about 145). */
const LIT_LUMA = 112;

export const OVERLAY = 'pipelines/arrow-overlay';

const FIGURES = {
  p50: { name: 'key to changed pixel, p50', unit: 'ms', digits: 1, bound: { most: 55 } },
  p95: { name: 'key to changed pixel, p95', unit: 'ms', digits: 1, bound: { most: 90 } },
} as const satisfies Record<string, FigureKind>;

export interface ControlTimes {
  /** From `channel.send` to the arrival of the first decoded frame with the button lit. */
  readonly pressMs: readonly number[];
  readonly load: ProcessLoad;
}

/** Presses arrow keys, `presses` in all, spread over `count` sessions that play at the same time. */
export async function measureControls(
  probe: ProbePage,
  server: StreamServer,
  count: number,
  presses: number,
): Promise<ControlTimes> {
  const handles: number[] = [];
  const areas = BUTTONS.map(({ area }) => area);
  while (handles.length < count) {
    handles.push((await probe.openSession({ pictures: { counter: false, areas } })).handle);
  }
  await sleep(SETTLE_MS);
  const load = await measureLoad(server, SETTLE_MS / 1000);
  const pressMs: number[] = [];
  for (let index = 0; index < presses; index += 1) {
    const handle = handles[index % handles.length] ?? 0;
    const area = index % BUTTONS.length;
    const { key } = BUTTONS[area] ?? BUTTONS[0];
    pressMs.push(await probe.sendAndWait(handle, { type: 'control', key, action: 'press' }, { area, above: LIT_LUMA }));
    await probe.sendAndWait(handle, { type: 'control', key, action: 'release' }, { area, below: LIT_LUMA });
    // A key may come at any moment of a frame's interval.
    await sleep(60 + ((index * 17) % 42));
  }
  await closeAll(probe, handles);
  return { pressMs, load };
}

export async function measureKeys(probe: ProbePage, server: StreamServer, runs: number, presses: number): Promise<Measurement> {
  const found: { p50: number; p95: number }[] = [];
  for (let run = 0; run < runs; run += 1) {
    const { pressMs } = await measureControls(probe, server, 1, presses);
    found.push({ p50: percentile(pressMs, 0.5), p95: percentile(pressMs, 0.95) });
  }
  return { id: 'keys', title: `Key to changed pixel, loopback, ${presses} presses a run`, figures: collect(FIGURES, found) };
}
