import { Injectable, Logger } from '@nestjs/common';
import { randomUUID } from 'node:crypto';
import { Problem } from '../common/index.js';
import { Configuration } from '../config/index.js';
import { AuditLog, ownerOf, owns, StreamTokens, type Identity } from '../identity/index.js';
import { NoCandidateError, ViewerFactory, type Viewer } from '../media/index.js';
import {
  PipelineBusyError,
  PipelineService,
  PipelineUnavailableError,
  SessionConflictError,
  SessionRefusedError,
  type PipelineRun,
  type StreamMode,
} from '../pipeline-loader/index.js';
import type { CloseReason } from './close-reason.js';
import { OfferTermsService, requireClient, type OfferTerms } from './offer-terms.service.js';
import { ServiceFigures } from './service-figures.service.js';
import type { SessionOffer } from './session-offer.js';
import { SessionRegistry } from './session-registry.service.js';
import type { SlotLease } from './session-slots.service.js';
import { isValidSessionId, SESSION_ID_RULE } from './session-id.js';
import { Session } from './session.js';

export interface SessionStatus {
  readonly sessionId: string;
  readonly session: Session | undefined;
  readonly closeReason: CloseReason | undefined;
}

/** Opens, finds and closes sessions. Every failure on the way gives back what was taken, in the order it was taken. */
@Injectable()
export class SessionService {
  private readonly logger = new Logger(SessionService.name);

  constructor(
    private readonly configuration: Configuration,
    private readonly pipeline: PipelineService,
    private readonly terms: OfferTermsService,
    private readonly viewers: ViewerFactory,
    private readonly registry: SessionRegistry,
    private readonly figures: ServiceFigures,
    private readonly streamTokens: StreamTokens,
    private readonly audit: AuditLog,
  ) {}

  /**
   * Opens a session in the reserved slot and returns it with its answer made. Throws a `Problem`; then everything that was built is gone
   * before the slot is given back, so that abandoned offers cannot pile up beyond the limit.
   * @param abandoned aborts when the HTTP client goes away: what was built is closed again.
   */
  async open(offer: SessionOffer, lease: SlotLease, abandoned: AbortSignal): Promise<Session> {
    requireClient(abandoned);
    const session = await this.claim(offer, lease, abandoned);
    this.figures.offerAnswered(performance.now() - offer.arrivedAtMs);
    return session;
  }

  private async claim(offer: SessionOffer, lease: SlotLease, abandoned: AbortSignal): Promise<Session> {
    const unspend = this.streamTokens.spend(offer.caller);
    lease.claim();
    try {
      return await this.build(offer, lease, abandoned);
    } catch (error) {
      lease.release();
      unspend();
      throw error;
    }
  }

  private async build(offer: SessionOffer, lease: SlotLease, abandoned: AbortSignal): Promise<Session> {
    const terms = await this.terms.settle(offer, abandoned);
    const requestedId = offer.sessionId ?? randomUUID();
    this.registry.reserve(requestedId);
    let run: PipelineRun | undefined;
    let viewer: Viewer | undefined;
    let id = requestedId;
    try {
      run = await offer.trace.during('pipeline.open', () => this.openRun(requestedId, terms, abandoned));
      if (run.sessionId !== requestedId) {
        id = this.adoptPipelineId(run.sessionId, requestedId);
      }
      requireClient(abandoned);
      viewer = await offer.trace.during('negotiation', () => this.negotiate(offer, terms.mode));
      requireClient(abandoned);
      return this.begin(id, terms, offer, run, viewer, lease, abandoned);
    } catch (error) {
      await Promise.allSettled([run?.close(), viewer?.close()]);
      // Once the pipeline's own id was adopted, the requested one may be another session's already.
      this.registry.free(id);
      throw error;
    }
  }

  /** What a caller may know of a session: of another's as little as of one that never was. */
  status(id: string, caller: Identity): SessionStatus {
    const ended = this.registry.getEnded(id);
    const closeReason = ended !== undefined && owns(caller, ended.owner) ? ended.reason : undefined;
    return { sessionId: id, session: this.find(id, caller), closeReason };
  }

  /** The caller's open session. Throws the problem `session-not-found`. */
  get(id: string, caller: Identity): Session {
    const session = this.find(id, caller);
    if (session === undefined) throw new Problem('session-not-found', `No session "${id}" is open.`);
    return session;
  }

  /** Closes a session of the caller and waits for it. Throws the problem `session-not-found`. */
  async close(id: string, caller: Identity): Promise<void> {
    const session = this.find(id, caller);
    if (session === undefined || session.state === 'closing')
      throw new Problem('session-not-found', `No session "${id}" is open.`);
    this.audit.record('session-close-requested', caller, { session_id: id });
    await session.close('client_delete');
  }

  private find(id: string, caller: Identity): Session | undefined {
    const session = this.registry.get(id);
    if (session === undefined || owns(caller, session.owner)) return session;
    this.audit.refuse('session-denied', caller, { session_id: id });
    return undefined;
  }

  private async openRun(id: string, { mode, fields, config }: OfferTerms, signal: AbortSignal): Promise<PipelineRun> {
    const request =
      mode === 'server_push' ? { ...fields, config, session_id: id, task_id: id } : { ...config, ...fields, session_id: id };
    try {
      return await this.pipeline.open(id, request, signal);
    } catch (error) {
      requireClient(signal, error);
      throw toProblem(error);
    }
  }

  /** A bidirectional pipeline may name its session itself; that name is then the session's everywhere. */
  private adoptPipelineId(pipelineId: string, requestedId: string): string {
    if (!isValidSessionId(pipelineId)) {
      throw new Problem('session-refused', `The pipeline named its session in a way that no URL can carry. ${SESSION_ID_RULE}`);
    }
    this.registry.reserve(pipelineId);
    this.registry.free(requestedId);
    return pipelineId;
  }

  private async negotiate(offer: SessionOffer, mode: StreamMode): Promise<Viewer> {
    try {
      return await this.viewers.answer(
        offer.sdp,
        offer.summary,
        mode === 'server_push' ? 'lossless' : 'latest',
        this.pipeline.delivery,
      );
    } catch (error) {
      const detail = error instanceof Error ? error.message : String(error);
      if (error instanceof NoCandidateError) {
        throw new Problem('no-media-path', `There is no path for media: ${detail}`, { cause: error });
      }
      throw new Problem('negotiation-failed', `SDP negotiation failed: ${detail}`, { cause: error });
    }
  }

  private begin(
    id: string,
    { mode, fps }: OfferTerms,
    { caller, arrivedAtMs, trace }: SessionOffer,
    run: PipelineRun,
    viewer: Viewer,
    lease: SlotLease,
    abandoned: AbortSignal,
  ): Session {
    const { configuration } = this;
    const session = new Session(
      {
        id,
        owner: ownerOf(caller),
        mode,
        fps,
        timeouts: {
          connectMs: configuration.connectTimeoutSeconds * 1000,
          channelMs: configuration.dataChannelTimeoutSeconds * 1000,
          disconnectedGraceMs: configuration.disconnectedGraceSeconds * 1000,
          doneGraceMs: configuration.doneGraceSeconds * 1000,
        },
        limits: { maxMessageBytes: configuration.maxMessageBytes, maxJsonDepth: configuration.maxJsonDepth },
        serviceLatencies: this.figures.latencies,
        trace,
        onFirstFrame: (sentAtMs) => this.figures.firstFrameSent(mode, sentAtMs - arrivedAtMs),
        onClosed: (reason) => {
          this.registry.remove(session, reason);
          this.audit.record('session-closed', session.owner, { session_id: id, reason });
          this.figures.sessionClosed(reason, session);
          lease.release();
        },
      },
      run,
      viewer,
    );
    this.registry.add(session);
    this.figures.sessionOpened(mode);
    trace.answered(id, mode);
    session.begin();
    this.logger.log(`opened: ${mode}`, { session_id: id, stream_mode: mode, ...trace.logFields });
    this.audit.record('session-opened', caller, { session_id: id });
    abandoned.addEventListener('abort', () => void session.close('offer_abandoned'), { once: true });
    return session;
  }
}

function toProblem(error: unknown): Problem {
  if (error instanceof SessionRefusedError) return new Problem('session-refused', error.message, { cause: error });
  if (error instanceof SessionConflictError) return new Problem('session-conflict', error.message, { cause: error });
  if (error instanceof PipelineBusyError) return new Problem('pipeline-busy', error.message, { cause: error });
  if (error instanceof PipelineUnavailableError) return new Problem('service-not-running', error.message, { cause: error });
  throw error;
}
