import { setImmediate as turn } from 'node:timers/promises';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { MediaInput, RawPicture } from '../common/index.js';
import { OpusEncoder, PictureDecoder, VideoEncoder } from './codec/index.js';
import { MediaRelay } from './media-relay.js';
import type { EncodedInput, InboundTrack } from './webrtc/index.js';

const WIDTH = 64;
const HEIGHT = 48;

/** Encoded pictures, each of one level of grey; the first is a keyframe. */
async function video(codec: 'H264' | 'VP8', greys: readonly number[]): Promise<EncodedInput[]> {
  const decoder = new PictureDecoder();
  const encoder = await VideoEncoder.open({ codec, width: WIDTH, height: HEIGHT, fps: 25, bitrate: 1_000_000 });
  try {
    const frames: EncodedInput[] = [];
    for (const grey of greys) {
      const raw: RawPicture = {
        kind: 'raw',
        format: 'RGB24',
        width: WIDTH,
        height: HEIGHT,
        data: new Uint8Array(WIDTH * HEIGHT * 3).fill(grey),
      };
      const picture = await decoder.decode(raw);
      const encoded = await encoder.encode(picture, { keyframe: frames.length === 0 });
      picture.release();
      if (encoded !== undefined) frames.push({ codec, ...encoded });
    }
    return frames;
  } finally {
    decoder.close();
    encoder.close();
  }
}

async function opus(count: number): Promise<EncodedInput[]> {
  const encoder = await OpusEncoder.open({ channels: 2, bitrate: 64_000, lossPercent: 2 });
  try {
    const pcm = Int16Array.from({ length: 1920 }, (_, index) => 8000 * Math.sin((Math.PI * Math.floor(index / 2)) / 40));
    const packets: EncodedInput[] = [];
    for (let index = 0; index < count; index += 1)
      packets.push({ codec: 'OPUS', data: await encoder.encode(pcm), keyframe: true });
    return packets;
  } finally {
    encoder.close();
  }
}

const relays: MediaRelay[] = [];
let h264: EncodedInput[];

beforeAll(async () => {
  h264 = await video('H264', [40, 80, 120, 160, 200]);
});
afterEach(async () => {
  await Promise.all(relays.splice(0).map((relay) => relay.close()));
});

function setUp(takes = true) {
  const inputs: MediaInput[] = [];
  let keyframeRequests = 0;
  let listener: ((frame: EncodedInput) => void) | undefined;
  const track = {
    onFrame: (added: (frame: EncodedInput) => void) => (listener = added),
    requestKeyframe: () => (keyframeRequests += 1),
  };
  const relay = new MediaRelay(track as unknown as InboundTrack, (input) => {
    inputs.push(input);
    return takes;
  });
  relays.push(relay);
  const receive = (...frames: readonly EncodedInput[]): void => frames.forEach((frame) => listener?.(frame));
  return { relay, inputs, receive, requests: () => keyframeRequests };
}

/** What the codecs' threads may take on a busy machine; by the real clock, which is not simulated. */
const WORK_TIMEOUT_MS = 20_000;

async function until(condition: () => boolean): Promise<void> {
  const endsAtMs = Date.now() + WORK_TIMEOUT_MS;
  while (Date.now() < endsAtMs) {
    if (condition()) return;
    await turn();
  }
  throw new Error(`never came: ${String(condition)}`);
}

function levels(inputs: readonly MediaInput[]): (number | undefined)[] {
  return inputs.flatMap((input) => (input.kind === 'video' ? input.pictures.map(({ data }) => data[WIDTH * 3 * 20 + 60]) : []));
}

function milliseconds(inputs: readonly MediaInput[]): number[] {
  return inputs.flatMap((input) => (input.kind === 'audio' ? [input.audio.data.length / 4 / 48] : []));
}

/** Level of each 20 ms of a piece of sound. */
function levelsOf(input: MediaInput | undefined): number[] {
  if (input?.kind !== 'audio') return [];
  const { data } = input.audio;
  const samples = new Int16Array(data.buffer as ArrayBuffer, data.byteOffset, data.length / 2);
  return Array.from({ length: samples.length / 1920 }, (_, index) => {
    const part = samples.subarray(index * 1920, (index + 1) * 1920);
    return Math.sqrt(part.reduce((sum, sample) => sum + sample * sample, 0) / part.length);
  });
}

describe('MediaRelay', { timeout: 20_000 }, () => {
  it.each(['H264', 'VP8'] as const)('hands a %s camera on as RGB pictures, in order', async (codec) => {
    const { relay, inputs, receive } = setUp();
    receive(...(await video(codec, [40, 120, 200])));
    await until(() => inputs.length === 3);
    const seen = levels(inputs);
    [40, 120, 200].forEach((level, index) => expect(Math.abs((seen[index] ?? 0) - level)).toBeLessThanOrEqual(6));
    expect(inputs[0]).toMatchObject({
      kind: 'video',
      pictures: [{ kind: 'raw', format: 'RGB24', width: WIDTH, height: HEIGHT }],
    });
    expect(relay.counts).toEqual({ decodedFrames: 3, droppedFrames: 0, filledMs: 0 });
  });

  it('hands a microphone on as 48 kHz stereo', async () => {
    const { inputs, receive } = setUp();
    receive(...(await opus(5)));
    await until(() => inputs.length === 5);
    for (const input of inputs) {
      expect(input).toMatchObject({ kind: 'audio', audio: { sampleRate: 48_000, channels: 2 } });
      if (input.kind === 'audio') expect(input.audio.data.byteLength % 4).toBe(0);
    }
  });

  it('fills what a microphone lost: continues the sound, then is silent, and counts it', async () => {
    const { relay, inputs, receive } = setUp();
    // 80 ms are missing behind the third packet; its time is near the end of the 32 bits.
    const times = [0, 960, 1920, 1920 + 960 + 80 * 48, 1920 + 2 * 960 + 80 * 48].map((time) => (time + 2 ** 32 - 2000) >>> 0);
    receive(...(await opus(5)).map((frame, index) => ({ ...frame, rtpTimestamp: times[index] ?? 0 })));
    await until(() => inputs.length === 5);
    expect(milliseconds(inputs)).toEqual([20, 20, 20, 100, 20]);
    expect(relay.counts).toEqual({ decodedFrames: 5, droppedFrames: 0, filledMs: 80 });
    const [first = 0, second = 0, , fourth, last] = levelsOf(inputs[3]);
    expect(Math.min(first, second)).toBeGreaterThan(2000);
    expect(fourth).toBe(0);
    expect(last).toBeGreaterThan(2000);
  });

  it('begins anew after a long pause of the microphone, and where its clock was set', async () => {
    const { relay, inputs, receive } = setUp();
    const times = [0, 960, 960 + 48 * 2000, 10, 970];
    receive(...(await opus(5)).map((frame, index) => ({ ...frame, rtpTimestamp: times[index] ?? 0 })));
    await until(() => inputs.length === 5);
    expect(milliseconds(inputs)).toEqual([20, 20, 20, 20, 20]);
    expect(relay.counts.filledMs).toBe(0);
  });

  it('fills the time of a damaged sound packet with the next', async () => {
    const { relay, inputs, receive } = setUp();
    const packets = (await opus(3)).map((frame, index) => ({ ...frame, rtpTimestamp: index * 960 }));
    receive(...packets.map((frame, index) => (index === 1 ? { ...frame, data: Buffer.of(0xff, 0xff, 0xff) } : frame)));
    await until(() => inputs.length === 2);
    expect(milliseconds(inputs)).toEqual([20, 40]);
    expect(relay.counts).toEqual({ decodedFrames: 2, droppedFrames: 1, filledMs: 20 });
  });

  it('goes on after frames that are no frames, and asks for a keyframe', async () => {
    const { relay, inputs, receive, requests } = setUp();
    const [key, ...rest] = h264;
    if (key === undefined) throw new Error('no frame');
    receive({ codec: 'H264', data: Buffer.from('no frame at all'), keyframe: true });
    receive({ codec: 'H264', data: Buffer.alloc(0), keyframe: true });
    await until(() => requests() > 0);
    receive(key, ...rest);
    await until(() => relay.counts.decodedFrames === 5);
    expect(inputs).toHaveLength(5);
  });

  it('goes on after a damaged sound packet, and asks nobody for a keyframe of it', async () => {
    const { relay, inputs, receive, requests } = setUp();
    receive({ codec: 'OPUS', data: Buffer.alloc(0), keyframe: true }, ...(await opus(2)));
    await until(() => inputs.length === 2);
    expect(relay.counts).toEqual({ decodedFrames: 2, droppedFrames: 1, filledMs: 0 });
    expect(requests()).toBe(0);
  });

  it('follows a client that changes its codec', async () => {
    const { inputs, receive } = setUp();
    receive(...h264.slice(0, 2), ...(await video('VP8', [90, 90])), ...h264.slice(0, 1));
    await until(() => inputs.length === 5);
    const [first = 0, , third = 0] = levels(inputs);
    expect(Math.abs(first - 40)).toBeLessThanOrEqual(6);
    expect(Math.abs(third - 90)).toBeLessThanOrEqual(6);
  });

  it('counts what nobody takes', async () => {
    const { relay, receive } = setUp(false);
    receive(...h264);
    await until(() => relay.counts.decodedFrames === 5);
    expect(relay.counts.droppedFrames).toBe(5);
  });

  it('begins again at a keyframe when it falls too far behind, and shows nothing that refers to what it left out', async () => {
    const { relay, inputs, receive, requests } = setUp();
    const [key, ...deltas] = h264;
    const delta = deltas[0];
    if (key === undefined || delta === undefined) throw new Error('no frames');
    // All in one turn, so that the decoder cannot keep up: one is in work, 60 wait, and then there is no room.
    receive(key, ...Array.from({ length: 100 }, () => delta));
    expect(requests()).toBeGreaterThan(0);
    await until(() => relay.counts.decodedFrames + relay.counts.droppedFrames === 101);
    const before = inputs.length;
    expect(before).toBe(1);
    receive(delta, key, delta);
    await until(() => inputs.length === before + 2);
    expect(Math.abs((levels(inputs)[before] ?? 0) - 40)).toBeLessThanOrEqual(6);
    expect(relay.counts.droppedFrames).toBe(101);
  });

  it('takes a frame that comes the moment the last was handed on', async () => {
    const { inputs, receive } = setUp();
    for (const frame of h264) {
      const count = inputs.length;
      receive(frame);
      await until(() => inputs.length > count);
    }
    expect(inputs).toHaveLength(h264.length);
  });

  it('hands nothing on once it is closing, at whatever moment, and frees its decoders once', async () => {
    for (const turns of [0, 1, 2, 4, 8, 16]) {
      const { relay, inputs, receive } = setUp();
      receive(...h264);
      for (let index = 0; index < turns; index += 1) await turn();
      const count = inputs.length;
      await Promise.all([relay.close(), relay.close()]);
      receive(...h264);
      await turn();
      expect(inputs).toHaveLength(count);
    }
  });
});
