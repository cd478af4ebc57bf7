/** Samples a second on every audio queue: Opus's own clock (RFC 7587 section 4.1). */
export const AUDIO_CLOCK_RATE = 48_000;
/** Samples in one 20 ms Opus frame, per channel. */
export const FRAME_SAMPLES = 960;
/** Difference between where audio should begin and where the last ended that is taken for rounding, and closed without a cut. */
const CONTIGUOUS_SAMPLES = (AUDIO_CLOCK_RATE * 30) / 1000;

interface Segment {
  /** Media time of its first sample, in samples. */
  readonly position: number;
  /** Interleaved. */
  samples: Int16Array;
}

/**
 * Audio of one session on the media clock, in samples: what is put in at a media time comes out at that media time, with silence between.
 * Pure. The caller bounds it by pacing its calls.
 */
export class AudioQueue {
  private segments: Segment[] = [];
  private channelCount: 1 | 2 = 1;
  private end: number | undefined;
  private trimmed = 0;
  private late = 0;

  get channels(): 1 | 2 {
    return this.channelCount;
  }

  /** Media time, in samples, after the last sample; undefined before the first. */
  get endPosition(): number | undefined {
    return this.end;
  }

  /** Samples (per channel) thrown away because audio for their time was already there. */
  get surplusSamples(): number {
    return this.trimmed;
  }

  /** Samples that were put in for a time the reader had passed already. */
  get lateSamples(): number {
    return this.late;
  }

  /** Samples that wait to be read. */
  get queuedSamples(): number {
    return this.segments.reduce((sum, { samples }) => sum + samples.length, 0) / this.channelCount;
  }

  /** Adds interleaved 48 kHz audio that should begin at `position` (samples of media time). */
  push(samples: Int16Array, channels: 1 | 2, position: number): void {
    if (channels !== this.channelCount) this.convert(channels);
    const end = this.end ?? position;
    const gap = position - end;
    let start = Math.max(position, end);
    let kept = samples;
    if (Math.abs(gap) <= CONTIGUOUS_SAMPLES) {
      start = end;
    } else if (gap < 0) {
      kept = samples.subarray(Math.min(-gap * channels, samples.length));
      this.trimmed += (samples.length - kept.length) / channels;
      start = end;
    }
    if (kept.length > 0) this.segments.push({ position: start, samples: kept });
    this.end = start + kept.length / channels;
  }

  /** Takes out `count` samples of time from `position` on, and moves what is behind them forward. Returns how many samples were there. */
  cut(position: number, count: number): number {
    const before = this.queuedSamples;
    this.segments = this.segments.flatMap((segment) => [
      ...this.partOf(segment, -Infinity, position),
      ...this.partOf(segment, position + count, Infinity).map((rest) => ({ ...rest, position: rest.position - count })),
    ]);
    if (this.end !== undefined && this.end > position) this.end = Math.max(position, this.end - count);
    return before - this.queuedSamples;
  }

  /** Takes `count` samples (per channel) from `position` on: silence where there is no audio. Everything before is dropped. */
  read(position: number, count: number): { samples: Int16Array; silent: number } {
    const { channelCount: channels } = this;
    const out = new Int16Array(count * channels);
    let filled = 0;
    for (const segment of this.segments) {
      for (const { position: from, samples } of this.partOf(segment, position, position + count)) {
        out.set(samples, (from - position) * channels);
        filled += samples.length / channels;
      }
      for (const { samples } of this.partOf(segment, -Infinity, position)) this.late += samples.length / channels;
    }
    this.segments = this.segments.flatMap((segment) => this.partOf(segment, position + count, Infinity));
    return { samples: out, silent: count - filled };
  }

  /** What of a segment lies between two media times; nothing, or one segment that shares its samples. */
  private partOf({ position, samples }: Segment, from: number, to: number): Segment[] {
    const begin = Math.max(from, position);
    const end = Math.min(to, position + samples.length / this.channelCount);
    if (end <= begin) return [];
    const offset = (begin - position) * this.channelCount;
    return [{ position: begin, samples: samples.subarray(offset, offset + (end - begin) * this.channelCount) }];
  }

  private convert(channels: 1 | 2): void {
    for (const segment of this.segments) segment.samples = channels === 2 ? toStereo(segment.samples) : toMono(segment.samples);
    this.channelCount = channels;
  }
}

function toStereo(mono: Int16Array): Int16Array {
  const stereo = new Int16Array(mono.length * 2);
  mono.forEach((sample, index) => stereo.fill(sample, index * 2, index * 2 + 2));
  return stereo;
}

function toMono(stereo: Int16Array): Int16Array {
  return Int16Array.from(
    { length: stereo.length / 2 },
    (_, index) => ((stereo[index * 2] ?? 0) + (stereo[index * 2 + 1] ?? 0)) >> 1,
  );
}
