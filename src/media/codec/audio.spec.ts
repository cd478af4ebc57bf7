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
      const resampler = new AudioResampler({ channels: 1 });
      const parts: Int16Array[] = [];
      let from = 0;
      for (let slice = 0; from < sampleRate; slice += 1) {
        const samples = Math.min(137 + 59 * (slice % 7), sampleRate - from);
        parts.push(resampler.convert(tone(300, sampleRate, samples, 1, from)));
        from += samples;
      }
      parts.push(resampler.flush());
      const out = concat(parts);
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
    const resampler = new AudioResampler({ channels: 2 });
    const pcm = tone(440, 48_000, 960, 2);
    const out = resampler.convert(pcm);
    expect(out.buffer).toBe(pcm.data.buffer);
    expect(out.length).toBe(1920);
  });

  it('plays mono at full level on both sides, and the mean of both sides as mono', () => {
    const stereo = new AudioResampler({ channels: 2 }).convert({
      data: new Uint8Array(Int16Array.of(100, -7).buffer),
      sampleRate: 48_000,
      channels: 1,
    });
    expect([...stereo]).toEqual([100, 100, -7, -7]);
    const mono = new AudioResampler({ channels: 1 }).convert({
      data: new Uint8Array(Int16Array.of(100, 50, -32768, -32768).buffer),
      sampleRate: 48_000,
      channels: 2,
    });
    expect([...mono]).toEqual([75, -32768]);
  });

  it('loses nothing when the rate and channels change between slices', () => {
    const resampler = new AudioResampler({ channels: 2 });
    const out = [
      resampler.convert(tone(300, 24_000, 2400, 1)),
      resampler.convert(tone(300, 48_000, 4800, 2)),
      resampler.convert(tone(300, 16_000, 1600, 2)),
      resampler.flush(),
    ];
    expect(Math.abs(concat(out).length / 2 - 3 * 4800)).toBeLessThanOrEqual(2);
    resampler.close();
  });

  it('keeps the length for any rate, channels and slicing', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 8_000, max: 96_000 }),
        fc.constantFrom(1 as const, 2 as const),
        fc.constantFrom(1 as const, 2 as const),
        fc.array(fc.integer({ min: 0, max: 3000 }), { maxLength: 8 }),
        (sampleRate, from, to, slices) => {
          const resampler = new AudioResampler({ channels: to });
          const out = slices.map((samples) =>
            resampler.convert({ data: new Uint8Array(samples * from * 2), sampleRate, channels: from }),
          );
          out.push(resampler.flush());
          resampler.close();
          const samples = slices.reduce((sum, slice) => sum + slice, 0);
          // The filter gives nothing for a stream shorter than itself.
          fc.pre(sampleRate === 48_000 || samples === 0 || samples >= 64);
          expect(Math.abs(concat(out).length / to - (samples * 48_000) / sampleRate)).toBeLessThanOrEqual(
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
    const out = new AudioResampler({ channels: 1 }).convert({ data: bytes.subarray(1), sampleRate: 48_000, channels: 1 });
    expect([...out]).toEqual([1234, 0, 0, 0]);
  });

  it('refuses a rate out of bounds, a torn sample, and use after close', () => {
    const resampler = new AudioResampler({ channels: 1 });
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
      const encoder = await OpusEncoder.open({ channels, bitrate: 64_000 });
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
      expect(bytes * 8).toBeLessThan(64_000 * 1.2);
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
    const encoder = await OpusEncoder.open({ channels: 2, bitrate: 64_000 });
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

describe('mediaCapabilities', () => {
  it('finds every codec in the FFmpeg that is shipped', () => {
    expect(mediaCapabilities()).toMatchObject({ h264: true, vp8: true, opus: true });
    expect(mediaCapabilities().ffmpeg).toMatch(/\d/);
  });
});
