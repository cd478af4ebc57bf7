import { Controller, Delete, Get, Param } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiParam, ApiTags } from '@nestjs/swagger';
import { ApiProblems } from '../common/index.js';
import { SessionService } from '../sessions/index.js';
import { SessionClosedDto, SessionStatusDto } from './offer.dto.js';

/** Sessions by id, whatever opened them. */
@ApiTags('sessions')
@Controller('v1/stream/sessions')
export class SessionsController {
  constructor(private readonly sessions: SessionService) {}

  /** Closes a session. */
  @Delete(':session_id')
  @ApiOperation({ summary: 'Close a session' })
  @ApiParam({ name: 'session_id', example: 'demo-1' })
  @ApiOkResponse({ type: SessionClosedDto, description: 'The session is closed and everything it used is released.' })
  @ApiProblems('session-not-found')
  async close(@Param('session_id') sessionId: string): Promise<SessionClosedDto> {
    await this.sessions.close(sessionId);
    return { session_id: sessionId, status: 'closed' };
  }

  /** Says whether a session is open. */
  @Get(':session_id/status')
  @ApiOperation({ summary: 'Ask about a session', description: 'Always 200: a session that is not open is `unknown`.' })
  @ApiParam({ name: 'session_id', example: 'demo-1' })
  @ApiOkResponse({ type: SessionStatusDto })
  @ApiProblems()
  status(@Param('session_id') sessionId: string): SessionStatusDto {
    const { session, closeReason } = this.sessions.status(sessionId);
    if (session !== undefined)
      return { session_id: sessionId, status: 'active', stream_mode: session.mode, state: session.state };
    return { session_id: sessionId, status: 'unknown', ...(closeReason === undefined ? {} : { close_reason: closeReason }) };
  }
}
