import sharp from 'sharp';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';

import type { EncodedPicture } from '../../common/index.js';
import {
  CodecClosedError,
  CodecError,
  ENCODER_IMPLEMENTATIONS,
  PictureDecoder,
  probeEncoder,
  softwareEncoder,
  VideoDecoder,
  VideoEncoder,
  type DecodedPicture,
  type VideoCodec,
  type VideoEncoderOptions,
} from './index.js';

const WIDTH = 320;
const HEIGHT = 240;
const FPS = 24;

async function noise(width: number, height: number): Promise<EncodedPicture> {
  const image = sharp({
    create: { width, height, channels: 3, background: 'black', noise: { type: 'gaussian', mean: 128, sigma: 40 } },
  });
  return { kind: 'encoded', data: await image.jpeg({ quality: 85 }).toBuffer() };
}

/** The NAL unit types of an access unit in Annex B (H.264 table 7-1). */
function nalTypes(data: Buffer): number[] {
  const types: number[] = [];
  for (let at = data.indexOf('000001', 0, 'hex'); at >= 0; at = data.indexOf('000001', at + 3, 'hex'))
    types.push((data[at + 3] ?? 0) & 31);
  return types;
}

describe('VideoEncoder', { timeout: 30_000 }, () => {
  const decoder = new PictureDecoder();
  let pictures: DecodedPicture[] = [];
  const opened: { close(): void }[] = [];

  beforeAll(async () => {
    pictures = await Promise.all(Array.from({ length: 8 }, async () => decoder.decode(await noise(WIDTH, HEIGHT))));
  });
  afterEach(() => opened.splice(0).forEach((codec) => codec.close()));
  afterAll(() => {
    pictures.forEach((decoded) => decoded.release());
    decoder.close();
  });

  async function open(codec: VideoCodec, bitrate = 2_000_000, more: Partial<VideoEncoderOptions> = {}): Promise<VideoEncoder> {
    const encoder = await VideoEncoder.open({ codec, width: WIDTH, height: HEIGHT, fps: FPS, bitrate, ...more });
    opened.push(encoder);
    return encoder;
  }

  function picture(index: number): DecodedPicture {
    const chosen = pictures[index % pictures.length];
    if (!chosen) throw new Error('no pictures');
    return chosen;
  }

  /** Bits a second over `frames` pictures that come at `fps`. */
  async function measure(encoder: VideoEncoder, frames: number, fps = FPS): Promise<number> {
    let bytes = 0;
    for (let index = 0; index < frames; index += 1)
      bytes += (await encoder.encode(picture(index), { keyframe: false }))?.data.length ?? 0;
    return (bytes * 8 * fps) / frames;
  }

  it.each(['H264', 'VP8', 'VP9', 'AV1'] as const)(
    '%s gives one frame for each picture, key frames only first and on request, and says how coarse each is',
    async (codec) => {
      const encoder = await open(codec);
      const keyframes: number[] = [];
      for (let index = 0; index < 300; index += 1) {
        const encoded = await encoder.encode(picture(index), { keyframe: index === 100 });
        expect(encoded?.data.length).toBeGreaterThan(0);
        expect(encoded?.quantiser).toBeGreaterThan(0);
        expect(encoded?.quantiser).toBeLessThanOrEqual(63);
        if (encoded?.keyframe) keyframes.push(index);
      }
      expect(keyframes).toEqual([0, 100]);
    },
  );

  it.each(['H264', 'VP8', 'VP9', 'AV1'] as const)(
    '%s works in every profile, with pictures that are coarser at a lower rate',
    async (codec) => {
      for (const profile of ['latency', 'balanced', 'quality'] as const) {
        const [fine, coarse] = await Promise.all(
          [2_000_000, 150_000].map(async (bitrate) => {
            const encoder = await open(codec, bitrate, { profile });
            let total = 0;
            for (let index = 0; index < 48; index += 1)
              total += (await encoder.encode(picture(index), { keyframe: false }))?.quantiser ?? 0;
            return total;
          }),
        );
        expect(coarse).toBeGreaterThan(fine ?? Infinity);
      }
    },
  );

  it.each([
    ['baseline', 'latency', [66, 0xc0]],
    ['baseline', 'balanced', [66, 0xc0]],
    ['baseline', 'quality', [66, 0xc0]],
    ['main', 'balanced', [77, 0x40]],
    ['high', 'balanced', [100, 0]],
    ['high', 'quality', [100, 0]],
  ] as const)('keeps H.264 within the profile %s when it works for %s', async (h264Profile, profile, head) => {
    const data = (await (await open('H264', 2_000_000, { h264Profile, profile })).encode(picture(0), { keyframe: true }))?.data;
    const sps = data?.subarray(data.indexOf('0000000167', 0, 'hex') + 5) ?? [];
    // profile_idc, then constraint_set0 and constraint_set1 (H.264 annex A.2.1).
    expect([sps[0], (sps[1] ?? 0) & 0xc0]).toEqual(head);
  });

  it.each([
    [640, 480, 24, 30],
    [1280, 720, 30, 31],
    [1920, 1080, 30, 40],
  ])('raises the level of H.264 to what %i × %i at %i needs', async (width, height, fps, level) => {
    const data = await noise(width, height);
    const large = await decoder.decode(data);
    const encoder = await open('H264', 2_000_000, { width, height, fps });
    const sps = (await encoder.encode(large, { keyframe: true }))?.data ?? Buffer.alloc(0);
    large.release();
    expect(sps[sps.indexOf('0000000167', 0, 'hex') + 7]).toBe(level);
  });

  it('renews the whole H.264 picture within the seconds asked for without a key frame, so that a receiver can begin anywhere', async () => {
    const encoder = await open('H264', 1_000_000, { intraRefreshSeconds: 1 });
    const sizes: number[] = [];
    const viewer = await VideoDecoder.open('H264');
    opened.push(viewer);
    for (let index = 0; index < 4 * FPS; index += 1) {
      const encoded = await encoder.encode(picture(index), { keyframe: false });
      if (index > 0) expect(encoded?.keyframe).toBe(false);
      sizes.push(encoded?.data.length ?? 0);
    }
    const settled = sizes.slice(FPS);
    expect(Math.max(...settled)).toBeLessThan(3 * (settled.reduce((sum, size) => sum + size, 0) / settled.length));
    expect((await encoder.encode(picture(0), { keyframe: true }))?.keyframe).toBe(true);
  });

  it.each(['VP8', 'VP9', 'AV1'] as const)('renews the picture of %s by a key frame in the seconds asked for', async (codec) => {
    const encoder = await open(codec, 1_000_000, { intraRefreshSeconds: 1 });
    const keyframes: number[] = [];
    for (let index = 0; index < 3 * FPS; index += 1) {
      if ((await encoder.encode(picture(index), { keyframe: false }))?.keyframe === true) keyframes.push(index);
    }
    expect(keyframes).toEqual([0, FPS, 2 * FPS]);
  });

  it('puts SPS and PPS before every IDR, and nothing but a slice in other access units', async () => {
    const encoder = await open('H264');
    const units = [];
    for (const keyframe of [false, false, true, false])
      units.push(nalTypes((await encoder.encode(picture(0), { keyframe }))?.data ?? Buffer.alloc(0)));
    expect(units[0]).toEqual([7, 8, 6, 5]);
    expect(units.slice(1)).toEqual([[1], [7, 8, 5], [1]]);
  });

  it('is constrained baseline', async () => {
    const data = (await (await open('H264')).encode(picture(0), { keyframe: true }))?.data ?? Buffer.alloc(0);
    const sps = data.subarray(data.indexOf('0000000167', 0, 'hex') + 5);
    // profile_idc 66 with constraint_set0 and constraint_set1 (H.264 annex A.2.1.1).
    expect([sps[0], (sps[1] ?? 0) & 0xc0]).toEqual([66, 0xc0]);
  });

  it('follows a new bitrate in place', async () => {
    const encoder = await open('H264', 2_000_000);
    expect(await measure(encoder, 96)).toBeGreaterThan(1_500_000);
    expect(encoder.setBitrate(800_000)).toBe(true);
    await measure(encoder, 24);
    const low = await measure(encoder, 96);
    expect(low).toBeGreaterThan(600_000);
    expect(low).toBeLessThan(1_000_000);
    expect(encoder.setBitrate(2_000_000)).toBe(true);
    await measure(encoder, 24);
    expect(await measure(encoder, 96)).toBeGreaterThan(1_500_000);
  });

  it('spends the whole bitrate when pictures come at half the rate it was opened with', async () => {
    const encoder = await open('H264', 1_000_000);
    encoder.setBitrate(1_000_000, FPS / 2);
    await measure(encoder, 24, FPS / 2);
    const rate = await measure(encoder, 96, FPS / 2);
    expect(rate).toBeGreaterThan(800_000);
    expect(rate).toBeLessThan(1_200_000);
  });

  it('bounds a key frame to 0.3 s of the bitrate', async () => {
    const encoder = await open('H264', 1_000_000);
    await measure(encoder, 48);
    const keyframe = await encoder.encode(picture(3), { keyframe: true });
    expect(keyframe?.data.length).toBeLessThan((1_000_000 * 0.3) / 8);
  });

  it.each(['VP8', 'VP9', 'AV1'] as const)('cannot change a %s bitrate in place, and says so', async (codec) => {
    expect((await open(codec)).setBitrate(500_000)).toBe(false);
  });

  it.each(['H264', 'VP8', 'VP9', 'AV1'] as const)('keeps %s to its rate', async (codec) => {
    const encoder = await open(codec, 1_200_000);
    await measure(encoder, 24);
    const rate = await measure(encoder, 96);
    expect(rate).toBeGreaterThan(900_000);
    expect(rate).toBeLessThan(1_350_000);
  });

  it('refuses hardware that is not there, and a probe of it says so', async () => {
    const hardware = ENCODER_IMPLEMENTATIONS.filter(({ kind }) => kind !== 'software');
    expect(hardware.length).toBeGreaterThan(4);
    for (const implementation of hardware) {
      const { codec } = implementation;
      const works = await probeEncoder(implementation, 5000);
      const attempt = VideoEncoder.open({ codec, implementation, width: 320, height: 240, fps: 24, bitrate: 500_000 });
      if (works) (await attempt).close();
      else await expect(attempt).rejects.toBeInstanceOf(CodecError);
    }
  });

  it('proves each software encoder by a probe', async () => {
    for (const codec of ['H264', 'VP8', 'VP9', 'AV1'] as const)
      expect(await probeEncoder(softwareEncoder(codec), 5000)).toBe(true);
  });

  it('takes timestamps that stand still or go back', async () => {
    const encoder = await open('H264');
    for (const timestampMs of [1000, 1041, 1041, 20, 1100, 61_000]) {
      expect((await encoder.encode(picture(0), { keyframe: false, timestampMs }))?.data.length).toBeGreaterThan(0);
    }
  });

  it('lets two encoders share a picture that is released while they work', async () => {
    const encoders = [await open('H264'), await open('VP8')];
    const shared = await decoder.decode(await noise(WIDTH, HEIGHT));
    const answers = encoders.map((encoder) => encoder.encode(shared, { keyframe: true }));
    shared.release();
    for (const answer of await Promise.all(answers)) expect(answer?.keyframe).toBe(true);
  });

  it('refuses a released picture and one of another size', async () => {
    const encoder = await open('H264');
    const other = await decoder.decode(await noise(64, 64));
    await expect(encoder.encode(other, { keyframe: false })).rejects.toThrow('The encoder is 320 × 240, the picture 64 × 64.');
    other.release();
    const released = await decoder.decode(await noise(WIDTH, HEIGHT));
    released.release();
    await expect(encoder.encode(released, { keyframe: false })).rejects.toThrow('released');
    expect((await encoder.encode(picture(0), { keyframe: false }))?.keyframe).toBe(true);
  });

  it('refuses an odd size, no frame rate and no bitrate', async () => {
    const options = { codec: 'H264', width: 64, height: 64, fps: 24, bitrate: 100_000 } as const;
    for (const wrong of [{ width: 65 }, { fps: 0 }, { bitrate: -1 }, { width: 0 }]) {
      await expect(VideoEncoder.open({ ...options, ...wrong })).rejects.toBeInstanceOf(CodecError);
    }
  });

  it('survives being closed with calls in flight', async () => {
    const encoder = await open('H264');
    const calls = [0, 1, 2].map((index) => encoder.encode(picture(index), { keyframe: false }));
    await Promise.resolve();
    encoder.close();
    encoder.close();
    const [first, ...rest] = await Promise.allSettled(calls);
    expect(first).toMatchObject({ status: 'fulfilled', value: { keyframe: true } });
    for (const answer of rest) expect(answer).toMatchObject({ status: 'rejected', reason: expect.any(CodecClosedError) });
    await expect(encoder.encode(picture(0), { keyframe: false })).rejects.toBeInstanceOf(CodecClosedError);
  });

  it('tells decoders limited-range BT.601 in the stream', async () => {
    const data = (await (await open('H264')).encode(picture(0), { keyframe: true }))?.data ?? Buffer.alloc(0);
    const bits = [...data.subarray(data.indexOf('0000000167', 0, 'hex') + 5)]
      .map((byte) => byte.toString(2).padStart(8, '0'))
      .join('');
    // H.264 E.1.1: video_signal_type_present 1, video_format 5, full_range 0, colour_description_present 1, then primaries, transfer and matrix, 6 each (SMPTE 170M).
    expect(bits).toContain(`110101${'00000110'.repeat(3)}`);
  });

  it('gives all its memory back: 500 pictures decoded and encoded', async () => {
    const encoder = await open('H264');
    const big = await noise(832, 480);
    const bigEncoder = await VideoEncoder.open({ codec: 'H264', width: 832, height: 480, fps: FPS, bitrate: 2_000_000 });
    opened.push(bigEncoder);
    const once = async (): Promise<void> => {
      const decoded = await decoder.decode(big);
      await bigEncoder.encode(decoded, { keyframe: false });
      decoded.release();
    };
    await encoder.encode(picture(0), { keyframe: true });
    for (let index = 0; index < 100; index += 1) await once();
    const before = process.memoryUsage.rss();
    for (let index = 0; index < 500; index += 1) await once();
    // One leaked picture a round would be 300 MB.
    expect(process.memoryUsage.rss() - before).toBeLessThan(40 * 2 ** 20);
  });
});

describe('VideoDecoder', () => {
  it.each(['H264', 'VP8', 'VP9', 'AV1'] as const)(
    '%s gives nothing for garbage and loss, asks for a key frame, and recovers with it',
    async (codec) => {
      const decoder = new PictureDecoder();
      const encoder = await VideoEncoder.open({ codec, width: 64, height: 64, fps: 24, bitrate: 500_000 });
      const viewer = await VideoDecoder.open(codec);
      try {
        const decoded = await decoder.decode(await noise(64, 64));
        const next = async (keyframe: boolean): Promise<Buffer> =>
          (await encoder.encode(decoded, { keyframe }))?.data ?? Buffer.alloc(0);
        await next(true);
        expect(await viewer.decode(await next(false))).toEqual([]);
        expect(await viewer.decode(Buffer.alloc(200, 0xa5))).toEqual([]);
        expect(await viewer.decode(Buffer.alloc(0))).toEqual([]);
        expect(viewer.needsKeyframe).toBe(true);
        const [first] = await viewer.decode(await next(true));
        expect(first).toMatchObject({ kind: 'raw', format: 'RGB24', width: 64, height: 64 });
        expect(first?.data.length).toBe(64 * 64 * 3);
        expect(viewer.needsKeyframe).toBe(false);
        expect(await viewer.decode(await next(false))).toHaveLength(1);
        decoded.release();
      } finally {
        decoder.close();
        encoder.close();
        viewer.close();
      }
    },
  );
});
