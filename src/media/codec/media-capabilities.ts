import {
  FF_DECODER_H264,
  FF_DECODER_LIBDAV1D,
  FF_DECODER_LIBOPUS,
  FF_DECODER_VP8,
  FF_DECODER_VP9,
  FF_ENCODER_LIBOPUS,
  FF_ENCODER_LIBSVTAV1,
  FF_ENCODER_LIBVPX_VP8,
  FF_ENCODER_LIBVPX_VP9,
  FF_ENCODER_LIBX264,
} from 'node-av/constants';
import { Codec, Filter, getFFmpegInfo } from 'node-av/lib';

/** What the FFmpeg in this process can do. */
export interface MediaCapabilities {
  /** Encode and decode, as is meant for the others. */
  readonly h264: boolean;
  readonly vp8: boolean;
  readonly vp9: boolean;
  readonly av1: boolean;
  readonly opus: boolean;
  /** Version. */
  readonly ffmpeg: string;
}

export function mediaCapabilities(): MediaCapabilities {
  const converts = Filter.getByName('zscale') !== null;
  return {
    h264: converts && Codec.findEncoderByName(FF_ENCODER_LIBX264) !== null && Codec.findDecoderByName(FF_DECODER_H264) !== null,
    vp8: converts && Codec.findEncoderByName(FF_ENCODER_LIBVPX_VP8) !== null && Codec.findDecoderByName(FF_DECODER_VP8) !== null,
    vp9: converts && Codec.findEncoderByName(FF_ENCODER_LIBVPX_VP9) !== null && Codec.findDecoderByName(FF_DECODER_VP9) !== null,
    av1:
      converts && Codec.findEncoderByName(FF_ENCODER_LIBSVTAV1) !== null && Codec.findDecoderByName(FF_DECODER_LIBDAV1D) !== null,
    opus: Codec.findEncoderByName(FF_ENCODER_LIBOPUS) !== null && Codec.findDecoderByName(FF_DECODER_LIBOPUS) !== null,
    ffmpeg: getFFmpegInfo().version,
  };
}
