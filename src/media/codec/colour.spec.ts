import { AV_PICTURE_TYPE_I, AV_PIX_FMT_YUVJ422P, AVCOL_RANGE_JPEG, FF_ENCODER_MJPEG } from 'node-av/constants';
import { Codec, CodecContext, Frame, Packet, Rational } from 'node-av/lib';
import sharp, { type Sharp } from 'sharp';
import { describe, expect, it } from 'vitest';

import type { Picture } from '../../common/index.js';
import { PictureDecoder, scaledSize, VideoDecoder, VideoEncoder, type VideoCodec } from './index.js';

/** SVT-AV1 takes no side under 64, scaled or not. */
const WIDTH = 160;
const HEIGHT = 128;
type Rgb = readonly [number, number, number];

/** The sRGB levels of the 24 patches of a ColorChecker chart, in its order. */
const CHART: readonly Rgb[] = [
  [115, 82, 68],
  [194, 150, 130],
  [98, 122, 157],
  [87, 108, 67],
  [133, 128, 177],
  [103, 189, 170],
  [214, 126, 44],
  [80, 91, 166],
  [193, 90, 99],
  [94, 60, 108],
  [157, 188, 64],
  [224, 163, 46],
  [56, 61, 150],
  [70, 148, 73],
  [175, 54, 60],
  [231, 199, 31],
  [187, 86, 149],
  [8, 133, 161],
  [243, 243, 242],
  [200, 200, 200],
  [160, 160, 160],
  [122, 122, 121],
  [85, 85, 85],
  [52, 52, 52],
];
/** What has no room left: black, white and the corners of the RGB cube. */
const EXTREMES: readonly Rgb[] = [
  [0, 0, 0],
  [255, 255, 255],
  [255, 0, 0],
  [0, 255, 0],
  [0, 0, 255],
  [255, 255, 0],
  [0, 255, 255],
];

function flat([r, g, b]: Rgb): Sharp {
  return sharp({ create: { width: WIDTH, height: HEIGHT, channels: 3, background: { r, g, b } } });
}

async function jpeg(colour: Rgb, chromaSubsampling = '4:2:0'): Promise<Picture> {
  return { kind: 'encoded', data: await flat(colour).jpeg({ quality: 98, chromaSubsampling }).toBuffer() };
}

/** Decodes, scales, encodes at a high rate, decodes again: the colour a viewer sees in the middle of the picture. */
async function shown(picture: Picture, codec: VideoCodec, scale = 1): Promise<Rgb> {
  const decoder = new PictureDecoder();
  const { width, height } = scaledSize({ width: WIDTH, height: HEIGHT }, scale);
  const encoder = await VideoEncoder.open({ codec, width, height, fps: 24, bitrate: 5_000_000 });
  const viewer = await VideoDecoder.open(codec);
  try {
    const decoded = await decoder.decode(picture, (size) => scaledSize(size, scale));
    const encoded = await encoder.encode(decoded, { keyframe: true });
    decoded.release();
    const [seen] = await viewer.decode(encoded?.data ?? Buffer.alloc(0));
    const at = ((height / 2) * width + width / 2) * 3;
    return [seen?.data[at] ?? -1, seen?.data[at + 1] ?? -1, seen?.data[at + 2] ?? -1];
  } finally {
    decoder.close();
    encoder.close();
    viewer.close();
  }
}

function distance(a: Rgb, b: Rgb): number {
  return Math.max(...a.map((level, index) => Math.abs(level - (b[index] ?? 0))));
}

/** Mean over the channels. */
function meanError(a: Rgb, b: Rgb): number {
  return a.reduce((sum, level, index) => sum + Math.abs(level - (b[index] ?? 0)), 0) / 3;
}

describe.each(['H264', 'VP8', 'VP9', 'AV1'] as const)('colours through %s', (codec) => {
  it('keeps a chart of 24 patches within 2 levels on average, and each within 5', { timeout: 30_000 }, async () => {
    const seen: Rgb[] = [];
    for (const colour of CHART) seen.push(await shown(await jpeg(colour), codec));
    const errors = CHART.map((colour, index) => meanError(seen[index] ?? [0, 0, 0], colour));
    expect(errors.reduce((sum, error) => sum + error, 0) / errors.length).toBeLessThanOrEqual(2);
    expect(Math.max(...CHART.map((colour, index) => distance(seen[index] ?? [0, 0, 0], colour)))).toBeLessThanOrEqual(5);
  });

  it.each(EXTREMES)('keeps the colour %i %i %i within 6 levels', async (...colour) => {
    expect(distance(await shown(await jpeg(colour), codec), colour)).toBeLessThanOrEqual(6);
  });

  it('keeps colours when it makes the picture smaller', async () => {
    for (const colour of CHART.slice(0, 6)) {
      expect(distance(await shown(await jpeg(colour), codec, 0.5), colour)).toBeLessThanOrEqual(5);
      const data = await flat(colour).raw().toBuffer();
      const raw: Picture = { kind: 'raw', format: 'RGB24', width: WIDTH, height: HEIGHT, data };
      expect(distance(await shown(raw, codec, 0.5), colour)).toBeLessThanOrEqual(5);
    }
  });
});

describe('colours of every kind of picture', () => {
  const colour: Rgb = [200, 30, 60];
  const rgba = Buffer.from(Array.from({ length: WIDTH * HEIGHT }, () => [...colour, 255]).flat());
  const luma = Buffer.alloc(WIDTH * HEIGHT, 88);
  const chroma = WIDTH * HEIGHT * 0.25;
  const size = { width: WIDTH, height: HEIGHT };

  const pictures: Record<string, () => Promise<Picture>> = {
    'a 4:4:4 JPEG': () => jpeg(colour, '4:4:4'),
    'a progressive JPEG': async () => ({
      kind: 'encoded',
      data: await flat(colour).jpeg({ quality: 98, progressive: true }).toBuffer(),
    }),
    'a PNG': async () => ({ kind: 'encoded', data: await flat(colour).png().toBuffer() }),
    'a WebP': async () => ({ kind: 'encoded', data: await flat(colour).webp({ lossless: true }).toBuffer() }),
    'raw RGBA': async () => ({ kind: 'raw', format: 'RGBA', ...size, data: rgba }),
    'raw RGB24': async () => ({ kind: 'raw', format: 'RGB24', ...size, data: await flat(colour).raw().toBuffer() }),
    'raw I420': async () => ({
      kind: 'raw',
      format: 'I420',
      ...size,
      data: Buffer.concat([luma, Buffer.alloc(chroma, 116), Buffer.alloc(chroma, 201)]),
    }),
  };

  it.each(Object.keys(pictures))('keeps them in %s within 6 levels', async (name) => {
    const picture = await pictures[name]?.();
    expect(picture && distance(await shown(picture, 'H264'), colour)).toBeLessThanOrEqual(6);
  });

  it('keeps them in a one-component grey JPEG within 4 levels', async () => {
    const data = await flat([120, 120, 120]).toColourspace('b-w').jpeg({ quality: 98 }).toBuffer();
    expect(distance(await shown({ kind: 'encoded', data }, 'H264'), [120, 120, 120])).toBeLessThanOrEqual(4);
  });

  it('shows a CMYK JPEG as sharp reads it', async () => {
    const data = await flat([120, 60, 30]).toColourspace('cmyk').jpeg({ quality: 98 }).toBuffer();
    const [r = 0, g = 0, b = 0] = await sharp(data).toColourspace('srgb').raw().toBuffer();
    expect(distance(await shown({ kind: 'encoded', data }, 'H264'), [r, g, b])).toBeLessThanOrEqual(6);
  });

  it('keeps them in a 4:2:2 JPEG within 6 levels', async () => {
    expect(distance(await shown({ kind: 'encoded', data: jpeg422([84, 114, 211]) }, 'H264'), colour)).toBeLessThanOrEqual(6);
  });
});

/** A flat 4:2:2 JPEG of full-range Y, Cb, Cr; sharp writes only 4:2:0 and 4:4:4. */
function jpeg422(levels: readonly number[]): Buffer {
  const encoder = new CodecContext();
  const codec = Codec.findEncoderByName(FF_ENCODER_MJPEG);
  encoder.allocContext3(codec);
  const frame = new Frame();
  frame.alloc();
  for (const target of [encoder, frame]) {
    target.width = WIDTH;
    target.height = HEIGHT;
    target.colorRange = AVCOL_RANGE_JPEG;
  }
  frame.format = encoder.pixelFormat = AV_PIX_FMT_YUVJ422P;
  encoder.timeBase = new Rational(1, 24);
  encoder.qMin = 1;
  encoder.qMax = 2;
  const packet = new Packet();
  packet.alloc();
  encoder.open2Sync(codec, null);
  frame.getBuffer(0);
  frame.pts = 0n;
  frame.pictType = AV_PICTURE_TYPE_I;
  frame.data?.forEach((plane, index) => plane.fill(levels[index] ?? 0));
  encoder.sendFrameSync(frame);
  encoder.receivePacketSync(packet);
  const data = packet.data ?? Buffer.alloc(0);
  encoder.freeContext();
  frame.free();
  packet.free();
  return data;
}
