/** A track of sound on the real codec, in simulated time, with a fake where the network is. */
import { setImmediate as turn } from 'node:timers/promises';
import { afterEach, beforeEach, vi } from 'vitest';
import type { PcmAudio } from '../common/index.js';
import { AudioTrack } from './audio-track.js';
import { OpusDecoder } from './codec/index.js';
import { MediaClock } from './media-clock.js';
import type { OutboundRtp, SendResult } from './webrtc/index.js';

export const FRAME_MS = 20;
/** A packet leaves so much before its media time. */
export const LEAD_MS = 20;

/** A 440 Hz tone at half of full scale. */
export function tone(
  durationMs: number,
  { sampleRate = 48_000, channels = 1 }: { sampleRate?: number; channels?: 1 | 2 } = {},
): PcmAudio {
  const samples = new Int16Array(((durationMs * sampleRate) / 1000) * channels);
  for (let index = 0; index < samples.length; index += 1) {
    samples[index] = 16_384 * Math.sin((2 * Math.PI * 440 * Math.floor(index / channels)) / sampleRate);
  }
  return { data: new Uint8Array(samples.buffer), sampleRate, channels };
}

/** Stands where the network does; the real codec does the rest. */
class FakeOutbound {
  readonly codec = 'OPUS';
  readonly clockRate = 48_000;
  readonly sent: { readonly data: Buffer; readonly rtpTimestamp: number; readonly atMs: number }[] = [];

  send(data: Buffer, rtpTimestamp: number): SendResult {
    this.sent.push({ data, rtpTimestamp, atMs: performance.now() });
    return 'queued';
  }
}

const tracks: AudioTrack[] = [];

/** Declares for the tests of a file that time is simulated, and that their tracks are closed with nothing left. */
export function simulateTime(): void {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
  });
  afterEach(async () => {
    await Promise.all(tracks.splice(0).map((track) => track.close()));
    const timersLeft = vi.getTimerCount();
    vi.useRealTimers();
    if (timersLeft > 0) throw new Error(`${timersLeft} timers are left`);
  });
}

export function setUp() {
  const outbound = new FakeOutbound();
  const originMs = performance.now();
  const track = new AudioTrack(outbound as unknown as OutboundRtp, new MediaClock(originMs, 0));
  tracks.push(track);
  /** Media times of the packets sent, ms. */
  const times = (): number[] => outbound.sent.map(({ rtpTimestamp }) => ((rtpTimestamp - track.rtpTimestamp(0)) >>> 0) / 48);
  /** How long after its media time each packet left, ms. */
  const lateness = (): number[] => outbound.sent.map(({ atMs }, index) => atMs - originMs - (times()[index] ?? 0));
  return { track, outbound, times, lateness };
}

/** Until no packet is in hand. */
export async function idle(track: AudioTrack): Promise<void> {
  for (let turns = 0; Reflect.get(track, 'working') !== undefined; turns += 1) {
    if (turns > 50_000) throw new Error('a packet never left');
    await turn();
  }
}

export async function pass(track: AudioTrack, durationMs: number, stepMs = 5): Promise<void> {
  await idle(track);
  for (let passedMs = 0; passedMs < durationMs; passedMs += stepMs) {
    await vi.advanceTimersByTimeAsync(stepMs);
    await idle(track);
  }
}

/** What a receiver hears, stereo: a piece a packet. */
async function decoded(packets: readonly Buffer[]): Promise<Int16Array[]> {
  const decoder = await OpusDecoder.open();
  try {
    const pieces: Int16Array[] = [];
    for (const packet of packets) {
      const { data } = await decoder.decode(packet);
      pieces.push(new Int16Array(data.buffer as ArrayBuffer, data.byteOffset, data.byteLength / 2));
    }
    return pieces;
  } finally {
    decoder.close();
  }
}

/** Level of each 20 ms of what a receiver hears: root mean square of both channels together. */
export async function heard(packets: readonly Buffer[]): Promise<number[]> {
  const pieces = await decoded(packets);
  return pieces.map((samples) => Math.sqrt(samples.reduce((sum, sample) => sum + sample * sample, 0) / samples.length));
}

/** The largest second difference on the left, the first packets apart: a click stands out of a smooth tone by far. */
export async function roughness(packets: readonly Buffer[]): Promise<number> {
  const left = (await decoded(packets)).slice(3).flatMap((piece) => [...piece].filter((_, index) => index % 2 === 0));
  let worst = 0;
  for (let index = 2; index < left.length; index += 1) {
    worst = Math.max(worst, Math.abs((left[index] ?? 0) - 2 * (left[index - 1] ?? 0) + (left[index - 2] ?? 0)));
  }
  return worst;
}

export function every20Ms(count: number, fromMs = 0): number[] {
  return Array.from({ length: count }, (_, index) => fromMs + index * FRAME_MS);
}
