import { AV_SAMPLE_FMT_S16 } from 'node-av/constants';
import { SoftwareResampleContext } from 'node-av/lib';

import type { PcmAudio } from '../../common/index.js';
import { CodecClosedError, CodecError } from './codec.error.js';
import { asBuffer, check, layoutOf } from './ffmpeg.js';

const OUTPUT_RATE = 48_000;
const MIN_RATE = 8_000;
const MAX_RATE = 96_000;

interface Resampler {
  readonly sampleRate: number;
  readonly channels: 1 | 2;
  readonly context: SoftwareResampleContext;
}

/**
 * A stream of PCM, 8–96 kHz, mono or stereo → 48 kHz interleaved with a fixed number of channels. The filter's state is kept between
 * calls, so slices join without a click. The filter is symmetric: it shifts nothing in time, but keeps about 16 input samples (2 ms at 8 kHz)
 * back until the next call, or `flush()`. When the input's rate or channels change, what was kept back comes first.
 *
 * Mono becomes stereo at full level on both sides; stereo becomes mono as the mean.
 */
export class AudioResampler {
  readonly #channels: 1 | 2;
  #resampler: Resampler | undefined;
  #closed = false;

  constructor({ channels }: { readonly channels: 1 | 2 }) {
    this.#channels = channels;
  }

  /** The result may be a view of `pcm.data` (48 kHz, same channels). Throws CodecError (a rate out of bounds, a torn sample, closed). */
  convert(pcm: PcmAudio): Int16Array {
    if (this.#closed) throw new CodecClosedError();
    if (!Number.isInteger(pcm.sampleRate) || pcm.sampleRate < MIN_RATE || pcm.sampleRate > MAX_RATE) {
      throw new CodecError(`Audio of ${pcm.sampleRate} Hz; it may be ${MIN_RATE} to ${MAX_RATE}.`);
    }
    const samples = asSamples(pcm);
    const current = this.#resampler;
    if (current?.sampleRate === pcm.sampleRate && current.channels === pcm.channels) {
      return mapChannels(resample(current, samples), pcm.channels, this.#channels);
    }
    const kept = this.flush();
    let next = samples;
    if (pcm.sampleRate !== OUTPUT_RATE) {
      this.#resampler = createResampler(pcm.sampleRate, pcm.channels);
      next = resample(this.#resampler, samples);
    }
    return join(kept, mapChannels(next, pcm.channels, this.#channels));
  }

  /** What the filter still keeps back, at the end of a stream (nothing of a stream shorter than the filter, a few ms). The next `convert()` starts afresh. */
  flush(): Int16Array {
    const current = this.#resampler;
    this.#resampler = undefined;
    if (!current) return new Int16Array();
    try {
      return mapChannels(resample(current, undefined), current.channels, this.#channels);
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
  check(
    context.allocSetOpts2(layout, AV_SAMPLE_FMT_S16, OUTPUT_RATE, layout, AV_SAMPLE_FMT_S16, sampleRate),
    'Setting up the resampler',
  );
  check(context.init(), 'Setting up the resampler');
  return { sampleRate, channels, context };
}

/** @param input undefined drains the filter */
function resample({ context, channels }: Resampler, input: Int16Array | undefined): Int16Array {
  const frames = (input?.length ?? 0) / channels;
  const capacity = context.getOutSamples(frames);
  if (capacity <= 0) return new Int16Array();
  const output = new Int16Array(capacity * channels);
  const source = input ? [asBuffer(input)] : null;
  const written = check(context.convertSync([asBuffer(output)], capacity, source, frames), 'Resampling');
  return output.subarray(0, written * channels);
}

function asSamples({ data, channels }: PcmAudio): Int16Array {
  if (data.byteLength % (2 * channels) !== 0)
    throw new CodecError(`${data.byteLength} bytes are not whole samples of ${channels} channels.`);
  // A view needs an even address; a slice of a message may lie at an odd one.
  const aligned = data.byteOffset % 2 === 0 ? data : Uint8Array.from(data);
  return new Int16Array(aligned.buffer as ArrayBuffer, aligned.byteOffset, aligned.byteLength / 2);
}

function mapChannels(samples: Int16Array, from: 1 | 2, to: 1 | 2): Int16Array {
  if (from === to) return samples;
  if (from === 1) {
    const stereo = new Int16Array(samples.length * 2);
    for (let index = 0; index < samples.length; index += 1) stereo[2 * index] = stereo[2 * index + 1] = samples[index] ?? 0;
    return stereo;
  }
  const mono = new Int16Array(samples.length / 2);
  for (let index = 0; index < mono.length; index += 1)
    mono[index] = ((samples[2 * index] ?? 0) + (samples[2 * index + 1] ?? 0)) >> 1;
  return mono;
}

function join(first: Int16Array, second: Int16Array): Int16Array {
  if (first.length === 0) return second;
  const joined = new Int16Array(first.length + second.length);
  joined.set(first);
  joined.set(second, first.length);
  return joined;
}
