import {
  AV_PIX_FMT_GRAY8,
  AV_PIX_FMT_YUV411P,
  AV_PIX_FMT_YUV420P,
  AV_PIX_FMT_YUV422P,
  AV_PIX_FMT_YUV440P,
  AV_PIX_FMT_YUV444P,
  AV_PIX_FMT_YUVJ411P,
  AV_PIX_FMT_YUVJ420P,
  AV_PIX_FMT_YUVJ422P,
  AV_PIX_FMT_YUVJ440P,
  AV_PIX_FMT_YUVJ444P,
  AVCOL_RANGE_JPEG,
  AVCOL_SPC_SMPTE170M,
  FF_DECODER_MJPEG,
  type AVPixelFormat,
} from 'node-av/constants';
import { Codec, Frame, Packet, Rational, type CodecContext } from 'node-av/lib';

import { asBuffer, describe, openContext, setOptions } from './ffmpeg.js';
import { assertPictureSize, MAX_PICTURE_SIDE } from './picture-size.js';
import { UndecodablePictureError } from './undecodable-picture.error.js';

/** JFIF planes are full range; the yuvj names say so in the format, which newer parts of FFmpeg expect in `colorRange` instead. */
const PLANAR: ReadonlyMap<number, AVPixelFormat> = new Map<number, AVPixelFormat>([
  [AV_PIX_FMT_YUVJ420P, AV_PIX_FMT_YUV420P],
  [AV_PIX_FMT_YUVJ422P, AV_PIX_FMT_YUV422P],
  [AV_PIX_FMT_YUVJ444P, AV_PIX_FMT_YUV444P],
  [AV_PIX_FMT_YUVJ440P, AV_PIX_FMT_YUV440P],
  [AV_PIX_FMT_YUVJ411P, AV_PIX_FMT_YUV411P],
  [AV_PIX_FMT_GRAY8, AV_PIX_FMT_GRAY8],
]);

/** JPEG → its own planes by FFmpeg's mjpeg decoder. Not reentrant: its owner serialises the calls. */
export class JpegDecoder {
  readonly #packet = new Packet();
  #context: CodecContext | undefined;

  constructor() {
    this.#packet.alloc();
  }

  /**
   * Full-range planar YUV or grey of even width and height, owned by the caller; undefined when the JPEG's colour model is none of
   * those (CMYK, RGB). Throws UndecodablePictureError.
   */
  async decode(data: Uint8Array): Promise<Frame | undefined> {
    const context = (this.#context ??= await openContext(
      Codec.findDecoderByName(FF_DECODER_MJPEG),
      FF_DECODER_MJPEG,
      (opened) => {
        opened.threadCount = 1;
        // `explode` makes a truncated file an error; without it the missing part is grey and nothing says so.
        setOptions(opened, { err_detect: 'explode', max_pixels: String(MAX_PICTURE_SIDE ** 2) });
      },
    ));
    const frame = new Frame();
    frame.alloc();
    try {
      this.#packet.unref();
      this.#packet.data = asBuffer(data);
      // The work is done while the packet is sent; receiving only moves a reference, so it need not visit another thread.
      const sent = await context.sendPacket(this.#packet);
      const received = context.receiveFrameSync(frame);
      if (sent < 0 || received < 0)
        throw new UndecodablePictureError(`The JPEG is damaged or too large: ${describe(sent < 0 ? sent : received)}`);
      assertPictureSize(frame.width, frame.height);
      const format = PLANAR.get(frame.format);
      if (format === undefined) {
        frame.free();
        return undefined;
      }
      frame.format = format;
      frame.colorRange = AVCOL_RANGE_JPEG;
      frame.colorSpace = AVCOL_SPC_SMPTE170M;
      // A changed aspect ratio would have the filter graph configured anew; players of a stream show square pixels anyway.
      frame.sampleAspectRatio = new Rational(1, 1);
      // Leaving an odd last column or row out costs nothing: the planes stay where they are.
      frame.width &= ~1;
      frame.height &= ~1;
      return frame;
    } catch (error) {
      frame.free();
      throw error;
    }
  }

  close(): void {
    this.#context?.freeContext();
    this.#context = undefined;
    this.#packet.free();
  }
}
