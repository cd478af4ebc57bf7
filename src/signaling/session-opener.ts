import { Injectable } from '@nestjs/common';
import type { ServerResponse } from 'node:http';
import { Configuration } from '../config/index.js';
import type { ProblemCode } from '../common/index.js';
import { ACCESS_PROBLEMS, type Identity } from '../identity/index.js';
import { SessionService, type Session, type SessionOffer, type SlotLease } from '../sessions/index.js';
import { Tracing, type OfferTrace } from '../tracing/index.js';
import type { OfferDto } from './offer.dto.js';
import { inspectOffer } from './sdp-inspection.js';

/** Why an offer may be refused, whichever door it came through; each names them in its `@ApiProblems`. */
export const OFFER_PROBLEMS = [
  ...ACCESS_PROBLEMS,
  'token-used',
  'tenant-quota',
  'invalid-sdp',
  'invalid-image',
  'negotiation-failed',
  'session-refused',
  'malformed-request',
  'session-conflict',
  'body-too-large',
  'unsupported-media-type',
  'validation-failed',
  'service-not-running',
  'pipeline-busy',
  'draining',
  'max-sessions',
  'no-media-path',
] as const satisfies readonly ProblemCode[];

/** The request that an offer came by. */
export interface OfferRequest {
  readonly caller: Identity;
  readonly slot: SlotLease;
  /** A client that goes away before it is written is not waited for. */
  readonly response: ServerResponse;
  /** The header of that name (W3C Trace Context section 3.2). */
  readonly traceParent: string | undefined;
}

/** Opens the session that a validated offer asks for, whichever door it came through. */
@Injectable()
export class SessionOpener {
  constructor(
    private readonly sessions: SessionService,
    private readonly configuration: Configuration,
    private readonly tracing: Tracing,
  ) {}

  /** Throws a `Problem`. */
  async open(offer: OfferDto, { caller, slot, response, traceParent }: OfferRequest): Promise<Session> {
    const trace = this.tracing.offer(traceParent);
    try {
      return await this.sessions.open(this.readOffer(offer, caller, trace), slot, abandonedSignal(response));
    } catch (error) {
      trace.refused(error);
      throw error;
    }
  }

  private readOffer(offer: OfferDto, caller: Identity, trace: OfferTrace): SessionOffer {
    const { sdp, type: _type, config, session_id: sessionId, ...fields } = offer;
    return {
      caller,
      sdp,
      arrivedAtMs: performance.now(),
      trace,
      summary: inspectOffer(sdp, this.configuration),
      sessionId: sessionId ?? undefined,
      fps: offer.fps ?? undefined,
      config: config ?? {},
      fields: withoutNulls(fields),
    };
  }
}

/** Aborts when the client goes away before its answer was written. */
function abandonedSignal(response: ServerResponse): AbortSignal {
  const aborter = new AbortController();
  if (response.closed) aborter.abort(new Error('the client went away'));
  response.once('close', () => {
    if (!response.writableFinished) aborter.abort(new Error('the client went away'));
  });
  return aborter.signal;
}

/** A field that is null is a field that was not sent: pipelines written for the original server rely on it. */
function withoutNulls(fields: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== null && value !== undefined));
}
