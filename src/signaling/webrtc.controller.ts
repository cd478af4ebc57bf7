import { Body, Controller, Headers, HttpCode, Post, Res, UseGuards } from '@nestjs/common';
import { ApiBody, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { ServerResponse } from 'node:http';
import { ApiProblems } from '../common/index.js';
import { Configuration } from '../config/index.js';
import { Access, ACCESS_PROBLEMS, Caller, type Identity } from '../identity/index.js';
import { MaxSessionsGuard, ReservedSlot, SessionService, SlotLease, type SessionOffer } from '../sessions/index.js';
import { Tracing, type OfferTrace } from '../tracing/index.js';
import { AnswerDto, OfferDto } from './offer.dto.js';
import { inspectOffer } from './sdp-inspection.js';

/** What a client may do next with the session that was opened, by operation (OpenAPI 3, Link Object). */
const SESSION_LINKS = Object.fromEntries(
  ['sessionsStatus', 'sessionsStats', 'sessionsClose'].map((operationId) => [
    operationId,
    { operationId, parameters: { session_id: '$response.body#/session_id' } },
  ]),
);

/** Aborts when the client goes away before its answer was written. */
function abandonedSignal(response: ServerResponse): AbortSignal {
  const aborter = new AbortController();
  if (response.closed) aborter.abort(new Error('the client went away'));
  response.once('close', () => {
    if (!response.writableFinished) aborter.abort(new Error('the client went away'));
  });
  return aborter.signal;
}

/** The HTTP door to WebRTC: an offer opens a session. {@link SessionsController} closes it. */
@ApiTags('webrtc')
@Controller('v1/stream/webrtc')
export class WebRtcController {
  constructor(
    private readonly sessions: SessionService,
    private readonly configuration: Configuration,
    private readonly tracing: Tracing,
  ) {}

  /** Answers an SDP offer and opens a session. */
  @Post('offer')
  @HttpCode(200)
  @Access('stream:create')
  @UseGuards(MaxSessionsGuard)
  @ApiOperation({
    summary: 'Open a session',
    description: 'Answers an SDP offer. The answer carries all ICE candidates; no trickle is needed.',
  })
  @ApiBody({ type: OfferDto })
  @ApiOkResponse({ type: AnswerDto, description: 'The session is open; apply the answer.', links: SESSION_LINKS })
  @ApiProblems(
    ...ACCESS_PROBLEMS,
    'token-used',
    'tenant-quota',
    'invalid-sdp',
    'negotiation-failed',
    'session-refused',
    'malformed-request',
    'session-conflict',
    'body-too-large',
    'unsupported-media-type',
    'validation-failed',
    'service-not-running',
    'draining',
    'max-sessions',
    'no-media-path',
  )
  async offer(
    @Body() body: OfferDto,
    @Caller() caller: Identity,
    @ReservedSlot() slot: SlotLease,
    @Res({ passthrough: true }) reply: { raw: ServerResponse },
    @Headers('traceparent') traceParent: string | undefined,
  ): Promise<AnswerDto> {
    const trace = this.tracing.offer(traceParent);
    try {
      const session = await this.sessions.open(this.readOffer(body, caller, trace), slot, abandonedSignal(reply.raw));
      return { session_id: session.id, sdp: session.answerSdp, type: 'answer' };
    } catch (error) {
      trace.refused(error);
      throw error;
    }
  }

  private readOffer(body: OfferDto, caller: Identity, trace: OfferTrace): SessionOffer {
    const { sdp, type: _type, config = {}, session_id: sessionId, ...fields } = body;
    return {
      caller,
      sdp,
      arrivedAtMs: performance.now(),
      trace,
      summary: inspectOffer(sdp, this.configuration),
      sessionId: sessionId ?? undefined,
      fps: body.fps ?? undefined,
      config: config ?? {},
      fields: withoutNulls(fields),
    };
  }
}

/** A field that is null is a field that was not sent: pipelines written for the original server rely on it. */
function withoutNulls(fields: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== null && value !== undefined));
}
