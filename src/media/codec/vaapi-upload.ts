import { AV_HWDEVICE_TYPE_VAAPI, AV_PIX_FMT_NV12, AV_PIX_FMT_VAAPI, AV_PIX_FMT_YUV420P, SWS_POINT } from 'node-av/constants';
import { Frame, HardwareDeviceContext, HardwareFramesContext, SoftwareScaleContext, type CodecContext } from 'node-av/lib';

import { tagLimitedRange } from './decoded-picture.js';
import { check } from './ffmpeg.js';

/** Surfaces that the encoder may hold while the next picture is uploaded. */
const POOL_SURFACES = 8;

/** Carries pictures into the memory of a VA-API device, in whose own layout its encoders want them. Not reentrant: its owner serialises the calls. */
export class VaapiUpload {
  readonly #interleave = new SoftwareScaleContext();

  private constructor(
    private readonly device: HardwareDeviceContext,
    private readonly frames: HardwareFramesContext,
    private readonly width: number,
    private readonly height: number,
  ) {
    this.#interleave.getContext(width, height, AV_PIX_FMT_YUV420P, width, height, AV_PIX_FMT_NV12, SWS_POINT);
  }

  /** Opens the first VA-API device and binds an encoder that is about to be opened to it. Throws CodecError where there is none. */
  static open(encoder: CodecContext, width: number, height: number): VaapiUpload {
    const device = new HardwareDeviceContext();
    const frames = new HardwareFramesContext();
    try {
      check(device.create(AV_HWDEVICE_TYPE_VAAPI), 'Opening a VA-API device');
      frames.alloc(device);
      frames.format = AV_PIX_FMT_VAAPI;
      frames.swFormat = AV_PIX_FMT_NV12;
      frames.width = width;
      frames.height = height;
      frames.initialPoolSize = POOL_SURFACES;
      check(frames.init(), 'Allocating VA-API surfaces');
    } catch (error) {
      frames.free();
      device.free();
      throw error;
    }
    encoder.pixelFormat = AV_PIX_FMT_VAAPI;
    encoder.hwFramesCtx = frames;
    return new VaapiUpload(device, frames, width, height);
  }

  /** A new frame in the device's memory, which the caller owns. `picture` stays the caller's. */
  async upload(picture: Frame): Promise<Frame> {
    const interleaved = new Frame();
    const surface = new Frame();
    interleaved.alloc();
    surface.alloc();
    try {
      interleaved.format = AV_PIX_FMT_NV12;
      interleaved.width = this.width;
      interleaved.height = this.height;
      check(interleaved.getBuffer(0), 'Allocating a picture');
      check(await this.#interleave.scaleFrame(interleaved, picture), 'Interleaving a picture');
      check(this.frames.getBuffer(surface), 'Taking a VA-API surface');
      check(await this.frames.transferData(surface, interleaved), 'Uploading a picture');
      tagLimitedRange(surface);
      return surface;
    } catch (error) {
      surface.free();
      throw error;
    } finally {
      interleaved.free();
    }
  }

  close(): void {
    this.#interleave.freeContext();
    this.frames.free();
    this.device.free();
  }
}
