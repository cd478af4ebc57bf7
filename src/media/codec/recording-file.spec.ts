import { copyFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { FormatContext, Packet } from 'node-av/lib';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { CodecError, containerOf, OpusEncoder, PictureDecoder, RecordingFile, VideoEncoder } from './index.js';

const [WIDTH, HEIGHT] = [320, 240];
/** In 90 kHz: at 24 a second, one that is held for half a second, and at 60 a second. */
const VIDEO_TICKS = [0, 3750, 7500, 52_500, 54_000, 55_500, 57_000] as const;
/** In 48 kHz: a gap of one packet, and a beginning that is not the picture's. */
const AUDIO_TICKS = [240, 1200, 3120, 4080, 5040] as const;
const KEYFRAMES = new Set([0, 3]);

interface Demuxed {
  readonly kind: 'video' | 'audio';
  readonly seconds: number;
  readonly keyframe: boolean;
}

async function demux(path: string): Promise<{ packets: Demuxed[]; width: number; seconds: number }> {
  const context = new FormatContext();
  if ((await context.openInput(`file:${path}`)) < 0) throw new Error(`${path} cannot be opened`);
  if ((await context.findStreamInfo()) < 0) throw new Error(`${path} has no streams`);
  const packet = new Packet();
  packet.alloc();
  const packets: Demuxed[] = [];
  while ((await context.readFrame(packet)) >= 0) {
    const stream = context.streams[packet.streamIndex];
    if (stream === undefined) throw new Error('no such stream');
    const seconds = (Number(packet.pts) * stream.timeBase.num) / stream.timeBase.den;
    packets.push({ kind: stream.codecpar.width > 0 ? 'video' : 'audio', seconds, keyframe: packet.isKeyframe });
    packet.unref();
  }
  const found = { packets, width: context.streams[0]?.codecpar.width ?? 0, seconds: Number(context.duration) / 1e6 };
  packet.free();
  await context.closeInput();
  return found;
}

describe('RecordingFile', { timeout: 30_000 }, () => {
  let folder: string;
  const sound: Buffer[] = [];
  const pictures = new Map<'H264' | 'VP8', Buffer[]>();

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'telefuser-recording-'));
    const jpeg = await sharp({ create: { width: WIDTH, height: HEIGHT, channels: 3, background: 'teal' } })
      .jpeg()
      .toBuffer();
    const decoder = new PictureDecoder();
    const picture = await decoder.decode({ kind: 'encoded', data: jpeg });
    for (const codec of ['H264', 'VP8'] as const) {
      const encoder = await VideoEncoder.open({ codec, width: WIDTH, height: HEIGHT, fps: 24, bitrate: 500_000 });
      const encoded: Buffer[] = [];
      for (const index of VIDEO_TICKS.keys()) {
        const made = await encoder.encode(picture, { keyframe: KEYFRAMES.has(index) });
        if (made !== undefined) encoded.push(made.data);
      }
      encoder.close();
      pictures.set(codec, encoded);
    }
    picture.release();
    decoder.close();
    const encoder = await OpusEncoder.open({ channels: 2, bitrate: 64_000, lossPercent: 0 });
    for (const _ of AUDIO_TICKS) sound.push(await encoder.encode(new Int16Array(960 * 2)));
    encoder.close();
  });
  afterAll(async () => {
    await rm(folder, { recursive: true, force: true });
  });

  /** Writes the pictures and the sound, in the order in which they would come. */
  async function record(name: string, codec: 'H264' | 'VP8', audio: boolean): Promise<{ path: string; file: RecordingFile }> {
    const path = join(folder, name);
    const [firstFrame = Buffer.alloc(0), ...rest] = pictures.get(codec) ?? [];
    const file = await RecordingFile.create(path, { codec, firstFrame, audio });
    [firstFrame, ...rest].forEach((data, index) => {
      file.writeVideo(data, VIDEO_TICKS[index] ?? 0, KEYFRAMES.has(index));
      const packet = sound[index];
      if (packet !== undefined) file.writeAudio(packet, AUDIO_TICKS[index] ?? 0);
    });
    return { path, file };
  }

  it.each([
    ['one.mp4', 'H264'],
    ['one.MKV', 'H264'],
    ['two.mkv', 'VP8'],
    ['one.webm', 'VP8'],
  ] as const)('keeps the time of every packet in %s of %s', async (name, codec) => {
    const { path, file } = await record(name, codec, true);
    await file.finish();
    await file.finish();
    const { packets, width, seconds } = await demux(path);
    expect(width).toBe(WIDTH);
    const times = (kind: string): number[] => packets.filter((packet) => packet.kind === kind).map((packet) => packet.seconds);
    // Matroska and WebM count in milliseconds.
    const near = (wanted: number): unknown => expect.toSatisfy((value: number) => Math.abs(value - wanted) < 0.0006);
    expect(times('video')).toEqual(VIDEO_TICKS.map((ticks) => near(ticks / 90_000)));
    expect(times('audio')).toEqual(AUDIO_TICKS.map((ticks) => near(ticks / 48_000)));
    const keyframes = packets.filter(({ kind }) => kind === 'video').map(({ keyframe }) => keyframe);
    expect(keyframes).toEqual(VIDEO_TICKS.map((_, index) => KEYFRAMES.has(index)));
    // The last picture is as long as the one before.
    expect(seconds).toBeCloseTo((57_000 + 1500) / 90_000, 1);
  });

  it('has no sound where none was announced, and does without that which was', async () => {
    const silent = await record('silent.mp4', 'H264', false);
    await silent.file.finish();
    expect((await demux(silent.path)).packets.every(({ kind }) => kind === 'video')).toBe(true);
    const path = join(folder, 'announced.mp4');
    const [firstFrame = Buffer.alloc(0)] = pictures.get('H264') ?? [];
    const file = await RecordingFile.create(path, { codec: 'H264', firstFrame, audio: true });
    file.writeVideo(firstFrame, 0, true);
    await file.finish();
    expect((await demux(path)).packets).toHaveLength(1);
  });

  it('can be played up to its last keyframe while it is not finished', async () => {
    const { path, file } = await record('crashed.mp4', 'H264', true);
    // A packet waits for what the other stream has at its time.
    for (let ticks = 6000; ticks < 48_000; ticks += 960) file.writeAudio(sound[0] ?? Buffer.alloc(0), ticks);
    const copy = join(folder, 'copy.mp4');
    await copyFile(path, copy);
    await file.finish();
    const video = (await demux(copy)).packets.filter(({ kind }) => kind === 'video');
    expect(video).toHaveLength(3);
  });

  it('refuses a file that cannot be written, a picture that is none, and a name that says nothing', async () => {
    const [firstFrame = Buffer.alloc(0)] = pictures.get('H264') ?? [];
    const create = (path: string, frame: Buffer): Promise<RecordingFile> =>
      RecordingFile.create(path, { codec: 'H264', firstFrame: frame, audio: false });
    await expect(create(join(folder, 'no', 'such.mp4'), firstFrame)).rejects.toThrow(CodecError);
    await expect(create(join(folder, 'bad.mp4'), Buffer.of(0, 0, 0, 1, 0x65, 1))).rejects.toThrow(CodecError);
    await expect(create(join(folder, 'name'), firstFrame)).rejects.toThrow(/no end that names a container/);
    expect([containerOf('a.avi'), containerOf('mp4'), containerOf('a.mp4/b')]).toEqual([undefined, undefined, undefined]);
  });
});
