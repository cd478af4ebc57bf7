import {
  AV_CODEC_FLAG_LOW_DELAY,
  AV_PIX_FMT_RGB24,
  AVCOL_RANGE_JPEG,
  AVCOL_RANGE_MPEG,
  AVCOL_RANGE_UNSPECIFIED,
  AVCOL_SPC_SMPTE170M,
  AVCOL_SPC_UNSPECIFIED,
  FF_DECODER_H264,
  FF_DECODER_LIBDAV1D,
  FF_DECODER_VP8,
  FF_DECODER_VP9,
  type FFVideoDecoder,
} from 'node-av/constants';
import { Codec, Frame, Packet, SoftwareScaleContext, type CodecContext } from 'node-av/lib';

import type { RawPicture } from '../../common/index.js';
import type { VideoCodec } from './encoder-implementations.js';
import { asBuffer, check, openContext, setOptions } from './ffmpeg.js';
import { MAX_PICTURE_SIDE } from './picture-size.js';
import { SerialQueue } from './serial-queue.js';

const DECODERS: Readonly<Record<VideoCodec, FFVideoDecoder>> = {
  H264: FF_DECODER_H264,
  VP8: FF_DECODER_VP8,
  VP9: FF_DECODER_VP9,
  AV1: FF_DECODER_LIBDAV1D,
};

/** A received video stream → RGB pictures, full range, by the matrix and range the stream states (else limited-range BT.601). */
export class VideoDecoder {
  readonly #queue = new SerialQueue();
  readonly #packet = new Packet();
  readonly #frame = new Frame();
  readonly #scaler = new SoftwareScaleContext();
  #target: Frame | undefined;
  #needsKeyframe = true;

  private constructor(private readonly context: CodecContext) {
    this.#packet.alloc();
    this.#frame.alloc();
    this.#scaler.allocContext();
    check(this.#scaler.setOption('sws_flags', 'bilinear'), 'Setting up the colour conversion');
  }

  /** The caller owns the decoder. Rejects with CodecError. */
  static async open(codec: VideoCodec): Promise<VideoDecoder> {
    const name = DECODERS[codec];
    const context = await openContext(Codec.findDecoderByName(name), name, (opened) => {
      opened.threadCount = 1;
      opened.flags = AV_CODEC_FLAG_LOW_DELAY;
      setOptions(opened, { max_pixels: String(MAX_PICTURE_SIDE ** 2) });
    });
    return new VideoDecoder(context);
  }

  /** Nothing could be shown since the start, or since a damaged access unit: a good moment to ask the sender for a key frame. */
  get needsKeyframe(): boolean {
    return this.#needsKeyframe;
  }

  /**
   * One access unit (H.264, Annex B), frame (VP8, VP9) or temporal unit (AV1) → the pictures it completes: as a rule one, none when it is damaged or refers to what was lost.
   * Rejects with CodecError (closed, too many calls waiting, a native failure), never because of the bytes.
   */
  decode(accessUnit: Buffer): Promise<RawPicture[]> {
    return this.#queue.run(async () => {
      if (accessUnit.length === 0) return [];
      this.#packet.unref();
      this.#packet.data = asBuffer(accessUnit);
      if ((await this.context.sendPacket(this.#packet)) < 0) this.#needsKeyframe = true;
      const pictures: RawPicture[] = [];
      while (this.context.receiveFrameSync(this.#frame) >= 0) {
        pictures.push(await this.#toRgb());
        this.#needsKeyframe = false;
      }
      return pictures;
    });
  }

  /** Idempotent. A call in flight ends first; waiting ones are rejected. */
  close(): void {
    this.#queue.close(() => {
      this.context.freeContext();
      this.#scaler.freeContext();
      this.#target?.free();
      this.#frame.free();
      this.#packet.free();
    });
  }

  async #toRgb(): Promise<RawPicture> {
    const source = this.#frame;
    if (source.colorRange === AVCOL_RANGE_UNSPECIFIED) source.colorRange = AVCOL_RANGE_MPEG;
    if (source.colorSpace === AVCOL_SPC_UNSPECIFIED) source.colorSpace = AVCOL_SPC_SMPTE170M;
    const target = this.#targetOf(source.width, source.height);
    check(await this.#scaler.scaleFrame(target, source), 'Colour conversion');
    const picture: RawPicture = {
      kind: 'raw',
      format: 'RGB24',
      width: source.width,
      height: source.height,
      data: target.toBuffer(),
    };
    source.unref();
    return picture;
  }

  #targetOf(width: number, height: number): Frame {
    if (this.#target?.width === width && this.#target.height === height) return this.#target;
    this.#target?.free();
    const target = new Frame();
    target.alloc();
    target.format = AV_PIX_FMT_RGB24;
    target.width = width;
    target.height = height;
    target.colorRange = AVCOL_RANGE_JPEG;
    check(target.getBuffer(0), 'Allocating a picture');
    this.#target = target;
    return target;
  }
}
