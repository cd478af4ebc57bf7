/** What a recording says about a stream. Pure. */
import type { FrameRecord, Recording } from '../support/probe-page.ts';

export interface StreamQuality {
  /** Decoded frames a second. */
  readonly framesPerSecond: number;
  /** Frames a second whose counter differs from the one before. */
  readonly distinctFramesPerSecond: number;
  /** Longest time between the arrivals of two different pictures. */
  readonly longestHoldMs: number;
  /** The same between the instants at which the compositor showed them. */
  readonly longestPresentedHoldMs: number;
  /** Pictures of the source that never came. */
  readonly skippedFrames: number;
  /** Frames whose counter could not be read. */
  readonly unreadableFrames: number;
  /** Sound minus picture for each flash, as presented: positive is sound late. */
  readonly audioVideoOffsetsMs: readonly number[];
  /** The same by Chromium's own account: from `estimatedPlayoutTimestamp` of both streams. */
  readonly statsOffsetMs: number | undefined;
  readonly videoJitterBufferMs: number | undefined;
  readonly audioJitterBufferMs: number | undefined;
  /** What Chromium says its audio device adds after a sample was asked for. */
  readonly audioOutputLatencyMs: number;
  readonly framesDropped: number;
}

/** Index of the watched area of the flash, where the recording watches that alone. */
export const FLASH_LUMA_AREA = 0;
/** A flash is an area brighter than this (white 235, dark 30 or so). */
const FLASH_LUMA = 128;
/** A flash belongs to the beep that is nearest, if nearer than this: they come once a second. */
const MAX_PAIR_DISTANCE_MS = 450;

/**
 * @param recording of at least a second, with the clip's counter
 * @param source frames in the clip
 * @param flashArea index of the watched area of the flash
 */
export function streamQuality(recording: Recording, source: number, flashArea: number): StreamQuality {
  const { frames } = recording;
  const readable = frames.filter(({ counter }) => counter !== null);
  const changes = pictureChanges(readable);
  const [first, last] = [frames[0], frames.at(-1)];
  const seconds = first === undefined || last === undefined ? 0 : (last.arrivalMs - first.arrivalMs) / 1000;
  const video = inbound(recording, 'video');
  const audio = inbound(recording, 'audio');
  const outputLatencyMs = audioOutputLatencyMs(recording);
  return {
    framesPerSecond: rate(frames.length, seconds),
    distinctFramesPerSecond: rate(changes.length, seconds),
    longestHoldMs: longest(changes.map(({ arrivalMs }) => arrivalMs)),
    longestPresentedHoldMs: longest(changes.flatMap(({ presentedMs }) => (presentedMs === null ? [] : [presentedMs]))),
    skippedFrames: skipped(changes, source),
    unreadableFrames: frames.length - readable.length,
    audioVideoOffsetsMs: audioVideoOffsets(recording, flashArea, outputLatencyMs),
    statsOffsetMs: statsOffset(video, audio),
    videoJitterBufferMs: perEmitted(video),
    audioJitterBufferMs: perEmitted(audio),
    audioOutputLatencyMs: outputLatencyMs,
    framesDropped: Number(video?.['framesDropped'] ?? 0),
  };
}

/**
 * The frames that showed something else than the one before. A frame whose counter cannot be read (a picture that was made small, or came
 * damaged) counts as one: a sender encodes no picture twice without need.
 */
export function pictureChanges(frames: readonly FrameRecord[]): FrameRecord[] {
  return frames.filter((frame, index) => index === 0 || frame.counter === null || frame.counter !== frames[index - 1]?.counter);
}

/** Intervals between the first and the last frame. */
function rate(count: number, seconds: number): number {
  return seconds === 0 ? 0 : (count - 1) / seconds;
}

function longest(timesMs: readonly number[]): number {
  return timesMs.reduce((hold, time, index) => Math.max(hold, time - (timesMs[index - 1] ?? time)), 0);
}

function skipped(changes: readonly FrameRecord[], source: number): number {
  return changes.slice(1).reduce((sum, { counter }, index) => {
    const previous = changes[index]?.counter ?? 0;
    return sum + (((((counter ?? 0) - previous - 1) % source) + source) % source);
  }, 0);
}

/**
 * A picture is presented when the compositor shows it (`expectedDisplayTime`, the vsync); a sample when the audio device plays it, which is
 * when it was asked for, plus its place in the block, plus the output latency Chromium reports.
 */
function audioVideoOffsets({ frames, onsetsMs }: Recording, area: number, outputLatencyMs: number): number[] {
  const lit = (frame: FrameRecord | undefined): boolean => (frame?.lumas[area] ?? 0) > FLASH_LUMA;
  const flashes = frames.filter((frame, index) => index > 0 && lit(frame) && !lit(frames[index - 1]));
  return flashes.flatMap(({ presentedMs }) => {
    if (presentedMs === null) return [];
    const offsets = onsetsMs.map((onset) => onset + outputLatencyMs - presentedMs);
    const nearest = offsets.reduce((best, offset) => (Math.abs(offset) < Math.abs(best) ? offset : best), Infinity);
    return Math.abs(nearest) < MAX_PAIR_DISTANCE_MS ? [nearest] : [];
  });
}

type Stats = Readonly<Record<string, unknown>>;

function inbound({ stats }: Recording, kind: string): Stats | undefined {
  return stats.find((entry) => entry['type'] === 'inbound-rtp' && entry['kind'] === kind);
}

function statsOffset(video: Stats | undefined, audio: Stats | undefined): number | undefined {
  const [shown, heard] = [video?.['estimatedPlayoutTimestamp'], audio?.['estimatedPlayoutTimestamp']];
  // What is seen was captured later than what is heard: the sound is late by as much.
  return typeof shown === 'number' && typeof heard === 'number' ? shown - heard : undefined;
}

function perEmitted(entry: Stats | undefined): number | undefined {
  const [delay, count] = [Number(entry?.['jitterBufferDelay']), Number(entry?.['jitterBufferEmittedCount'])];
  return count > 0 ? (delay / count) * 1000 : undefined;
}

function audioOutputLatencyMs({ stats }: Recording): number {
  const playout = stats.find((entry) => entry['type'] === 'media-playout');
  const [delay, count] = [Number(playout?.['totalPlayoutDelay']), Number(playout?.['totalSamplesCount'])];
  return count > 0 ? (delay / count) * 1000 : 0;
}
