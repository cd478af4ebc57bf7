export type {
  Chunk,
  Delivery,
  DeliveryMode,
  EncodedPicture,
  MediaInput,
  PcmAudio,
  Picture,
  PixelFormat,
  RawPicture,
} from './chunk.js';
export * from './errors/index.js';
export { Histogram, type CumulativeBucket } from './histogram.js';
export type { IceCredentials, IceDescription, IceNegotiation } from './ice.js';
export { exceedsJsonDepth } from './json-limits.js';
export { SDP, SDP_FRAGMENT } from './media-types.js';
export type { DtlsSetup, MediaDirection, OfferedCodec, OfferedMedia, OfferSummary } from './offer.js';
export { ReloadedFile } from './reloaded-file.js';
export { openEnum } from './open-enum.js';
export { RequestValidationPipe } from './validation/request-validation.pipe.js';
export { AddRouteConfig } from './route-config.js';
export { VERSION } from './version.js';
