import {
  AV_PICTURE_TYPE_I,
  AV_PICTURE_TYPE_NONE,
  AV_PIX_FMT_YUV420P,
  AV_PKT_DATA_QUALITY_STATS,
  AVCOL_PRI_SMPTE170M,
  AVCOL_RANGE_MPEG,
  AVCOL_SPC_SMPTE170M,
  AVCOL_TRC_SMPTE170M,
  AVERROR_EAGAIN,
  FF_QP2LAMBDA,
} from 'node-av/constants';
import { Codec, Packet, Rational, type CodecContext, type Frame } from 'node-av/lib';

import { CodecError } from './codec.error.js';
import { NativePicture, type DecodedPicture } from './decoded-picture.js';
import {
  softwareEncoder,
  type EncoderImplementation,
  type EncoderProfile,
  type EncoderSettings,
  type H264Profile,
  type VideoCodec,
} from './encoder-implementations.js';
import { check, openContext, setOptions } from './ffmpeg.js';
import { SerialQueue } from './serial-queue.js';
import { VaapiUpload } from './vaapi-upload.js';

export interface VideoEncoderOptions {
  readonly codec: VideoCodec;
  /** Absent: the codec's software encoder. */
  readonly implementation?: EncoderImplementation;
  /** Absent: `latency`. */
  readonly profile?: EncoderProfile;
  /** Best profile that the receiver takes; absent: baseline. Other codecs have no such choice. */
  readonly h264Profile?: H264Profile;
  /** Seconds in which the whole picture is renewed without being asked; absent or 0: only on request. */
  readonly intraRefreshSeconds?: number;
  /** Pixels, even; every picture must have this size. */
  readonly width: number;
  /** Pixels, even. */
  readonly height: number;
  /** Frames a second the bits are divided among. */
  readonly fps: number;
  /** Bits a second. */
  readonly bitrate: number;
}

export interface EncodeOptions {
  /** Forces an IDR or key frame that a decoder can start from. */
  readonly keyframe: boolean;
  /** Media time of the picture, ms, from any origin; absent: one frame interval after the last. Must increase, else it is moved up. */
  readonly timestampMs?: number;
}

export interface EncodedVideo {
  /** H.264: one access unit, Annex B, SPS and PPS before every IDR. VP8, VP9: one frame. AV1: one temporal unit. */
  readonly data: Buffer;
  readonly keyframe: boolean;
  /** Mean quantiser of the picture, 0–51 for H.264 and 0–63 for the others; undefined when the encoder does not say. */
  readonly quantiser: number | undefined;
}

/** RTP's clock for video, so that a timestamp needs no second rounding. */
const CLOCK_RATE = 90_000;

/** The rate-control buffer, seconds: the longest time one key frame may take at the target rate. */
const BUFFER_SECONDS = 0.3;

/** Real-time video, one thread, no frame held back. */
export class VideoEncoder {
  readonly #queue = new SerialQueue();
  readonly #packet = new Packet();
  readonly #intervalTicks: number;
  #lastPts: number | undefined;
  #pendingRate: { readonly bitrate: number; readonly scaled: number } | undefined;

  private constructor(
    private readonly context: CodecContext,
    private readonly options: VideoEncoderOptions,
    private readonly implementation: EncoderImplementation,
    private readonly upload: VaapiUpload | undefined,
  ) {
    this.#packet.alloc();
    this.#intervalTicks = CLOCK_RATE / options.fps;
  }

  /** The caller owns the encoder. Rejects with CodecError. */
  static async open(options: VideoEncoderOptions): Promise<VideoEncoder> {
    const { codec, width, height, fps, bitrate } = options;
    if (width % 2 !== 0 || height % 2 !== 0 || !(fps > 0) || !(bitrate > 0)) {
      throw new CodecError(`Cannot encode ${width} × ${height} at ${fps} frames and ${bitrate} bits a second.`);
    }
    const implementation = options.implementation ?? softwareEncoder(codec);
    const { name, kind } = implementation;
    let upload: VaapiUpload | undefined;
    try {
      const context = await openContext(Codec.findEncoderByName(name), name, (opened) => {
        opened.width = width;
        opened.height = height;
        opened.pixelFormat = AV_PIX_FMT_YUV420P;
        opened.timeBase = new Rational(1, CLOCK_RATE);
        opened.framerate = new Rational(Math.round(fps * 1000), 1000);
        opened.threadCount = 1;
        opened.maxBFrames = 0;
        // Written to the stream (H.264 annex E, VP9's and AV1's colour configuration), so that a decoder need not guess the matrix by the size.
        opened.colorRange = AVCOL_RANGE_MPEG;
        opened.colorSpace = AVCOL_SPC_SMPTE170M;
        opened.colorPrimaries = AVCOL_PRI_SMPTE170M;
        opened.colorTrc = AVCOL_TRC_SMPTE170M;
        // x264 follows a later change of rate only if its buffer model was on from the start.
        applyRate(opened, implementation, bitrate, bitrate);
        setOptions(opened, implementation.options(settingsOf(options)));
        if (kind === 'vaapi') upload = VaapiUpload.open(opened, width, height);
      });
      return new VideoEncoder(context, options, implementation, upload);
    } catch (error) {
      upload?.close();
      throw error;
    }
  }

  /**
   * Encodes one picture; undefined when the rate control left it out. The picture may be released as soon as this returned its promise,
   * and may be given to other encoders. Rejects with CodecError (another size, released, closed, too many calls waiting).
   */
  encode(picture: DecodedPicture, { keyframe, timestampMs }: EncodeOptions): Promise<EncodedVideo | undefined> {
    const { width, height } = this.options;
    if (!(picture instanceof NativePicture)) return Promise.reject(new CodecError('Not a picture of this decoder.'));
    if (picture.width !== width || picture.height !== height) {
      return Promise.reject(
        new CodecError(`The encoder is ${width} × ${height}, the picture ${picture.width} × ${picture.height}.`),
      );
    }
    let input: Frame | null;
    try {
      input = picture.frame.clone();
    } catch (error) {
      return Promise.reject(error);
    }
    return this.#queue.run(() => this.#encode(input, keyframe, timestampMs)).finally(() => input?.free());
  }

  /**
   * Changes the target, bits a second, from the next picture on. `fps` is the rate pictures really come at, when that is no longer the one
   * the encoder was opened with: x264 divides its bits by that one. True: done without a key frame. False: this encoder cannot (libvpx,
   * SVT-AV1); re-open, which costs a key frame.
   */
  setBitrate(bitrate: number, fps: number = this.options.fps): boolean {
    if (!this.implementation.followsRate) return false;
    // The encoder's thread reads these fields, so they are written between two pictures.
    this.#pendingRate = { bitrate, scaled: (bitrate * this.options.fps) / fps };
    return true;
  }

  /** Idempotent. A call in flight ends first; waiting ones are rejected. */
  close(): void {
    this.#queue.close(() => {
      this.context.freeContext();
      this.upload?.close();
      this.#packet.free();
    });
  }

  async #encode(input: Frame | null, keyframe: boolean, timestampMs: number | undefined): Promise<EncodedVideo | undefined> {
    if (!input) throw new CodecError('Out of memory.');
    const { upload } = this;
    const pending = this.#pendingRate;
    if (pending !== undefined) applyRate(this.context, this.implementation, pending.bitrate, pending.scaled);
    this.#pendingRate = undefined;
    const uploaded = await upload?.upload(input);
    const frame = uploaded ?? input;
    try {
      frame.pts = BigInt(this.#nextPts(timestampMs));
      frame.duration = BigInt(Math.round(this.#intervalTicks));
      frame.pictType = keyframe ? AV_PICTURE_TYPE_I : AV_PICTURE_TYPE_NONE;
      // The encoder does its work while the frame is sent; receiving only moves a reference, so it need not visit another thread.
      check(await this.context.sendFrame(frame), 'Encoding');
    } finally {
      uploaded?.free();
    }
    this.#packet.unref();
    const received = this.context.receivePacketSync(this.#packet);
    if (received === AVERROR_EAGAIN) return undefined;
    check(received, 'Encoding');
    const data = this.#packet.data;
    return data ? { data, keyframe: this.#packet.isKeyframe && this.#isRefresh(data), quantiser: this.#quantiser() } : undefined;
  }

  /** Whether a decoder can start: x264 also marks the pictures at which a moving refresh begins, which only promise a whole picture for later. */
  #isRefresh(data: Buffer): boolean {
    return this.options.codec !== 'H264' || !this.options.intraRefreshSeconds || hasIdrSlice(data);
  }

  /** FFmpeg's encoders leave the quantiser beside the packet, in units of lambda. */
  #quantiser(): number | undefined {
    const stats = this.#packet.getSideData(AV_PKT_DATA_QUALITY_STATS);
    const lambda = stats === null || stats.length < 4 ? 0 : stats.readUInt32LE(0);
    return lambda === 0 ? undefined : lambda / FF_QP2LAMBDA;
  }

  #nextPts(timestampMs: number | undefined): number {
    const last = this.#lastPts;
    const wanted =
      timestampMs === undefined ? (last ?? -this.#intervalTicks) + this.#intervalTicks : (timestampMs * CLOCK_RATE) / 1000;
    const pts = Math.max(Math.round(wanted), last === undefined ? -Infinity : last + 1);
    this.#lastPts = pts;
    return pts;
  }
}

/** Whether an access unit in Annex B is an IDR picture (`nal_unit_type` 5, H.264 table 7-1). */
function hasIdrSlice(unit: Buffer): boolean {
  for (let at = unit.indexOf('000001', 0, 'hex'); at >= 0; at = unit.indexOf('000001', at + 3, 'hex')) {
    const type = (unit[at + 3] ?? 0) & 31;
    if (type === 5) return true;
    if (type === 1) return false;
  }
  return false;
}

function settingsOf({
  profile = 'latency',
  h264Profile = 'baseline',
  intraRefreshSeconds = 0,
  fps,
}: VideoEncoderOptions): EncoderSettings {
  const refreshFrames = intraRefreshSeconds === 0 ? undefined : Math.max(2, Math.round(intraRefreshSeconds * fps));
  return { profile, h264Profile, fps, refreshFrames, bufferSeconds: BUFFER_SECONDS };
}

/** @param scaled the rate in the encoder's own time, which runs at the frame rate it was opened with */
function applyRate(context: CodecContext, { takesMaxRate }: EncoderImplementation, bitrate: number, scaled: number): void {
  context.bitRate = BigInt(Math.round(scaled));
  if (takesMaxRate) context.rcMaxRate = BigInt(Math.round(scaled));
  context.rcBufferSize = Math.round(bitrate * BUFFER_SECONDS);
}
