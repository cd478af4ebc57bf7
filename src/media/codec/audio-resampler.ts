import { AV_SAMPLE_FMT_S16 } from 'node-av/constants';
import { SoftwareResampleContext } from 'node-av/lib';

import type { PcmAudio } from '../../common/index.js';
import { CodecClosedError, CodecError } from './codec.error.js';
import { asBuffer, check, layoutOf } from './ffmpeg.js';

const OUTPUT_RATE = 48_000;
const MIN_RATE = 8_000;
const MAX_RATE = 96_000;

/** A piece of sound at 48 kHz. */
export interface ResampledAudio {
  /** Interleaved; may be a view of what was given. */
  readonly samples: Int16Array;
  readonly channels: 1 | 2;
  /** Whether the rate or the channels changed before it: it does not continue what was before it to the last bit. */
  readonly seam: boolean;
}

interface Resampler {
  readonly sampleRate: number;
  readonly channels: 1 | 2;
  readonly context: SoftwareResampleContext;
  /** Samples (per channel) that went in and came out. */
  given: number;
  taken: number;
}

/**
 * A stream of PCM, 8–96 kHz, mono or stereo → 48 kHz with the channels it came with. The filter's state is kept between calls, so slices join
 * without a click. The filter is symmetric: it shifts nothing in time, but keeps about 16 input samples (2 ms at 8 kHz) back until the next
 * call, or `flush()`.
 */
export class AudioResampler {
  #resampler: Resampler | undefined;
  /** What came last, resampled or not. */
  #input: Pick<PcmAudio, 'sampleRate' | 'channels'> | undefined;
  #closed = false;

  /** Samples (per channel, at 48 kHz) of what was given that are kept back. */
  get heldSamples(): number {
    const current = this.#resampler;
    return current === undefined ? 0 : Math.round((current.given * OUTPUT_RATE) / current.sampleRate) - current.taken;
  }

  /**
   * @returns what there is now, in order. When the rate or the channels change, what was kept back comes first, in a piece of its own.
   *   Throws CodecError (a rate out of bounds, a torn sample, closed).
   */
  convert(pcm: PcmAudio): ResampledAudio[] {
    if (this.#closed) throw new CodecClosedError();
    const { sampleRate, channels } = pcm;
    if (!Number.isInteger(sampleRate) || sampleRate < MIN_RATE || sampleRate > MAX_RATE) {
      throw new CodecError(`Audio of ${sampleRate} Hz; it may be ${MIN_RATE} to ${MAX_RATE}.`);
    }
    const samples = asSamples(pcm);
    const seam = this.#input?.sampleRate !== sampleRate || this.#input.channels !== channels;
    const kept = seam ? this.flush() : [];
    this.#input = { sampleRate, channels };
    if (sampleRate === OUTPUT_RATE) return [...kept, { samples, channels, seam }];
    this.#resampler ??= createResampler(sampleRate, channels);
    return [...kept, { samples: resample(this.#resampler, samples), channels, seam }];
  }

  /**
   * What the filter still keeps back, at the end of a stream or before a gap; nothing of a stream shorter than the filter, a few ms. The next
   * `convert()` starts afresh.
   */
  flush(): ResampledAudio[] {
    const current = this.#resampler;
    this.#resampler = undefined;
    this.#input = undefined;
    if (current === undefined) return [];
    try {
      return [{ samples: resample(current, undefined), channels: current.channels, seam: false }];
    } finally {
      current.context.free();
    }
  }

  /** Idempotent. */
  close(): void {
    this.#closed = true;
    this.#resampler?.context.free();
    this.#resampler = undefined;
  }
}

function createResampler(sampleRate: number, channels: 1 | 2): Resampler {
  const context = new SoftwareResampleContext();
  const layout = layoutOf(channels);
  try {
    check(
      context.allocSetOpts2(layout, AV_SAMPLE_FMT_S16, OUTPUT_RATE, layout, AV_SAMPLE_FMT_S16, sampleRate),
      'Setting up the resampler',
    );
    check(context.init(), 'Setting up the resampler');
  } catch (error) {
    context.free();
    throw error;
  }
  return { sampleRate, channels, context, given: 0, taken: 0 };
}

/** @param input undefined drains the filter */
function resample(resampler: Resampler, input: Int16Array | undefined): Int16Array {
  const { context, channels } = resampler;
  const frames = (input?.length ?? 0) / channels;
  const capacity = context.getOutSamples(frames);
  if (capacity <= 0) return new Int16Array();
  const output = new Int16Array(capacity * channels);
  const source = input ? [asBuffer(input)] : null;
  const written = check(context.convertSync([asBuffer(output)], capacity, source, frames), 'Resampling');
  resampler.given += frames;
  resampler.taken += written;
  return output.subarray(0, written * channels);
}

function asSamples({ data, channels }: PcmAudio): Int16Array {
  if (data.byteLength % (2 * channels) !== 0)
    throw new CodecError(`${data.byteLength} bytes are not whole samples of ${channels} channels.`);
  // A view needs an even address; a slice of a message may lie at an odd one.
  const aligned = data.byteOffset % 2 === 0 ? data : Uint8Array.from(data);
  return new Int16Array(aligned.buffer as ArrayBuffer, aligned.byteOffset, aligned.byteLength / 2);
}
