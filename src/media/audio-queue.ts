/** Samples a second on every audio queue: Opus's own clock (RFC 7587 section 4.1). */
export const AUDIO_CLOCK_RATE = 48_000;
/** Samples in one 20 ms Opus frame, per channel. */
export const FRAME_SAMPLES = 960;
/** Difference between where audio should begin and where the last ended that is taken for rounding, and closed without a cut. */
const CONTIGUOUS_SAMPLES = (AUDIO_CLOCK_RATE * 30) / 1000;

interface Segment {
  /** Media time of its first sample, in samples. */
  position: number;
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

  /** Moves everything forward by `count` samples; what falls before the reader's position will not be read. */
  skip(count: number): void {
    for (const segment of this.segments) segment.position -= count;
    if (this.end !== undefined) this.end -= count;
  }

  /** Takes `count` samples (per channel) from `position` on: silence where there is no audio. Everything before is dropped. */
  read(position: number, count: number): { samples: Int16Array; silent: number } {
    const { channelCount: channels } = this;
    const out = new Int16Array(count * channels);
    let filled = 0;
    for (const segment of this.segments) {
      const length = segment.samples.length / channels;
      const from = Math.max(position, segment.position);
      const to = Math.min(position + count, segment.position + length);
      if (to <= from) continue;
      out.set(
        segment.samples.subarray((from - segment.position) * channels, (to - segment.position) * channels),
        (from - position) * channels,
      );
      filled += to - from;
    }
    this.segments = this.segments.filter(({ position: start, samples }) => start + samples.length / channels > position + count);
    return { samples: out, silent: count - filled };
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
