/** Sessions of the replayed clip side by side: how soon they open, what they show, what they cost. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { ProbePage } from '../support/probe-page.ts';
import { CLIP, FLASH } from './clip.ts';
import { measureLoad, type ProcessLoad } from './process-load.ts';
import { FLASH_LUMA_AREA, streamQuality, type StreamQuality } from './stream-quality.ts';
import type { StreamServer } from './stream-server.ts';

/** Between the opening of a session and the measuring: the rate control has found its level. */
export const SETTLE_MS = 3000;

export interface OpeningTimes {
  readonly answerMs: readonly number[];
  readonly firstFrameMs: readonly number[];
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
  server: StreamServer,
  handles: readonly number[],
  seconds: number,
): Promise<StreamLoad> {
  await sleep(SETTLE_MS);
  await probe.clear(...handles);
  const load = await measureLoad(server, seconds);
  const streams: StreamQuality[] = [];
  for (const handle of handles) streams.push(streamQuality(await probe.recording(handle), CLIP.frames, FLASH_LUMA_AREA));
  return { streams, load };
}
