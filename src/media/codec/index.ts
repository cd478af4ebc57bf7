export { AudioResampler } from './audio-resampler.js';
export { CodecBusyError, CodecClosedError, CodecError } from './codec.error.js';
export type { DecodedPicture } from './decoded-picture.js';
export { mediaCapabilities, type MediaCapabilities } from './media-capabilities.js';
export { OpusDecoder } from './opus-decoder.js';
export { OPUS_FRAME_SAMPLES, OpusEncoder, type OpusEncoderOptions } from './opus-encoder.js';
export { PictureDecoder } from './picture-decoder.js';
export { UndecodablePictureError } from './undecodable-picture.error.js';
export { VideoDecoder } from './video-decoder.js';
export {
  VideoEncoder,
  type EncodedVideo,
  type EncodeOptions,
  type VideoCodec,
  type VideoEncoderOptions,
} from './video-encoder.js';
