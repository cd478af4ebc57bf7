import type { StreamCounts } from './stream-counter.js';

export interface StreamSnapshot {
  readonly atMs: number;
  readonly video: StreamCounts;
  readonly audio: StreamCounts;
}

/** What went on between two looks, in one line. Pure. */
export function describeInterval(before: StreamSnapshot, after: StreamSnapshot): string {
  const seconds = (after.atMs - before.atMs) / 1000;
  const kilobits = (counts: (snapshot: StreamSnapshot) => number): number =>
    ((counts(after) - counts(before)) * 8) / 1000 / seconds;
  const lost = lostOf(after) - lostOf(before);
  return [
    `${((after.video.frames - before.video.frames) / seconds).toFixed(1)} fps`,
    `video ${kilobits(({ video }) => video.bytes).toFixed(0)} kbit/s`,
    `audio ${kilobits(({ audio }) => audio.bytes).toFixed(0)} kbit/s`,
    `${lost} lost`,
  ].join(', ');
}

/** The whole session in one line. Pure. */
export function describeSession({ video, audio }: Omit<StreamSnapshot, 'atMs'>): string {
  const { frames, firstFrameAtMs = 0, lastFrameAtMs = 0 } = video;
  const seconds = (lastFrameAtMs - firstFrameAtMs) / 1000;
  const pace = framesPerSecond(video);
  const percent = lossPercent([video, audio]);
  return `${frames} pictures in ${seconds.toFixed(1)} s${pace === undefined ? '' : ` (${pace.toFixed(2)} fps)`}, ${percent.toFixed(2)} % of the packets lost`;
}

/** From the first picture to the last; undefined of fewer than two. Pure. */
export function framesPerSecond({ frames, firstFrameAtMs, lastFrameAtMs }: StreamCounts): number | undefined {
  if (firstFrameAtMs === undefined || lastFrameAtMs === undefined || lastFrameAtMs <= firstFrameAtMs) return undefined;
  return ((frames - 1) * 1000) / (lastFrameAtMs - firstFrameAtMs);
}

/** Of what was sent. Pure. */
export function lossPercent(streams: readonly StreamCounts[]): number {
  const lost = streams.reduce((sum, counts) => sum + counts.lost, 0);
  const sent = streams.reduce((sum, counts) => sum + counts.lost + counts.packets, 0);
  return sent === 0 ? 0 : (lost * 100) / sent;
}

function lostOf({ video, audio }: StreamSnapshot): number {
  return video.lost + audio.lost;
}
