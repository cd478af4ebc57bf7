import {
  AV_PIX_FMT_RGB0,
  AV_PIX_FMT_RGB24,
  AV_PIX_FMT_YUV420P,
  SWS_BICUBIC,
  SWS_BILINEAR,
  type AVPixelFormat,
} from 'node-av/constants';
import { SoftwareScaleContext } from 'node-av/lib';

import type { PixelFormat, RawPicture } from '../../common/index.js';
import { allocatePicture, NativePicture } from './decoded-picture.js';
import { asBuffer, check } from './ffmpeg.js';
import { assertPictureSize, type SizeChoice } from './picture-size.js';
import { UndecodablePictureError } from './undecodable-picture.error.js';

interface Layout {
  readonly format: AVPixelFormat;
  readonly bytesPerPixel: number;
}

// A stream has no alpha channel: the fourth byte is skipped, not blended.
const PACKED: Readonly<Record<Exclude<PixelFormat, 'I420'>, Layout>> = {
  RGB24: { format: AV_PIX_FMT_RGB24, bytesPerPixel: 3 },
  RGBA: { format: AV_PIX_FMT_RGB0, bytesPerPixel: 4 },
};

/** Uncompressed pictures → limited-range 4:2:0, smaller if asked for, straight from the caller's bytes. Not reentrant: its owner serialises the calls. */
export class RawPictureConverter {
  #scaler: { readonly key: string; readonly context: SoftwareScaleContext } | undefined;

  /** A picture the caller owns. `picture.data` must not change meanwhile. Throws UndecodablePictureError, CodecError. */
  async convert(picture: RawPicture, chooseSize: SizeChoice): Promise<NativePicture> {
    assertPictureSize(picture.width, picture.height);
    const { planes, strides, format } = describePlanes(picture);
    const width = picture.width & ~1;
    const height = picture.height & ~1;
    const size = chooseSize({ width, height });
    const key = `${picture.format}:${width}x${height}:${size.width}x${size.height}`;
    if (this.#scaler?.key !== key) {
      this.close();
      const context = new SoftwareScaleContext();
      // Bicubic looks better when the picture shrinks; at the same size only the chroma is filtered, for which bilinear is as good.
      const filter = size.width === width && size.height === height ? SWS_BILINEAR : SWS_BICUBIC;
      context.getContext(width, height, format, size.width, size.height, AV_PIX_FMT_YUV420P, filter);
      this.#scaler = { key, context };
    }
    const frame = allocatePicture(size.width, size.height);
    const target = frame.data ?? [];
    try {
      check(
        await this.#scaler.context.scale(planes, strides, 0, height, target, frame.linesize.slice(0, 3)),
        'Converting a picture',
      );
      return new NativePicture(frame, { width, height });
    } catch (error) {
      frame.free();
      throw error;
    }
  }

  close(): void {
    this.#scaler?.context.freeContext();
    this.#scaler = undefined;
  }
}

function describePlanes({ format, width, height, data }: RawPicture): {
  planes: Buffer[];
  strides: number[];
  format: AVPixelFormat;
} {
  const bytes = asBuffer(data);
  if (format === 'I420') {
    const chromaWidth = (width + 1) >> 1;
    const luma = width * height;
    const chroma = chromaWidth * ((height + 1) >> 1);
    assertLength(bytes, luma + 2 * chroma, format, width, height);
    return {
      planes: [bytes.subarray(0, luma), bytes.subarray(luma, luma + chroma), bytes.subarray(luma + chroma, luma + 2 * chroma)],
      strides: [width, chromaWidth, chromaWidth],
      format: AV_PIX_FMT_YUV420P,
    };
  }
  const layout = PACKED[format];
  assertLength(bytes, width * height * layout.bytesPerPixel, format, width, height);
  return { planes: [bytes], strides: [width * layout.bytesPerPixel], format: layout.format };
}

function assertLength(bytes: Buffer, expected: number, format: PixelFormat, width: number, height: number): void {
  if (bytes.length !== expected) {
    throw new UndecodablePictureError(`A ${width} × ${height} ${format} picture has ${expected} bytes, not ${bytes.length}.`);
  }
}
