import { Injectable } from '@nestjs/common';
import { Problem } from '../common/index.js';
import { Configuration } from '../config/index.js';
import { isDataUrl, readDataUrl } from './data-url.js';
import { ImageError } from './image.error.js';
import { Turnstile } from './turnstile.js';
import { makeUpright } from './upright-image.js';

/** Each takes a thread of those that the encoders use as well. How many wait is bounded by the session slots, one of which every offer has. */
const AT_A_TIME = 2;

/** The pictures that clients send with their offers for a pipeline to begin with. */
@Injectable()
export class InitialImages {
  private readonly turnstile = new Turnstile(AT_A_TIME);

  constructor(private readonly configuration: Configuration) {}

  /**
   * The value of a field in which a pipeline looks for an image: of a data URL an upright one, anything else as it is, since it may be a path of the
   * pipeline's or what it likes.
   *
   * @param pointer of the field in the offer (RFC 6901)
   * @throws Problem `invalid-image`, or the signal's reason
   */
  async upright(value: unknown, pointer: string, signal: AbortSignal): Promise<unknown> {
    if (!isDataUrl(value)) return value;
    const limits = this.configuration.images;
    try {
      return await this.turnstile.pass(async () => {
        const { bytes, base64 } = readDataUrl(value, limits.maxBytes);
        const { type, turned } = await makeUpright(bytes, limits);
        return `data:image/${type};base64,${turned?.toString('base64') ?? base64}`;
      }, signal);
    } catch (error) {
      if (!(error instanceof ImageError)) throw error;
      const detail = `${pointer.slice(1).replaceAll('/', '.')} ${error.message}`;
      throw new Problem('invalid-image', `${detail}.`, { cause: error, errors: [{ pointer, detail }] });
    }
  }
}
