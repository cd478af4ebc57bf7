import {
  AV_CODEC_FLAG_QSCALE,
  AV_CODEC_ID_MJPEG,
  AVCOL_RANGE_JPEG,
  Codec,
  CodecContext,
  FF_QP2LAMBDA,
  FFmpegError,
  Packet,
  Rational,
  type Frame,
} from 'node-av';

/** Quantiser, 2 (best) to 31. At 3 the blocks and patches of the test clip come back within a level or two. */
const QUANTISER = 3;

/** Pictures of one size to JPEG files, 4:2:0 full range. Opened by the first picture; `close()` frees it. */
export class JpegEncoder {
  #context: CodecContext | undefined;
  readonly #packet = new Packet();

  constructor() {
    this.#packet.alloc();
  }

  /** @param frame yuv420p, full range */
  async encode(frame: Frame): Promise<Uint8Array> {
    const context = (this.#context ??= await openEncoder(frame));
    frame.quality = QUANTISER * FF_QP2LAMBDA;
    FFmpegError.throwIfError(await context.sendFrame(frame), 'a picture cannot be made a JPEG');
    FFmpegError.throwIfError(await context.receivePacket(this.#packet), 'a picture cannot be made a JPEG');
    const bytes = Uint8Array.from(this.#packet.data ?? []);
    this.#packet.unref();
    return bytes;
  }

  close(): void {
    this.#context?.freeContext();
    this.#packet.free();
  }
}

async function openEncoder(frame: Frame): Promise<CodecContext> {
  const codec = Codec.findEncoder(AV_CODEC_ID_MJPEG);
  if (codec === null) throw new Error('this FFmpeg has no JPEG encoder');
  const context = new CodecContext();
  context.allocContext3(codec);
  context.width = frame.width;
  context.height = frame.height;
  context.pixelFormat = frame.format as CodecContext['pixelFormat'];
  context.colorRange = AVCOL_RANGE_JPEG;
  context.timeBase = new Rational(1, 25);
  context.setFlags(AV_CODEC_FLAG_QSCALE);
  context.globalQuality = QUANTISER * FF_QP2LAMBDA;
  context.threadCount = 1;
  FFmpegError.throwIfError(await context.open2(codec), 'the JPEG encoder cannot be opened');
  return context;
}
