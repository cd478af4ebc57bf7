export { AudioResampler, type ResampledAudio } from './audio-resampler.js';
export { CodecBusyError, CodecClosedError, CodecError } from './codec.error.js';
export type { DecodedPicture } from './decoded-picture.js';
export { mediaCapabilities, type MediaCapabilities } from './media-capabilities.js';
export { OpusDecoder } from './opus-decoder.js';
export { OPUS_FRAME_SAMPLES, OpusEncoder, type OpusEncoderOptions } from './opus-encoder.js';
export { OpusStream } from './opus-stream.js';
export {
  ENCODER_IMPLEMENTATIONS,
  h264ProfileOf,
  softwareEncoder,
  type EncoderImplementation,
  type EncoderProfile,
  type H264Profile,
  type VideoCodec,
} from './encoder-implementations.js';
export { probeEncoder } from './encoder-probe.js';
export { PictureDecoder } from './picture-decoder.js';
export { scaledSize, type PictureSize } from './picture-size.js';
export {
  containerOf,
  RECORDING_EXTENSIONS,
  RecordingFile,
  type Container,
  type RecordedStreams,
  type RecordedVideoCodec,
} from './recording-file.js';
export { UndecodablePictureError } from './undecodable-picture.error.js';
export { VideoDecoder } from './video-decoder.js';
export { VideoEncoder, type EncodedVideo, type EncodeOptions, type VideoEncoderOptions } from './video-encoder.js';
