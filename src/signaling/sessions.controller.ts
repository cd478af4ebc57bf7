import { applyDecorators, Controller, Delete, Get, Header, Param } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiParam, ApiTags } from '@nestjs/swagger';
import { ApiProblems } from '../common/index.js';
import { Access, ACCESS_PROBLEMS, Caller, type Identity } from '../identity/index.js';
import { SessionService } from '../sessions/index.js';
import { SessionClosedDto, SessionStatusDto } from './offer.dto.js';
import { SessionStatsDto, toSessionStatsDto } from './session-stats.dto.js';

/**
 * A route that closes the session of its path. Two routes do, a method each: the paths of one method would share its `operationId`,
 * or get one with an index in brackets, and neither names a method of a generated client. `ApiOperation` stays on the methods, since
 * the Swagger plugin makes one of the comment where it sees none.
 */
function CloseRoute(path: string): MethodDecorator {
  return applyDecorators(
    Delete(path),
    Access('stream:close'),
    ApiParam({ name: 'session_id', example: 'demo-1' }),
    ApiOkResponse({ type: SessionClosedDto, description: 'The session is closed and everything it used is released.' }),
    // A DELETE may carry a body: it is read, and refused like any other, though nothing in it is used.
    ApiProblems(...ACCESS_PROBLEMS, 'malformed-request', 'session-not-found', 'body-too-large', 'unsupported-media-type'),
  );
}

/** Sessions by id, whatever opened them. */
@ApiTags('sessions')
@Controller('v1/stream')
export class SessionsController {
  constructor(private readonly sessions: SessionService) {}

  /** Closes a session, by the path under which WebRTC opens it. */
  @CloseRoute('webrtc/:session_id')
  @ApiOperation({ summary: 'Close a session', operationId: 'webRtcClose' })
  closeWebRtc(@Param('session_id') sessionId: string, @Caller() caller: Identity): Promise<SessionClosedDto> {
    return this.close(sessionId, caller);
  }

  /** Closes a session. */
  @CloseRoute('sessions/:session_id')
  @ApiOperation({ summary: 'Close a session' })
  async close(@Param('session_id') sessionId: string, @Caller() caller: Identity): Promise<SessionClosedDto> {
    await this.sessions.close(sessionId, caller);
    return { session_id: sessionId, status: 'closed' };
  }

  /** Says whether a session is open. */
  @Get('sessions/:session_id/status')
  @Access('stream:read')
  @Header('Cache-Control', 'no-store')
  @ApiOperation({
    summary: 'Ask about a session',
    description: 'Always 200 to who may ask: a session that is not open, or not yours, is `unknown`.',
  })
  @ApiParam({ name: 'session_id', example: 'demo-1' })
  @ApiOkResponse({ type: SessionStatusDto })
  @ApiProblems(...ACCESS_PROBLEMS, 'malformed-request')
  status(@Param('session_id') sessionId: string, @Caller() caller: Identity): SessionStatusDto {
    const { session, closeReason } = this.sessions.status(sessionId, caller);
    if (session !== undefined)
      return { session_id: sessionId, status: 'active', stream_mode: session.mode, state: session.state };
    return { session_id: sessionId, status: 'unknown', ...(closeReason === undefined ? {} : { close_reason: closeReason }) };
  }

  /** Says how a session does. */
  @Get('sessions/:session_id/stats')
  @Access('stream:read')
  @Header('Cache-Control', 'no-store')
  @ApiOperation({
    summary: 'Figures of a session',
    description: 'Pictures and sound by their fate, the network, and how long each stage took, since the session was opened.',
  })
  @ApiParam({ name: 'session_id', example: 'demo-1' })
  @ApiOkResponse({ type: SessionStatsDto })
  @ApiProblems(...ACCESS_PROBLEMS, 'malformed-request', 'session-not-found')
  stats(@Param('session_id') sessionId: string, @Caller() caller: Identity): SessionStatsDto {
    return toSessionStatsDto(this.sessions.get(sessionId, caller));
  }
}
