import {
  Body,
  Controller,
  Delete,
  Get,
  Header,
  Headers,
  HttpCode,
  Options,
  Param,
  Patch,
  Post,
  Query,
  Res,
  UseGuards,
} from '@nestjs/common';
import {
  ApiBody,
  ApiConsumes,
  ApiCreatedResponse,
  ApiExcludeEndpoint,
  ApiHeader,
  ApiNoContentResponse,
  ApiOkResponse,
  ApiOperation,
  ApiParam,
  ApiTags,
} from '@nestjs/swagger';
import type { ServerResponse } from 'node:http';
import { AddRouteConfig, ApiProblems, Problem, SDP, SDP_FRAGMENT, type IceNegotiation } from '../../common/index.js';
import { Configuration } from '../../config/index.js';
import { IceServersService } from '../../ice/index.js';
import { Access, ACCESS_PROBLEMS, Caller, type Identity } from '../../identity/index.js';
import { MaxSessionsGuard, OfferRoute, ReservedSlot, SessionService, SlotLease, type Session } from '../../sessions/index.js';
import { OFFER_PROBLEMS, SessionOpener } from '../session-opener.js';
import { iceServerLinks } from './ice-server-links.js';
import { updateIce } from './ice-update.js';
import { readSdpFragment, writeSdpFragment } from './sdp-fragment.js';
import {
  ETAG_HEADER,
  FRAGMENT_EXAMPLE,
  IF_MATCH_HEADER,
  LINK_HEADER,
  LOCATION_HEADER,
  OFFER_PARAMETERS,
  SDP_EXAMPLE,
} from './whep-document.js';
import { readWhepOffer } from './whep-offer.js';

/** What of Fastify's reply is used. */
interface Reply {
  readonly raw: ServerResponse;
  header(name: string, value: string): unknown;
  status(code: number): unknown;
}

/**
 * The WebRTC-HTTP Egress Protocol (draft-ietf-wish-whep): any player that speaks it can watch a server-push pipeline. What it opens is a session
 * like any other.
 */
@ApiTags('whep')
@Controller('v1/stream/whep')
export class WhepController {
  constructor(
    private readonly opener: SessionOpener,
    private readonly sessions: SessionService,
    private readonly iceServers: IceServersService,
    private readonly configuration: Configuration,
  ) {}

  /** Lets a player find out that this is a WHEP endpoint; HEAD does as well. */
  @Get()
  @Access(undefined)
  @Header('Content-Type', SDP)
  @ApiOperation({
    summary: 'Recognise the endpoint',
    description: 'Empty, with the content type by which players know a WHEP endpoint.',
  })
  @ApiOkResponse({ description: 'A WHEP endpoint.' })
  @ApiProblems(...ACCESS_PROBLEMS)
  discover(): string {
    return '';
  }

  /** What a POST may carry; `Accept-Post` is set for every OPTIONS of this route. */
  @AddRouteConfig({ acceptPost: SDP })
  @Options()
  @HttpCode(204)
  @ApiExcludeEndpoint()
  options(): void {}

  /** Answers an SDP offer and opens a session. */
  @OfferRoute()
  @AddRouteConfig({ mediaType: SDP })
  @Post()
  @HttpCode(201)
  @Access('stream:create')
  @Header('Content-Type', SDP)
  // The links hold credentials.
  @Header('Cache-Control', 'no-store')
  @UseGuards(MaxSessionsGuard)
  @ApiOperation({
    summary: 'Open a session by WHEP',
    description:
      'For players that speak WHEP (draft-ietf-wish-whep). The fields of the offer are query parameters; any further one is handed to the pipeline as ' +
      'text. The answer carries all ICE candidates. A bidirectional pipeline is only served to a player that offers a data channel.',
  })
  @ApiConsumes(SDP)
  @ApiBody({ description: 'SDP of the offer.', schema: { type: 'string', example: SDP_EXAMPLE } })
  @OFFER_PARAMETERS
  @ApiCreatedResponse({
    description: 'The session is open; apply the answer.',
    headers: { Location: LOCATION_HEADER, ETag: ETAG_HEADER, Link: LINK_HEADER },
    content: { [SDP]: { schema: { type: 'string' }, example: SDP_EXAMPLE } },
  })
  @ApiProblems(...OFFER_PROBLEMS)
  async open(
    @Body() sdp: unknown,
    @Query() query: Record<string, unknown>,
    @Caller() caller: Identity,
    @ReservedSlot() slot: SlotLease,
    @Res({ passthrough: true }) reply: Reply,
    @Headers('traceparent') traceParent: string | undefined,
  ): Promise<string> {
    const offer = await readWhepOffer(requireText(sdp, SDP), query, this.configuration);
    const session = await this.opener.open(offer, { caller, slot, response: reply.raw, traceParent });
    reply.header('location', `/v1/stream/whep/${session.id}`);
    if (session.ice !== undefined) reply.header('etag', `"${session.ice.tag}"`);
    const links = iceServerLinks(this.iceServers.mint(session.id).servers);
    if (links !== '') reply.header('link', links);
    return session.answerSdp;
  }

  /** Says that a session is open. */
  @Get(':session_id')
  @Access('stream:read')
  @HttpCode(204)
  @ApiOperation({ summary: 'Ask whether a session is open, and for its ICE session' })
  @ApiParam({ name: 'session_id', example: 'demo-1' })
  @ApiNoContentResponse({ description: 'It is.', headers: { ETag: ETAG_HEADER } })
  @ApiProblems(...ACCESS_PROBLEMS, 'malformed-request', 'session-not-found')
  find(@Param('session_id') sessionId: string, @Caller() caller: Identity, @Res({ passthrough: true }) reply: Reply): void {
    const { ice } = this.sessions.get(sessionId, caller);
    if (ice !== undefined) reply.header('etag', `"${ice.tag}"`);
  }

  /** Takes candidates of the client, or restarts ICE. */
  @AddRouteConfig({ mediaType: SDP_FRAGMENT })
  @Patch(':session_id')
  // Who may end a session may move it: a stream token has this scope for its session even once it has expired.
  @Access('stream:close')
  @Header('Cache-Control', 'no-store')
  @ApiOperation({
    summary: 'Trickle candidates, or restart ICE',
    description:
      'The fragment has the ICE credentials of the client and its candidates. With the credentials that the session has, the candidates are added. ' +
      'With others ICE is restarted: media goes on by the old path until the new one is found.',
  })
  @ApiParam({ name: 'session_id', example: 'demo-1' })
  @ApiHeader(IF_MATCH_HEADER)
  @ApiConsumes(SDP_FRAGMENT)
  @ApiBody({ description: 'SDP fragment (RFC 8840).', schema: { type: 'string', example: FRAGMENT_EXAMPLE } })
  @ApiOkResponse({
    description: 'ICE was restarted: the credentials and candidates of the server.',
    headers: { ETag: ETAG_HEADER },
    content: { [SDP_FRAGMENT]: { schema: { type: 'string' }, example: FRAGMENT_EXAMPLE } },
  })
  @ApiNoContentResponse({ description: 'The candidates were taken.' })
  @ApiProblems(
    ...ACCESS_PROBLEMS,
    'invalid-sdp-fragment',
    'malformed-request',
    'session-not-found',
    'ice-restart-refused',
    'precondition-failed',
    'body-too-large',
    'unsupported-media-type',
    'precondition-required',
  )
  update(
    @Param('session_id') sessionId: string,
    @Caller() caller: Identity,
    @Headers('if-match') ifMatch: string | undefined,
    @Body() body: unknown,
    @Res({ passthrough: true }) reply: Reply,
  ): string | undefined {
    const session = this.sessions.get(sessionId, caller);
    const { maxIceCandidates } = this.configuration;
    const fragment = readSdpFragment(requireText(body, SDP_FRAGMENT), this.configuration);
    const ice = requireIce(session);
    if (updateIce(ice, fragment, ifMatch, { id: sessionId, maxIceCandidates }) === 'trickled') {
      reply.status(204);
      return undefined;
    }
    reply.header('content-type', SDP_FRAGMENT);
    reply.header('etag', `"${ice.tag}"`);
    return writeSdpFragment(session.answerSdp, ice.local);
  }

  /** Closes a session. */
  @Delete(':session_id')
  @Access('stream:close')
  @ApiOperation({ summary: 'Close a session by WHEP' })
  @ApiParam({ name: 'session_id', example: 'demo-1' })
  @ApiOkResponse({ description: 'The session is closed and everything it used is released.' })
  @ApiProblems(...ACCESS_PROBLEMS, 'malformed-request', 'session-not-found', 'body-too-large', 'unsupported-media-type')
  close(@Param('session_id') sessionId: string, @Caller() caller: Identity): Promise<void> {
    return this.sessions.close(sessionId, caller);
  }
}

/** A request without a body, and so without a content type, passes the parsers. */
function requireText(body: unknown, type: string): string {
  if (typeof body !== 'string') throw new Problem('unsupported-media-type', `Send a body with content-type: ${type}.`);
  return body;
}

function requireIce({ id, ice }: Session): IceNegotiation {
  if (ice !== undefined) return ice;
  throw new Problem(
    'ice-restart-refused',
    `The offer of session "${id}" had no BUNDLE group, so each section has an ICE session of its own.`,
  );
}
