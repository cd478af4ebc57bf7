import type { Picture } from '../../common/index.js';
import { NativePicture, type DecodedPicture } from './decoded-picture.js';
import { JpegDecoder } from './jpeg-decoder.js';
import type { SizeChoice } from './picture-size.js';
import { RangeConverter } from './range-converter.js';
import { RawPictureConverter } from './raw-picture-converter.js';
import { SerialQueue } from './serial-queue.js';
import { decodeStill } from './still-decoder.js';
import { UndecodablePictureError } from './undecodable-picture.error.js';

/**
 * Any picture a pipeline yields → what the encoders take, off the main thread. JPEG (baseline or progressive, 4:2:0, 4:2:2, 4:4:4, grey)
 * goes from its own planes; PNG, WebP and other JPEGs through RGB. An odd last column or row is left out, EXIF orientation is not
 * applied, alpha is flattened on black. A JPEG whose data ends early is refused; bytes after its end are ignored.
 *
 * Calls on one decoder run one after the other. Keep one decoder for each stream: it is set up for the last picture's size and format.
 */
export class PictureDecoder {
  readonly #queue = new SerialQueue();
  readonly #jpeg = new JpegDecoder();
  readonly #range = new RangeConverter();
  readonly #raw = new RawPictureConverter();

  /**
   * @param chooseSize the size that the result is to have, asked once that of the picture is known; absent: its own.
   *
   * The caller owns the result and must not change `picture.data` before the promise settles. Rejects with UndecodablePictureError, after
   * which the decoder works on, or with CodecError (closed, too many calls waiting, a native failure).
   */
  decode(picture: Picture, chooseSize: SizeChoice = (size) => size): Promise<DecodedPicture> {
    return this.#queue.run(() =>
      picture.kind === 'raw' ? this.#raw.convert(picture, chooseSize) : this.#decodeEncoded(picture.data, chooseSize),
    );
  }

  /** Idempotent. A call in flight ends first; waiting ones are rejected. */
  close(): void {
    this.#queue.close(() => {
      this.#jpeg.close();
      this.#range.close();
      this.#raw.close();
    });
  }

  async #decodeEncoded(data: Uint8Array, chooseSize: SizeChoice): Promise<DecodedPicture> {
    const format = sniff(data);
    if (!format) throw new UndecodablePictureError(`The picture's ${data.length} bytes are not JPEG, PNG or WebP.`);
    if (format === 'jpeg') {
      const planes = await this.#jpeg.decode(data);
      if (planes) {
        try {
          const source = { width: planes.width, height: planes.height };
          return new NativePicture(await this.#range.convert(planes, chooseSize(source)), source);
        } finally {
          planes.free();
        }
      }
    }
    return this.#raw.convert(await decodeStill(data), chooseSize);
  }
}

/** By signature. Nothing else may reach sharp: it reads SVG as well, which can refer to other files. */
function sniff(data: Uint8Array): 'jpeg' | 'png' | 'webp' | undefined {
  if (data[0] === 0xff && data[1] === 0xd8 && data[2] === 0xff) return 'jpeg';
  const head = Buffer.from(data.subarray(0, 12)).toString('latin1');
  if (head.startsWith('\x89PNG\r\n\x1a\n')) return 'png';
  if (head.startsWith('RIFF') && head.endsWith('WEBP')) return 'webp';
  return undefined;
}
