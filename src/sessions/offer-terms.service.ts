import { Injectable } from '@nestjs/common';
import { Problem, type FieldError, type OfferSummary } from '../common/index.js';
import { InitialImages } from '../images/index.js';
import { PipelineService, type StreamMode } from '../pipeline-loader/index.js';
import type { SessionOffer } from './session-offer.js';

/** Frames a second when neither the request nor the pipeline says. */
const DEFAULT_FPS = 24;
/** As for a request's own `fps`. */
const MIN_FPS = 1;
const MAX_FPS = 240;
/** Wrong fields that a sentence names; the list has them all. */
const MAX_ERRORS_IN_DETAIL = 3;

/** What an offer comes to on the running pipeline. */
export interface OfferTerms {
  readonly mode: StreamMode;
  /** The session's pace, frames a second: the request's, else the pipeline's, else 24. */
  readonly fps: number;
  /** As in the offer, with an image that is upright. */
  readonly config: Readonly<Record<string, unknown>>;
  /** The same. */
  readonly fields: Readonly<Record<string, unknown>>;
}

/** Looks at an offer before anything is built for it: at what is cheap first, and at its image, which costs the most, last. */
@Injectable()
export class OfferTermsService {
  constructor(
    private readonly pipeline: PipelineService,
    private readonly images: InitialImages,
  ) {}

  /**
   * @param abandoned aborts when the HTTP client goes away
   * @throws Problem when the offer cannot be served, or not now
   */
  async settle(offer: SessionOffer, abandoned: AbortSignal): Promise<OfferTerms> {
    const mode = this.runningMode();
    requireUsable(offer.summary, mode);
    const fps = this.fpsOf(offer);
    requireNone(this.pipeline.checkConfig(offer.config));
    return { mode, fps, ...(await this.withUprightImages(offer, abandoned)) };
  }

  private runningMode(): StreamMode {
    const { state, mode, failure, retryInMs } = this.pipeline;
    if (state === 'ready' && mode !== undefined) return mode;
    const detail =
      state === 'starting' ? 'The pipeline is still starting. Try again soon.' : (failure ?? 'The pipeline is not running.');
    throw new Problem('service-not-running', detail, retryInMs === 0 ? {} : { retryAfterSeconds: Math.ceil(retryInMs / 1000) });
  }

  private fpsOf({ fps, config }: SessionOffer): number {
    if (fps !== undefined) return fps;
    const configured = config['fps'];
    if (configured !== undefined && configured !== null) {
      if (typeof configured === 'number' && configured >= MIN_FPS && configured <= MAX_FPS) return configured;
      const detail = `fps must be a number from ${MIN_FPS} to ${MAX_FPS}`;
      throw new Problem('validation-failed', `config.${detail}.`, { errors: [{ pointer: '/config/fps', detail }] });
    }
    return this.pipeline.defaultFps ?? DEFAULT_FPS;
  }

  /** A bidirectional pipeline finds the members of `config` beside the fields, so an image may be in either. */
  private async withUprightImages(
    { config, fields, trace }: SessionOffer,
    abandoned: AbortSignal,
  ): Promise<Pick<OfferTerms, 'config' | 'fields'>> {
    if (fields['image'] === undefined && config['image'] === undefined) return { config, fields };
    try {
      return await trace.during('image', async () => ({
        config: await this.withUprightImage(config, '/config/image', abandoned),
        fields: await this.withUprightImage(fields, '/image', abandoned),
      }));
    } catch (error) {
      requireClient(abandoned, error);
      throw error;
    }
  }

  private async withUprightImage(
    holder: Readonly<Record<string, unknown>>,
    pointer: string,
    abandoned: AbortSignal,
  ): Promise<Readonly<Record<string, unknown>>> {
    const { image } = holder;
    return image === undefined ? holder : { ...holder, image: await this.images.upright(image, pointer, abandoned) };
  }
}

/** Nobody hears the answer of a client that went away; but it is no unexpected error either, and must not fill the log as one. */
export function requireClient(abandoned: AbortSignal, cause?: unknown): void {
  if (abandoned.aborted) throw new Problem('negotiation-failed', 'The client went away before its answer.', { cause });
}

function requireUsable(offer: OfferSummary, mode: StreamMode): void {
  if (mode === 'bidirectional' && !offer.dataChannel) {
    throw new Problem('invalid-sdp', 'The offer has no data channel. Call createDataChannel("telefuser") before createOffer().');
  }
  const receives = offer.media.some(({ direction }) => direction === 'recvonly' || direction === 'sendrecv');
  if (!receives && !offer.dataChannel) {
    throw new Problem('invalid-sdp', 'The offer takes nothing: add a transceiver with direction "recvonly", or a data channel.');
  }
}

function requireNone(errors: readonly FieldError[]): void {
  if (errors.length === 0) return;
  const shown = errors.slice(0, MAX_ERRORS_IN_DETAIL).map(({ detail }) => detail);
  if (errors.length > shown.length) shown.push(`and ${errors.length - shown.length} more`);
  throw new Problem('validation-failed', `${shown.join('; ')}.`, { errors });
}
