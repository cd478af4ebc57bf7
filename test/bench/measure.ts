/** The measurements, one function each. What they open they close. */
import { execFile } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { ProbePage } from '../support/probe-page.ts';
import type { ServerProcess } from '../support/server-process.ts';
import type { CodecReference } from './codec-reference.ts';
import { foreignPercent, machineUsage } from './machine-load.ts';
import { streamQuality, type StreamQuality } from './stream-quality.ts';

/** Frames of the test clip. */
const CLIP_FRAMES = 240;
/** The middle of the clip's flash (scripts/make-clip.mjs). */
const FLASH = { x: 752, y: 32, width: 48, height: 48 };
/** Where each button of the pad shows its colour (pipelines/arrow-overlay/README.md). */
const BUTTONS = [
  { key: 'ArrowUp', area: { x: 744, y: 342, width: 6, height: 6 } },
  { key: 'ArrowDown', area: { x: 744, y: 442, width: 6, height: 6 } },
  { key: 'ArrowLeft', area: { x: 694, y: 392, width: 6, height: 6 } },
  { key: 'ArrowRight', area: { x: 794, y: 392, width: 6, height: 6 } },
] as const;
/** Between the luma of a button at rest (about 80) and of a lit one (about 145). */
const LIT_LUMA = 112;
/** Between the opening of a session and the measuring: the rate control has found its level. */
const SETTLE_MS = 3000;
const REFERENCE_SECONDS = 8;

export interface OpeningTimes {
  readonly answerMs: readonly number[];
  readonly firstFrameMs: readonly number[];
}

export interface ProcessLoad {
  /** Of one core. */
  readonly serverCpuPercent: number;
  readonly hostCpuPercent: number;
  readonly serverBytes: number;
  readonly hostBytes: number;
  /** What processes that are none of the benchmark's used meanwhile. */
  readonly foreignCpuPercent: number;
}

export interface StreamLoad {
  readonly streams: readonly StreamQuality[];
  readonly load: ProcessLoad;
}

/** Opens a session `times` times, one after the other, and closes it at its first frame. */
export async function measureOpening(probe: ProbePage, times: number): Promise<OpeningTimes> {
  const answerMs: number[] = [];
  const firstFrameMs: number[] = [];
  for (let index = 0; index < times; index += 1) {
    const session = await probe.openSession({ request: { loop: true } });
    answerMs.push(session.answerMs);
    firstFrameMs.push(session.firstFrameMs ?? Number.NaN);
    await probe.closeSession(session.handle);
  }
  return { answerMs, firstFrameMs };
}

/** Opens sessions of the replayed clip that last until they are closed. */
export async function openReplays(probe: ProbePage, count: number): Promise<number[]> {
  const handles: number[] = [];
  while (handles.length < count) {
    const { handle } = await probe.openSession({ request: { loop: true }, pictures: { counter: true, areas: [FLASH] } });
    handles.push(handle);
  }
  return handles;
}

export async function closeAll(probe: ProbePage, handles: readonly number[]): Promise<void> {
  for (const handle of handles) await probe.closeSession(handle);
}

/** What open sessions show in `seconds`, and what that costs the server. */
export async function measureStreams(
  probe: ProbePage,
  server: ServerProcess,
  handles: readonly number[],
  seconds: number,
): Promise<StreamLoad> {
  await sleep(SETTLE_MS);
  await probe.clear(...handles);
  const load = await measureLoad(server, seconds);
  const streams: StreamQuality[] = [];
  for (const handle of handles) streams.push(streamQuality(await probe.recording(handle), CLIP_FRAMES, 0));
  return { streams, load };
}

async function measureLoad(server: ServerProcess, seconds: number): Promise<ProcessLoad> {
  const machineBefore = await machineUsage();
  const before = await server.usage();
  const startMs = performance.now();
  await sleep(seconds * 1000);
  const after = await server.usage();
  const elapsedSeconds = (performance.now() - startMs) / 1000;
  const machineAfter = await machineUsage();
  const percent = (cpuSeconds: number): number => (cpuSeconds * 100) / elapsedSeconds;
  return {
    serverCpuPercent: percent(after.serverCpuSeconds - before.serverCpuSeconds),
    hostCpuPercent: percent(after.hostCpuSeconds - before.hostCpuSeconds),
    serverBytes: after.serverBytes,
    hostBytes: after.hostBytes,
    foreignCpuPercent: foreignPercent(machineBefore, machineAfter, elapsedSeconds),
  };
}

export interface ControlTimes {
  /** From `channel.send` to the arrival of the first decoded frame with the button lit. */
  readonly pressMs: readonly number[];
  readonly load: ProcessLoad;
}

/** Presses arrow keys, `presses` in all, spread over `count` sessions that play at the same time. */
export async function measureControls(
  probe: ProbePage,
  server: ServerProcess,
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

/** Runs the codec reference in a process of its own. */
export async function measureReference(): Promise<CodecReference> {
  const script = fileURLToPath(new URL('codec-reference.ts', import.meta.url));
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ['--disable-warning=ExperimentalWarning', script, String(REFERENCE_SECONDS)],
    {
      timeout: (REFERENCE_SECONDS * 3 + 30) * 1000,
    },
  );
  return JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as CodecReference;
}
