import { AudioEdges } from './audio-edges.js';
import { stretched } from './audio-stretch.js';

/** Samples a second on every audio queue: Opus's own clock (RFC 7587 section 4.1). */
export const AUDIO_CLOCK_RATE = 48_000;
/** Samples in one 20 ms Opus frame, per channel. */
export const FRAME_SAMPLES = 960;
/** Share of the slack within which audio is at its place: what rounding, blocks of a resampler and a pipeline's jitter make. */
const ALIGNED_SHARE = 0.3;
/** Share of its length by which audio is stretched towards its place: 3.5 cents, which nobody hears; 10 ms are made good in 5 s. */
const MAX_STRETCH = 0.002;

interface Segment {
  /** Media time of its first sample, in samples. */
  readonly position: number;
  readonly channels: 1 | 2;
  /** Interleaved. */
  readonly samples: Int16Array;
  /** Share of its samples that were put in; the rest was made by stretching. */
  readonly share: number;
  /** Whether its first sample does not continue the last of the segment before. */
  readonly cut: boolean;
}

/** 20 ms or so of what waits. */
export interface AudioFrame {
  /** Interleaved; stereo if any of it is. */
  readonly samples: Int16Array;
  readonly channels: 1 | 2;
  /** Samples (per channel) that were not put in: silence, and what stretching made. */
  readonly silent: number;
  /** Whether nothing of it was put in. */
  readonly empty: boolean;
}

/**
 * Audio of one session on the media clock, in samples: what is put in at a media time comes out at that media time, with silence between.
 * Mono and stereo may follow each other. What belongs together is joined without a cut and drawn to its place by stretching; where there must
 * be a cut, it does not click. Pure. The caller bounds it by pacing its calls.
 */
export class AudioQueue {
  private readonly edges = new AudioEdges();
  private segments: Segment[] = [];
  private lastChannels: 1 | 2 = 1;
  private end: number | undefined;
  /** Media time up to which it was read. */
  private readUntil = -Infinity;
  /** Media time at which the last sound that was read ends. */
  private soundUntil = -Infinity;
  private trimmed = 0;
  private late = 0;

  /** Media time, in samples, after the last sample; undefined before the first. */
  get endPosition(): number | undefined {
    return this.end;
  }

  /** Samples (per channel) thrown away because there was more audio than time for it. */
  get surplusSamples(): number {
    return this.trimmed;
  }

  /** Samples that were put in for a time the reader had passed already. */
  get lateSamples(): number {
    return this.late;
  }

  /** Samples that wait to be read. */
  get queuedSamples(): number {
    return this.segments.reduce((sum, segment) => sum + realSamples(segment), 0);
  }

  /**
   * Adds interleaved 48 kHz audio that should begin at `position` (samples of media time).
   * @param slackSamples how far from there it may begin so as to follow the audio before it without a cut. Beyond that it begins at its place:
   *   behind silence, or instead of what is left of the audio before it, which was more than its time.
   * @param seam whether there may be a step between it and the audio before it.
   */
  push(samples: Int16Array, channels: 1 | 2, position: number, slackSamples: number, seam = false): void {
    const { end, readUntil } = this;
    // Where the reader is past the end, silence followed it already.
    if (end !== undefined && end >= readUntil && Math.abs(position - end) <= slackSamples) {
      const offset = position - end;
      this.append(samples, channels, Math.abs(offset) <= slackSamples * ALIGNED_SHARE ? 0 : offset, seam);
    } else this.begin(samples, channels, position);
  }

  /** Takes out `count` samples of time from `position` on, and moves what is behind them forward. Returns how many samples were there. */
  cut(position: number, count: number): number {
    const before = this.queuedSamples;
    this.segments = this.segments.flatMap((segment) => [
      ...partOf(segment, -Infinity, position),
      ...partOf(segment, position + count, Infinity).map((rest) => ({
        ...rest,
        position: rest.position - count,
        cut: rest.cut || rest.position <= position + count,
      })),
    ]);
    if (this.end !== undefined && this.end > position) this.end = Math.max(position, this.end - count);
    return before - this.queuedSamples;
  }

  /** Takes `count` samples (per channel) from `position` on: silence where there is no audio. Everything before is dropped. */
  read(position: number, count: number): AudioFrame {
    for (const missed of this.take(position)) this.late += realSamples(missed);
    const parts = this.take(position + count);
    if (parts.length > 0) this.lastChannels = parts.some(({ channels }) => channels === 2) ? 2 : 1;
    const channels = this.lastChannels;
    const samples = new Int16Array(count * channels);
    const edges = position === this.readUntil ? [] : [0];
    let { soundUntil } = this;
    for (const part of parts) {
      if (part.position > soundUntil && soundUntil >= position) edges.push(soundUntil - position);
      if (part.position > soundUntil || part.cut) edges.push(part.position - position);
      samples.set(inChannels(part, channels), (part.position - position) * channels);
      soundUntil = endOf(part);
    }
    if (soundUntil >= position && soundUntil < position + count) edges.push(soundUntil - position);
    this.edges.smooth(samples, channels, edges);
    this.soundUntil = soundUntil;
    this.readUntil = position + count;
    const real = parts.reduce((sum, part) => sum + realSamples(part), 0);
    return { samples, channels, silent: count - real, empty: parts.length === 0 };
  }

  /** Removes what lies before a media time. */
  private take(until: number): Segment[] {
    const whole = this.segments.findIndex((segment) => endOf(segment) > until);
    const taken = this.segments.splice(0, whole === -1 ? this.segments.length : whole);
    const [next] = this.segments;
    if (next === undefined || next.position >= until) return taken;
    this.segments.splice(0, 1, ...partOf(next, until, Infinity));
    return [...taken, ...partOf(next, -Infinity, until)];
  }

  /** Joins audio to the last, drawing its end towards its place by at most what nobody hears. */
  private append(samples: Int16Array, channels: 1 | 2, offset: number, seam: boolean): void {
    const count = samples.length / channels;
    const most = Math.floor(count * MAX_STRETCH);
    const change = Math.max(-most, Math.min(most, Math.round(offset)));
    if (change < 0) this.trimmed -= change;
    const joined = change === 0 ? samples : stretched(samples, channels, count + change);
    this.add(joined, channels, this.end ?? 0, change > 0 ? count / (count + change) : 1, seam);
  }

  /** Begins anew at a place; of what waits beyond it there was too much. What was read beyond it cannot be taken back. */
  private begin(samples: Int16Array, channels: 1 | 2, position: number): void {
    const end = this.end ?? position;
    const start = Math.max(position, Math.min(end, this.readUntil));
    if (start < end) {
      const before = this.queuedSamples;
      this.segments = this.segments.flatMap((segment) => partOf(segment, -Infinity, start));
      this.trimmed += before - this.queuedSamples;
    }
    const kept = samples.subarray(Math.min((start - position) * channels, samples.length));
    this.trimmed += (samples.length - kept.length) / channels;
    this.add(kept, channels, start, 1, true);
  }

  private add(samples: Int16Array, channels: 1 | 2, position: number, share: number, cut: boolean): void {
    if (samples.length > 0) this.segments.push({ position, channels, samples, share, cut });
    this.end = position + samples.length / channels;
  }
}

function endOf({ position, samples, channels }: Segment): number {
  return position + samples.length / channels;
}

/** How many of its samples (per channel) were put in. */
function realSamples({ samples, channels, share }: Segment): number {
  return (samples.length / channels) * share;
}

/** What of a segment lies between two media times; nothing, or one segment that shares its samples. */
function partOf(segment: Segment, from: number, to: number): Segment[] {
  const { position, samples, channels } = segment;
  const begin = Math.max(from, position);
  const end = Math.min(to, endOf(segment));
  if (end <= begin) return [];
  const offset = (begin - position) * channels;
  const part = samples.subarray(offset, offset + (end - begin) * channels);
  return [{ ...segment, position: begin, samples: part, cut: segment.cut && begin === position }];
}

function inChannels({ samples, channels }: Segment, wanted: 1 | 2): Int16Array {
  return channels === wanted ? samples : toStereo(samples);
}

/** A frame is stereo as soon as a part of it is, so there is no way to mono. */
function toStereo(mono: Int16Array): Int16Array {
  const stereo = new Int16Array(mono.length * 2);
  for (let index = 0; index < mono.length; index += 1) stereo[2 * index] = stereo[2 * index + 1] = mono[index] ?? 0;
  return stereo;
}
