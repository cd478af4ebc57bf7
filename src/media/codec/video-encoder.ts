import {
  AV_PICTURE_TYPE_I,
  AV_PICTURE_TYPE_NONE,
  AV_PIX_FMT_YUV420P,
  AVCOL_PRI_SMPTE170M,
  AVCOL_RANGE_MPEG,
  AVCOL_SPC_SMPTE170M,
  AVCOL_TRC_SMPTE170M,
  AVERROR_EAGAIN,
  FF_ENCODER_LIBVPX_VP8,
  FF_ENCODER_LIBX264,
} from 'node-av/constants';
import { Codec, Packet, Rational, type CodecContext, type Frame } from 'node-av/lib';

import { CodecError } from './codec.error.js';
import { NativePicture, type DecodedPicture } from './decoded-picture.js';
import { check, openContext, setOptions } from './ffmpeg.js';
import { SerialQueue } from './serial-queue.js';

/** The two codecs every WebRTC endpoint has (RFC 7742 section 5). */
export type VideoCodec = 'H264' | 'VP8';

export interface VideoEncoderOptions {
  readonly codec: VideoCodec;
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
  /** H.264: one access unit, Annex B, SPS and PPS before every IDR. VP8: one frame (RFC 7741). */
  readonly data: Buffer;
  readonly keyframe: boolean;
}

/** RTP's clock for video, so that a timestamp needs no second rounding. */
const CLOCK_RATE = 90_000;

/** The rate-control buffer, seconds: the longest time one key frame may take at the target rate. */
const BUFFER_SECONDS = 0.3;

// No scene-cut or periodic key frames: a key frame is what the receivers ask for. Threads, look-ahead and B-frames each hold frames back.
const X264_OPTIONS = {
  preset: 'ultrafast',
  tune: 'zerolatency',
  profile: 'baseline',
  'forced-idr': '1',
  'x264-params': 'scenecut=0:keyint=infinite:repeat-headers=1:annexb=1',
};

// cpu-used below zero is a fixed speed; above zero libvpx adapts to its own clock and takes twice the time here. A key frame may take
// max-intra-rate percent of one frame's share.
const VPX_OPTIONS = {
  deadline: 'realtime',
  'cpu-used': '-8',
  'error-resilient': 'default',
  'lag-in-frames': '0',
  'static-thresh': '1',
  'max-intra-rate': '600',
  g: '1000000',
  keyint_min: '1000000',
};

/** Real-time H.264 (constrained baseline) or VP8, one thread, no frame held back. */
export class VideoEncoder {
  readonly #queue = new SerialQueue();
  readonly #packet = new Packet();
  readonly #intervalTicks: number;
  #lastPts: number | undefined;
  #pendingRate: { readonly bitrate: number; readonly scaled: number } | undefined;

  private constructor(
    private readonly context: CodecContext,
    private readonly options: VideoEncoderOptions,
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
    const name = codec === 'H264' ? FF_ENCODER_LIBX264 : FF_ENCODER_LIBVPX_VP8;
    const context = await openContext(Codec.findEncoderByName(name), name, (opened) => {
      opened.width = width;
      opened.height = height;
      opened.pixelFormat = AV_PIX_FMT_YUV420P;
      opened.timeBase = new Rational(1, CLOCK_RATE);
      opened.framerate = new Rational(Math.round(fps * 1000), 1000);
      opened.threadCount = 1;
      opened.maxBFrames = 0;
      // Written to the SPS (H.264 annex E), so that a decoder need not guess the matrix from the size.
      opened.colorRange = AVCOL_RANGE_MPEG;
      opened.colorSpace = AVCOL_SPC_SMPTE170M;
      opened.colorPrimaries = AVCOL_PRI_SMPTE170M;
      opened.colorTrc = AVCOL_TRC_SMPTE170M;
      // x264 follows a later change of rate only if its buffer model was on from the start.
      applyRate(opened, bitrate, bitrate);
      setOptions(opened, codec === 'H264' ? X264_OPTIONS : VPX_OPTIONS);
    });
    return new VideoEncoder(context, options);
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
   * the encoder was opened with: x264 divides its bits by that one. True: done without a key frame. False: the codec cannot (VP8);
   * re-open, which costs a key frame.
   */
  setBitrate(bitrate: number, fps: number = this.options.fps): boolean {
    if (this.options.codec === 'VP8') return false;
    // The encoder's thread reads these fields, so they are written between two pictures.
    this.#pendingRate = { bitrate, scaled: (bitrate * this.options.fps) / fps };
    return true;
  }

  /** Idempotent. A call in flight ends first; waiting ones are rejected. */
  close(): void {
    this.#queue.close(() => {
      this.context.freeContext();
      this.#packet.free();
    });
  }

  async #encode(input: Frame | null, keyframe: boolean, timestampMs: number | undefined): Promise<EncodedVideo | undefined> {
    if (!input) throw new CodecError('Out of memory.');
    if (this.#pendingRate) applyRate(this.context, this.#pendingRate.bitrate, this.#pendingRate.scaled);
    this.#pendingRate = undefined;
    input.pts = BigInt(this.#nextPts(timestampMs));
    input.duration = BigInt(Math.round(this.#intervalTicks));
    input.pictType = keyframe ? AV_PICTURE_TYPE_I : AV_PICTURE_TYPE_NONE;
    // The encoder does its work while the frame is sent; receiving only moves a reference, so it need not visit another thread.
    check(await this.context.sendFrame(input), 'Encoding');
    this.#packet.unref();
    const received = this.context.receivePacketSync(this.#packet);
    if (received === AVERROR_EAGAIN) return undefined;
    check(received, 'Encoding');
    const data = this.#packet.data;
    return data ? { data, keyframe: this.#packet.isKeyframe } : undefined;
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

/** @param scaled the rate in the encoder's own time, which runs at the frame rate it was opened with */
function applyRate(context: CodecContext, bitrate: number, scaled: number): void {
  context.bitRate = BigInt(Math.round(scaled));
  context.rcMaxRate = BigInt(Math.round(scaled));
  context.rcBufferSize = Math.round(bitrate * BUFFER_SECONDS);
}
