import {
  AVFMT_FLAG_FLUSH_PACKETS,
  AV_CODEC_ID_H264,
  AV_CODEC_ID_OPUS,
  AV_CODEC_ID_VP8,
  AVMEDIA_TYPE_AUDIO,
  AVMEDIA_TYPE_VIDEO,
} from 'node-av/constants';
import { Dictionary, FormatContext, Packet, Rational, type Stream } from 'node-av/lib';

import { CodecError } from './codec.error.js';
import { asBuffer, check, layoutOf } from './ffmpeg.js';
import type { PictureSize } from './picture-size.js';
import { VideoDecoder } from './video-decoder.js';

const VIDEO_CLOCK_RATE = 90_000;
const AUDIO_CLOCK_RATE = 48_000;
/** How long the last packet of a stream is said to be, at most; of the others the next one tells. */
const USUAL_VIDEO_TICKS = 3750;
const USUAL_AUDIO_TICKS = 960;

/** How long a packet waits for one of the other stream, microseconds; there may be none. */
const MAX_INTERLEAVE_US = 1_000_000n;

/**
 * What is in the file while it grows. MP4: a fragment a second, and from each keyframe on, and at the end one index of all, as if there had been none; the
 * first index waits for the first fragment, since it says how much later than the picture the sound begins. Matroska: a cluster a second.
 */
const WRITING_OPTIONS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  mp4: { movflags: 'hybrid_fragmented+frag_keyframe+delay_moov', frag_duration: '1000000' },
  matroska: { cluster_time_limit: '1000' },
  webm: { cluster_time_limit: '1000' },
};

/** What a container is called by the end of a file's name, and the video codecs that it takes, best first. */
const CONTAINERS = {
  mp4: { format: 'mp4', videoCodecs: ['H264'] },
  mkv: { format: 'matroska', videoCodecs: ['H264', 'VP8'] },
  webm: { format: 'webm', videoCodecs: ['VP8'] },
} as const;

/** Before each NAL unit (ITU-T H.264 annex B). */
const START_CODE = Buffer.of(0, 0, 1);

export type RecordedVideoCodec = 'H264' | 'VP8';

export interface Container {
  readonly format: string;
  readonly videoCodecs: readonly RecordedVideoCodec[];
}

/** Ends of names that a recording may have. */
export const RECORDING_EXTENSIONS: readonly string[] = Object.keys(CONTAINERS);

/** The container that a file's name asks for; undefined when it is none of ours. Pure. */
export function containerOf(path: string): Container | undefined {
  const extension = /\.([a-z0-9]+)$/iu.exec(path)?.[1]?.toLowerCase() ?? '';
  return Object.hasOwn(CONTAINERS, extension) ? CONTAINERS[extension as keyof typeof CONTAINERS] : undefined;
}

export interface RecordedStreams {
  readonly codec: RecordedVideoCodec;
  /** A keyframe; the file begins with it. */
  readonly firstFrame: Buffer;
  /** Whether there may be Opus, stereo. */
  readonly audio: boolean;
}

interface PacketTimes {
  readonly ticks: number;
  readonly duration: number;
  readonly clockRate: number;
  readonly keyframe: boolean;
}

/**
 * A file that encoded frames are written to as they are. What was recorded until a second before a crash, or a full disk, can be played. Calls of `write…` block for the time of a memory copy; their timestamps rise.
 */
export class RecordingFile {
  readonly #packet = new Packet();
  #lastVideoTicks = 0;
  #closed = false;

  private constructor(
    private readonly context: FormatContext,
    private readonly video: Stream,
    private readonly audio: Stream | undefined,
  ) {
    this.#packet.alloc();
  }

  /** Replaces what is at `path`. The caller finishes the file. Rejects with CodecError. */
  static async create(path: string, streams: RecordedStreams): Promise<RecordingFile> {
    const container = containerOf(path);
    if (container === undefined) throw new CodecError(`${path} has no end that names a container.`);
    const size = await sizeOf(streams);
    const context = new FormatContext();
    // Without the scheme a colon in the name would choose a protocol.
    check(context.allocOutputContext2(null, container.format, `file:${path}`), `Making a ${container.format} file`);
    try {
      const videoStream = addVideo(context, streams, size);
      const audioStream = streams.audio ? addAudio(context) : undefined;
      // What was written is in the file, and not in a buffer, when the process dies.
      context.setFlags(AVFMT_FLAG_FLUSH_PACKETS);
      context.maxInterleaveDelta = MAX_INTERLEAVE_US;
      check(await context.openOutput(), `Opening ${path}`);
      const options = Dictionary.fromObject({ ...WRITING_OPTIONS[container.format] });
      check(await context.writeHeader(options), `Writing the beginning of ${path}`);
      return new RecordingFile(context, videoStream, audioStream);
    } catch (error) {
      await context.closeOutput().catch(() => undefined);
      context.freeContext();
      throw error;
    }
  }

  /** @param ticks of 90 kHz since the beginning. Throws CodecError. */
  writeVideo(data: Buffer, ticks: number, keyframe: boolean): void {
    // A long time before says nothing of the time after.
    const duration = Math.min(Math.max(1, ticks - this.#lastVideoTicks), USUAL_VIDEO_TICKS);
    this.#lastVideoTicks = ticks;
    this.#write(this.video, data, { ticks, duration, clockRate: VIDEO_CLOCK_RATE, keyframe });
  }

  /** @param ticks of 48 kHz since the beginning. Throws CodecError. */
  writeAudio(data: Buffer, ticks: number): void {
    if (this.audio === undefined) return;
    this.#write(this.audio, data, { ticks, duration: USUAL_AUDIO_TICKS, clockRate: AUDIO_CLOCK_RATE, keyframe: true });
  }

  /** Completes the file. Idempotent. Rejects with CodecError. */
  async finish(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    try {
      check(await this.context.writeTrailer(), 'Completing the recording');
    } finally {
      await this.context.closeOutput().catch(() => undefined);
      this.context.freeContext();
      this.#packet.free();
    }
  }

  #write(stream: Stream, data: Buffer, { ticks, duration, clockRate, keyframe }: PacketTimes): void {
    const packet = this.#packet;
    packet.unref();
    packet.data = asBuffer(data);
    packet.streamIndex = stream.index;
    packet.pts = packet.dts = BigInt(ticks);
    packet.duration = BigInt(duration);
    packet.isKeyframe = keyframe;
    // The container may count otherwise, as Matroska does in milliseconds.
    packet.rescaleTs(new Rational(1, clockRate), stream.timeBase);
    check(this.context.interleavedWriteFrameSync(packet), 'Writing the recording');
  }
}

async function sizeOf({ codec, firstFrame }: RecordedStreams): Promise<PictureSize> {
  const decoder = await VideoDecoder.open(codec);
  try {
    const [picture] = await decoder.decode(firstFrame);
    if (picture === undefined) throw new CodecError('The first picture cannot be decoded.');
    return { width: picture.width, height: picture.height };
  } finally {
    decoder.close();
  }
}

function addVideo(context: FormatContext, { codec, firstFrame }: RecordedStreams, { width, height }: PictureSize): Stream {
  const stream = context.newStream();
  const { codecpar } = stream;
  codecpar.codecType = AVMEDIA_TYPE_VIDEO;
  codecpar.codecId = codec === 'H264' ? AV_CODEC_ID_H264 : AV_CODEC_ID_VP8;
  codecpar.width = width;
  codecpar.height = height;
  if (codec === 'H264') codecpar.extradata = parameterSetsOf(firstFrame);
  stream.timeBase = new Rational(1, VIDEO_CLOCK_RATE);
  return stream;
}

function addAudio(context: FormatContext): Stream {
  const stream = context.newStream();
  const { codecpar } = stream;
  codecpar.codecType = AVMEDIA_TYPE_AUDIO;
  codecpar.codecId = AV_CODEC_ID_OPUS;
  codecpar.sampleRate = AUDIO_CLOCK_RATE;
  codecpar.channelLayout = layoutOf(2);
  codecpar.extradata = opusHead();
  stream.timeBase = new Rational(1, AUDIO_CLOCK_RATE);
  return stream;
}

/** SPS and PPS of a keyframe (NAL unit types 7 and 8, ITU-T H.264 table 7-1), in Annex B. */
function parameterSetsOf(accessUnit: Buffer): Buffer {
  const units: Buffer[] = [];
  for (let at = accessUnit.indexOf(START_CODE); at >= 0;) {
    const next = accessUnit.indexOf(START_CODE, at + START_CODE.length);
    units.push(accessUnit.subarray(at + START_CODE.length, next < 0 ? undefined : next));
    at = next;
  }
  const sets = units.filter((unit) => [7, 8].includes((unit[0] ?? 0) & 0x1f));
  if (sets.length < 2) throw new CodecError('The first picture has no parameter sets.');
  // The zero before the next start code belongs to that: a parameter set ends in a bit that is one.
  return Buffer.concat(sets.flatMap((unit) => [Buffer.of(0), START_CODE, withoutTrailingZeros(unit)]));
}

function withoutTrailingZeros(unit: Buffer): Buffer {
  let end = unit.length;
  while (end > 0 && unit[end - 1] === 0) end -= 1;
  return unit.subarray(0, end);
}

/**
 * An identification header (RFC 7845 section 5.1): stereo, 48 kHz, mapping family 0. No pre-skip: a receiver of RTP plays every sample, and what is
 * recorded is in sync with the picture as it is then.
 */
function opusHead(): Buffer {
  const head = Buffer.alloc(19);
  head.write('OpusHead', 'latin1');
  head.writeUInt8(1, 8);
  head.writeUInt8(2, 9);
  head.writeUInt32LE(AUDIO_CLOCK_RATE, 12);
  return head;
}
