/** What a page received of a session. Pure but for the reading. */
import type { ProbePage } from '../support/probe-page.ts';

/** Bytes of video payload and headers that a session has received so far (`bytesReceived` and `headerBytesReceived`). */
export async function videoBytes(probe: ProbePage, handle: number): Promise<number> {
  const { stats } = await probe.recording(handle);
  const video = stats.find(({ type, kind }) => type === 'inbound-rtp' && kind === 'video');
  return Number(video?.['bytesReceived'] ?? 0) + Number(video?.['headerBytesReceived'] ?? 0);
}
