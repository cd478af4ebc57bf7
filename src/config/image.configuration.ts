import { IntegerVariable } from './variable.decorators.js';

/** The picture that a client may send with its offer. */
export class ImageConfiguration {
  @IntegerVariable('TELEFUSER_MAX_IMAGE_BYTES', {
    description: "Longest file that an offer's image may be, in bytes; as base64 a third more, it must fit into the body.",
    min: 65_536,
    max: 25_165_824,
  })
  readonly maxBytes: number = 10_485_760;

  @IntegerVariable('TELEFUSER_MAX_IMAGE_PIXELS', {
    description: "Most pixels that an offer's image may have; to decode one takes up to four bytes of memory for each.",
    min: 4_096,
    max: 100_000_000,
  })
  readonly maxPixels: number = 25_000_000;
}
