import type { EncoderImplementation } from './encoder-implementations.js';
import { PictureDecoder } from './picture-decoder.js';
import { VideoEncoder } from './video-encoder.js';

/** A size that every hardware encoder takes: their smallest are 32 to 256 pixels a side. */
const SIZE = { width: 320, height: 256 };

/**
 * Whether an encoder works here: opens it and encodes a picture. A build of FFmpeg has encoders for hardware that the machine lacks, and drivers
 * that load and fail only at the first picture.
 * @param timeoutMs after which it counts as failed. A driver that hangs cannot be interrupted; what it holds is freed when it returns.
 */
export async function probeEncoder(implementation: EncoderImplementation, timeoutMs: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => resolve(false), timeoutMs);
  });
  try {
    return await Promise.race([encodesOnePicture(implementation), late]);
  } finally {
    clearTimeout(timer);
  }
}

async function encodesOnePicture(implementation: EncoderImplementation): Promise<boolean> {
  const { width, height } = SIZE;
  const decoder = new PictureDecoder();
  try {
    const encoder = await VideoEncoder.open({ codec: implementation.codec, implementation, ...SIZE, fps: 24, bitrate: 500_000 });
    try {
      const grey = new Uint8Array((width * height * 3) / 2).fill(128);
      const picture = await decoder.decode({ kind: 'raw', format: 'I420', ...SIZE, data: grey });
      const encoding = encoder.encode(picture, { keyframe: true });
      picture.release();
      return (await encoding)?.keyframe === true;
    } finally {
      encoder.close();
    }
  } catch {
    return false;
  } finally {
    decoder.close();
  }
}
