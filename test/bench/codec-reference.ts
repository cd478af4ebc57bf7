/**
 * The floor under the CPU figures: FFmpeg's mjpeg decoder and x264 (ultrafast, zerolatency, 2 Mbps, one thread) on the clip's JPEG frames,
 * nothing else. Run as a process of its own by the benchmark; prints one line of JSON.
 *
 *     node test/bench/codec-reference.ts <seconds>
 *
 * Measured twice: frame after frame, and paced at the clip's rate. A paced frame finds cold caches and costs about 1.4 times as much, and
 * paced is how a stream is served.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { AV_PICTURE_TYPE_NONE, AV_PIX_FMT_YUVJ420P } from 'node-av/constants';
import { Codec, CodecContext, Frame, Packet, Rational } from 'node-av/lib';
import { DEFAULT_CLIP, loadClip } from '../../pipelines/video-replay/clip.ts';

const BITRATE = 2_000_000;
const WARM_UP_FRAMES = 48;

export interface CodecReference {
  /** CPU milliseconds a frame, frame after frame. */
  readonly backToBackMs: number;
  /** CPU milliseconds a frame, paced, without what the timer itself costs. */
  readonly pacedMs: number;
  readonly fps: number;
}

const clip = await loadClip(DEFAULT_CLIP);
const pictures = clip.pictures.map((picture) => Buffer.from(picture));

function check(code: number): void {
  if (code < 0) throw new Error(`FFmpeg failed with ${code}`);
}

function open(codec: Codec | null, set: (context: CodecContext) => void): CodecContext {
  if (codec === null) throw new Error('the codec is missing');
  const context = new CodecContext();
  context.allocContext3(codec);
  context.threadCount = 1;
  set(context);
  check(context.open2Sync(codec, null));
  return context;
}

const decoder = open(Codec.findDecoderByName('mjpeg' as never), () => undefined);
const encoder = open(Codec.findEncoderByName('libx264' as never), (context) => {
  context.width = clip.width;
  context.height = clip.height;
  context.pixelFormat = AV_PIX_FMT_YUVJ420P;
  context.timeBase = new Rational(1, clip.fps);
  context.framerate = new Rational(clip.fps, 1);
  context.bitRate = BigInt(BITRATE);
  context.gopSize = 100_000;
  check(context.setOption('preset', 'ultrafast'));
  check(context.setOption('tune', 'zerolatency'));
});
const input = new Packet();
const frame = new Frame();
const output = new Packet();
input.alloc();
frame.alloc();
output.alloc();
let coded = 0;

function transcodeNext(): void {
  input.unref();
  input.data = pictures[coded % pictures.length] ?? Buffer.alloc(0);
  check(decoder.sendPacketSync(input));
  frame.unref();
  check(decoder.receiveFrameSync(frame));
  frame.pts = BigInt(coded);
  frame.pictType = AV_PICTURE_TYPE_NONE;
  check(encoder.sendFrameSync(frame));
  output.unref();
  check(encoder.receivePacketSync(output));
  coded += 1;
}

/** CPU milliseconds a call. */
async function measure(count: number, intervalMs: number, job: () => void): Promise<number> {
  const cpu = process.cpuUsage();
  const startMs = performance.now();
  for (let index = 1; index <= count; index += 1) {
    job();
    const waitMs = startMs + index * intervalMs - performance.now();
    if (waitMs > 0) await sleep(waitMs);
  }
  const { user, system } = process.cpuUsage(cpu);
  return (user + system) / 1000 / count;
}

const seconds = Number(process.argv[2] ?? 10);
const frames = Math.round(seconds * clip.fps);
for (let index = 0; index < WARM_UP_FRAMES; index += 1) transcodeNext();
const backToBackMs = await measure(frames, 0, transcodeNext);
const idleMs = await measure(clip.fps * 2, 1000 / clip.fps, () => undefined);
const pacedMs = (await measure(frames, 1000 / clip.fps, transcodeNext)) - idleMs;
const result: CodecReference = { backToBackMs, pacedMs, fps: clip.fps };
console.log(JSON.stringify(result));
