import { Body, Controller, Headers, HttpCode, Post, Res, UseGuards } from '@nestjs/common';
import { ApiBody, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { ServerResponse } from 'node:http';
import { ApiProblems } from '../common/index.js';
import { Access, Caller, type Identity } from '../identity/index.js';
import { MaxSessionsGuard, OfferRoute, ReservedSlot, SlotLease } from '../sessions/index.js';
import { AnswerDto, OfferDto } from './offer.dto.js';
import { OFFER_PROBLEMS, SessionOpener } from './session-opener.js';
import { ETAG_HEADER } from './whep/whep-document.js';

/** What of Fastify's reply is used. */
interface Reply {
  readonly raw: ServerResponse;
  header(name: string, value: string): unknown;
}

/** What a client may do next with the session that was opened, by operation (OpenAPI 3, Link Object). */
const SESSION_LINKS = Object.fromEntries(
  ['sessionsStatus', 'sessionsStats', 'sessionsClose'].map((operationId) => [
    operationId,
    { operationId, parameters: { session_id: '$response.body#/session_id' } },
  ]),
);

/** The HTTP door to WebRTC: an offer opens a session. {@link SessionsController} closes it. */
@ApiTags('webrtc')
@Controller('v1/stream/webrtc')
export class WebRtcController {
  constructor(private readonly sessions: SessionOpener) {}

  /** Answers an SDP offer and opens a session. */
  @OfferRoute()
  @Post('offer')
  @HttpCode(200)
  @Access('stream:create')
  @UseGuards(MaxSessionsGuard)
  @ApiOperation({
    summary: 'Open a session',
    description:
      'Answers an SDP offer. The answer carries all ICE candidates; no trickle is needed. ICE is restarted by a PATCH to `/v1/stream/whep/{session_id}`.',
  })
  @ApiBody({ type: OfferDto })
  @ApiOkResponse({
    type: AnswerDto,
    description: 'The session is open; apply the answer.',
    headers: { ETag: ETAG_HEADER },
    links: SESSION_LINKS,
  })
  @ApiProblems(...OFFER_PROBLEMS)
  async offer(
    @Body() body: OfferDto,
    @Caller() caller: Identity,
    @ReservedSlot() slot: SlotLease,
    @Res({ passthrough: true }) reply: Reply,
    @Headers('traceparent') traceParent: string | undefined,
  ): Promise<AnswerDto> {
    const session = await this.sessions.open(body, { caller, slot, response: reply.raw, traceParent });
    if (session.ice !== undefined) reply.header('etag', `"${session.ice.tag}"`);
    return { session_id: session.id, sdp: session.answerSdp, type: 'answer', stream_mode: session.mode };
  }
}
