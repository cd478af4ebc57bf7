import type { OfferSummary } from '../common/index.js';
import type { Identity } from '../identity/index.js';
import type { OfferTrace } from '../tracing/index.js';

/** An offer after it was read and inspected. */
export interface SessionOffer {
  /** Whoever makes it, and will own the session. */
  readonly caller: Identity;
  readonly sdp: string;
  /** When the request came, `performance.now()`. */
  readonly arrivedAtMs: number;
  readonly summary: OfferSummary;
  readonly trace: OfferTrace;
  /** Undefined: the server chooses. */
  readonly sessionId: string | undefined;
  readonly fps: number | undefined;
  readonly config: Readonly<Record<string, unknown>>;
  /** Every other field of the request, for the pipeline. */
  readonly fields: Readonly<Record<string, unknown>>;
}
