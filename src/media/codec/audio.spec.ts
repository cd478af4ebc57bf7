import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import type { PcmAudio } from '../../common/index.js';
import {
  AudioResampler,
  CodecClosedError,
  CodecError,
  mediaCapabilities,
  OPUS_FRAME_SAMPLES,
  OpusDecoder,
  OpusEncoder,
  OpusStream,
  type OpusEncoderOptions,
  type ResampledAudio,
} from './index.js';

function tone(hz: number, sampleRate: number, samples: number, channels: 1 | 2, from = 0): PcmAudio {
  const pcm = new Int16Array(samples * channels);
  for (let index = 0; index < pcm.length; index += 1) {
    pcm[index] = Math.round(12_000 * Math.sin((2 * Math.PI * hz * (from + Math.floor(index / channels))) / sampleRate));
  }
  return { data: new Uint8Array(pcm.buffer), sampleRate, channels };
}

function concat(parts: readonly Int16Array[]): Int16Array {
  const all = new Int16Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

function joined(pieces: readonly ResampledAudio[]): Int16Array {
  return concat(pieces.map(({ samples }) => samples));
}

/** The largest second difference: a click stands out of a smooth tone by far. */
function roughness(pcm: Int16Array): number {
  let worst = 0;
  for (let index = 2; index < pcm.length; index += 1) {
    worst = Math.max(worst, Math.abs((pcm[index] ?? 0) - 2 * (pcm[index - 1] ?? 0) + (pcm[index - 2] ?? 0)));
  }
  return worst;
}

describe('AudioResampler', () => {
  it.each([8_000, 16_000, 22_050, 44_100, 96_000])(
    'turns uneven slices of a %i Hz tone into one smooth tone of the same length',
    (sampleRate) => {
      const resampler = new AudioResampler();
      const parts: ResampledAudio[] = [];
      let from = 0;
      for (let slice = 0; from < sampleRate; slice += 1) {
        const samples = Math.min(137 + 59 * (slice % 7), sampleRate - from);
        parts.push(...resampler.convert(tone(300, sampleRate, samples, 1, from)));
        from += samples;
        // What is not there yet is kept back.
        const given = Math.round((from * 48_000) / sampleRate);
        expect(joined(parts).length + resampler.heldSamples).toBe(given);
        expect(resampler.heldSamples).toBeLessThanOrEqual(Math.max(20, (20 * 48_000) / sampleRate));
      }
      parts.push(...resampler.flush());
      const out = joined(parts);
      resampler.close();
      expect(Math.abs(out.length - 48_000)).toBeLessThanOrEqual(1);
      // Of a 300 Hz tone of this level at 48 kHz it is 19 plus rounding; a lost or doubled sample gives hundreds.
      expect(roughness(out.subarray(200, -200))).toBeLessThan(40);
      // And it lies where it was: no shift by the filter.
      for (const at of [24_000, 24_013]) {
        expect(Math.abs((out[at] ?? 0) - 12_000 * Math.sin((2 * Math.PI * 300 * at) / 48_000))).toBeLessThan(150);
      }
    },
  );

  it('passes 48 kHz through without a copy', () => {
    const pcm = tone(440, 48_000, 960, 2);
    const out = new AudioResampler().convert(pcm);
    expect(out).toMatchObject([{ channels: 2 }]);
    expect(out[0]?.samples.buffer).toBe(pcm.data.buffer);
    expect(out[0]?.samples.length).toBe(1920);
  });

  it('loses nothing when the rate changes between slices, and says where', () => {
    const resampler = new AudioResampler();
    const parts: ResampledAudio[] = [];
    const rates = [24_000, 48_000, 48_000, 16_000, 44_100, 8000, 96_000];
    rates.forEach((sampleRate, slice) => {
      const samples = sampleRate / 10;
      parts.push(...resampler.convert(tone(300, sampleRate, samples, 1, slice * samples)));
    });
    parts.push(...resampler.flush());
    const out = joined(parts);
    expect(Math.abs(out.length - rates.length * 4800)).toBeLessThanOrEqual(rates.length);
    expect(parts.filter(({ seam }) => seam)).toHaveLength(6);
    // Where it was, but for the 2 ms beside a seam.
    for (let slice = 0; slice < rates.length; slice += 1) {
      const at = slice * 4800 + 2400;
      expect(Math.abs((out[at] ?? 0) - 12_000 * Math.sin((2 * Math.PI * 300 * at) / 48_000))).toBeLessThan(400);
    }
    resampler.close();
  });

  it('gives what it kept back in the channels it came in', () => {
    const resampler = new AudioResampler();
    resampler.convert(tone(300, 24_000, 2400, 1));
    const pieces = resampler.convert(tone(300, 24_000, 2400, 2));
    expect(pieces.map(({ channels }) => channels)).toEqual([1, 2]);
    expect(resampler.heldSamples).toBeGreaterThan(0);
    resampler.flush();
    expect(resampler.heldSamples).toBe(0);
    expect(resampler.flush()).toEqual([]);
    resampler.close();
  });

  it('keeps the length for any rate, channels and slicing', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 8_000, max: 96_000 }),
        fc.constantFrom(1 as const, 2 as const),
        fc.array(fc.integer({ min: 0, max: 3000 }), { maxLength: 8 }),
        (sampleRate, channels, slices) => {
          const resampler = new AudioResampler();
          const out = slices.flatMap((samples) =>
            resampler.convert({ data: new Uint8Array(samples * channels * 2), sampleRate, channels }),
          );
          out.push(...resampler.flush());
          resampler.close();
          const samples = slices.reduce((sum, slice) => sum + slice, 0);
          // The filter gives nothing for a stream shorter than itself.
          fc.pre(sampleRate === 48_000 || samples === 0 || samples >= 64);
          expect(Math.abs(joined(out).length / channels - (samples * 48_000) / sampleRate)).toBeLessThanOrEqual(
            Math.ceil(48_000 / sampleRate) + 1,
          );
        },
      ),
      { numRuns: 60 },
    );
  });

  it('reads samples at an odd address', () => {
    const bytes = new Uint8Array(9);
    new DataView(bytes.buffer).setInt16(1, 1234, true);
    const out = new AudioResampler().convert({ data: bytes.subarray(1), sampleRate: 48_000, channels: 1 });
    expect([...joined(out)]).toEqual([1234, 0, 0, 0]);
  });

  it('refuses a rate out of bounds, a torn sample, and use after close', () => {
    const resampler = new AudioResampler();
    for (const sampleRate of [7_999, 96_001, Number.NaN, 44_100.5]) {
      expect(() => resampler.convert({ data: new Uint8Array(4), sampleRate, channels: 1 })).toThrow(CodecError);
    }
    expect(() => resampler.convert({ data: new Uint8Array(6), sampleRate: 48_000, channels: 2 })).toThrow('whole samples');
    resampler.close();
    resampler.close();
    expect(() => resampler.convert(tone(1, 48_000, 1, 1))).toThrow(CodecClosedError);
  });
});

describe('OpusEncoder and OpusDecoder', () => {
  it.each([1, 2] as const)(
    'carry a tone of %i channels at its level, about the bitrate, one packet for each 20 ms',
    async (channels) => {
      const encoder = await OpusEncoder.open({ channels, bitrate: 64_000, lossPercent: 2 });
      const decoder = await OpusDecoder.open();
      let bytes = 0;
      let peak = 0;
      for (let index = 0; index < 50; index += 1) {
        const { data } = tone(440, 48_000, OPUS_FRAME_SAMPLES, channels, index * OPUS_FRAME_SAMPLES);
        const packet = await encoder.encode(new Int16Array(data.buffer as ArrayBuffer));
        bytes += packet.length;
        const audio = await decoder.decode(packet);
        expect([audio.sampleRate, audio.channels, audio.data.length]).toEqual([48_000, 2, OPUS_FRAME_SAMPLES * 4]);
        const pcm = new Int16Array(audio.data.buffer as ArrayBuffer, audio.data.byteOffset, audio.data.length / 2);
        if (index > 5) peak = Math.max(peak, ...pcm);
      }
      expect(bytes * 8).toBeLessThan(64_000 * 1.05);
      expect(Math.abs(peak - 12_000)).toBeLessThan(1_200);
      encoder.close();
      encoder.close();
      decoder.close();
      decoder.close();
      await expect(encoder.encode(new Int16Array(OPUS_FRAME_SAMPLES * channels))).rejects.toBeInstanceOf(CodecClosedError);
      await expect(decoder.decode(Buffer.alloc(3))).rejects.toBeInstanceOf(CodecClosedError);
    },
  );

  it('refuse a frame of the wrong length and a damaged packet, and go on', async () => {
    const encoder = await OpusEncoder.open({ channels: 2, bitrate: 64_000, lossPercent: 2 });
    const decoder = await OpusDecoder.open();
    await expect(encoder.encode(new Int16Array(959))).rejects.toThrow('1920 samples, not 959');
    await expect(decoder.decode(Buffer.alloc(0))).rejects.toBeInstanceOf(CodecError);
    await expect(decoder.decode(Buffer.from([0xff, 0xff, 0xff]))).rejects.toBeInstanceOf(CodecError);
    const audio = await decoder.decode(await encoder.encode(new Int16Array(1920)));
    expect(audio.data.length).toBe(3840);
    encoder.close();
    decoder.close();
  });
});

describe('OpusEncoder and loss', () => {
  /** Of a packet of libopus's hybrid mode in mono: whether it carries a copy of the one before (RFC 6716 sections 3.1 and 4.2.3). */
  const carriesCopy = (packet: Buffer): boolean => {
    const configuration = (packet[0] ?? 0) >> 3;
    return configuration >= 12 && configuration < 16 && ((packet[1] ?? 0) & 0x40) !== 0;
  };

  it.each([
    [2, 0],
    [5, 0],
    [10, 0.5],
    [20, 0.5],
  ])('puts copies into its packets from 10 % of loss on (%d %%)', async (lossPercent, least) => {
    const encoder = await OpusEncoder.open({ channels: 1, bitrate: 48_000, lossPercent });
    let copies = 0;
    for (let index = 0; index < 50; index += 1) {
      // Vowel-like: a tone of many harmonics that swells, since what is not voice is not copied.
      const pcm = Int16Array.from({ length: OPUS_FRAME_SAMPLES }, (_, at) => {
        const time = (index * OPUS_FRAME_SAMPLES + at) / 48_000;
        const sum = [1, 2, 3, 4, 5, 6, 7].reduce(
          (total, harmonic) => total + Math.sin(2 * Math.PI * 140 * harmonic * time) / harmonic,
          0,
        );
        return 6000 * sum * (0.6 + 0.4 * Math.sin(2 * Math.PI * 4 * time));
      });
      if (carriesCopy(await encoder.encode(pcm))) copies += 1;
    }
    encoder.close();
    expect(copies).toBeGreaterThanOrEqual(50 * least);
    if (least === 0) expect(copies).toBe(0);
  });
});

describe('OpusStream', () => {
  const FRAMES = 60;

  /** What a receiver hears of a 440 Hz tone whose encoder is told something else every ten frames. */
  async function heard(changes: readonly OpusEncoderOptions[]): Promise<Int16Array> {
    const stream = new OpusStream();
    const decoder = await OpusDecoder.open();
    const parts: Int16Array[] = [];
    for (let index = 0; index < FRAMES; index += 1) {
      const options = changes[Math.floor(index / 10) % changes.length];
      if (options === undefined) throw new Error('no options');
      const { data } = tone(440, 48_000, OPUS_FRAME_SAMPLES, options.channels, index * OPUS_FRAME_SAMPLES);
      const audio = await decoder.decode(await stream.encode(new Int16Array(data.buffer as ArrayBuffer), options));
      const both = new Int16Array(audio.data.buffer as ArrayBuffer, audio.data.byteOffset, audio.data.length / 2);
      parts.push(both.filter((_, at) => at % 2 === 0));
    }
    stream.close();
    stream.close();
    decoder.close();
    return concat(parts).subarray(5 * OPUS_FRAME_SAMPLES);
  }

  const mono = { channels: 1, bitrate: 48_000, lossPercent: 2 } as const;

  it.each([
    ['nothing', [mono], 9000],
    ['the expected loss', [mono, { ...mono, lossPercent: 5 }], 9000],
    ['the bitrate', [mono, { ...mono, bitrate: 24_000 }], 9000],
    ['mono and stereo', [mono, { channels: 2, bitrate: 96_000, lossPercent: 2 }], 9000],
    // Between its modes a decoder fades, which takes it some milliseconds.
    ['the mode, to in-band FEC', [mono, { ...mono, lossPercent: 20 }], 3000],
  ] satisfies [string, OpusEncoderOptions[], number][])('changes %s without a click or a hole', async (_what, changes, least) => {
    const pcm = await heard(changes);
    // 40 is the tone's own, 570 what an encoder gives that was not primed.
    expect(roughness(pcm)).toBeLessThan(130);
    for (let at = 0; at + 480 <= pcm.length; at += 480) {
      const peak = pcm.subarray(at, at + 480).reduce((most, sample) => Math.max(most, Math.abs(sample)), 0);
      expect(peak).toBeGreaterThan(least);
      expect(peak).toBeLessThan(15_000);
    }
  });

  it('encodes nothing once it is closed', async () => {
    const stream = new OpusStream();
    await stream.encode(new Int16Array(OPUS_FRAME_SAMPLES), mono);
    const opening = stream.encode(new Int16Array(OPUS_FRAME_SAMPLES), { ...mono, lossPercent: 5 });
    stream.close();
    await expect(opening).rejects.toBeInstanceOf(CodecClosedError);
    await expect(stream.encode(new Int16Array(OPUS_FRAME_SAMPLES), mono)).rejects.toBeInstanceOf(CodecClosedError);
  });
});

describe('OpusDecoder on a loss', () => {
  it('continues the sound, and fades it out', async () => {
    const encoder = await OpusEncoder.open({ channels: 2, bitrate: 96_000, lossPercent: 2 });
    const decoder = await OpusDecoder.open();
    expect(decoder.conceal()).toBeUndefined();
    const level = ({ data }: PcmAudio): number => {
      const samples = new Int16Array(data.buffer as ArrayBuffer, data.byteOffset, data.length / 2);
      return Math.sqrt(samples.reduce((total, sample) => total + sample * sample, 0) / samples.length);
    };
    for (let index = 0; index < 10; index += 1) {
      const { data } = tone(440, 48_000, OPUS_FRAME_SAMPLES, 2, index * OPUS_FRAME_SAMPLES);
      await decoder.decode(await encoder.encode(new Int16Array(data.buffer as ArrayBuffer)));
    }
    const levels: number[] = [];
    for (let index = 0; index < 6; index += 1) {
      const concealed = decoder.conceal();
      expect(concealed?.data.length).toBe(OPUS_FRAME_SAMPLES * 4);
      levels.push(concealed === undefined ? 0 : level(concealed));
    }
    expect(levels[0]).toBeGreaterThan(7000);
    expect(levels[5]).toBeLessThan(5000);
    encoder.close();
    decoder.close();
    expect(() => decoder.conceal()).toThrow(CodecClosedError);
  });
});

describe('mediaCapabilities', () => {
  it('finds every codec in the FFmpeg that is shipped', () => {
    expect(mediaCapabilities()).toMatchObject({ h264: true, vp8: true, opus: true });
    expect(mediaCapabilities().ffmpeg).toMatch(/\d/);
  });
});
