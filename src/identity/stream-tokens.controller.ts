import { Body, Controller, Header, Post } from '@nestjs/common';
import { ApiBody, ApiCreatedResponse, ApiOperation, ApiTags } from '@nestjs/swagger';

import { ApiProblems, Problem } from '../common/index.js';
import { Configuration } from '../config/index.js';
import { Access, ACCESS_PROBLEMS, Caller } from './access.decorator.js';
import { AuditLog } from './audit-log.service.js';
import type { Identity } from './identity.js';
import { StreamTokenDto, StreamTokenRequestDto } from './stream-token.dto.js';
import { StreamTokens } from './stream-tokens.service.js';

const DEFAULT_SECONDS = 60;

/** Tokens for browsers, made by whoever serves the page. */
@ApiTags('tokens')
@Controller('v1/stream/tokens')
export class StreamTokensController {
  constructor(
    private readonly tokens: StreamTokens,
    private readonly configuration: Configuration,
    private readonly audit: AuditLog,
  ) {}

  /** Makes a token. */
  @Post()
  @Header('Cache-Control', 'no-store')
  @Access('stream:create', { streamTokens: false })
  @ApiOperation({
    summary: 'Make a token for one session',
    description:
      'For a browser, which cannot keep an API key secret: the token may open one session until it expires, and read and close that session as long as it lives. It belongs to whoever had it made. No token is made with a token.',
  })
  @ApiBody({ type: StreamTokenRequestDto })
  @ApiCreatedResponse({ type: StreamTokenDto, description: 'The token; it is shown this once.' })
  @ApiProblems(...ACCESS_PROBLEMS, 'malformed-request', 'body-too-large', 'unsupported-media-type', 'validation-failed')
  async create(@Body() { expires_in }: StreamTokenRequestDto, @Caller() caller: Identity): Promise<StreamTokenDto> {
    const { streamTokenMaxSeconds } = this.configuration.auth;
    const seconds = expires_in ?? Math.min(DEFAULT_SECONDS, streamTokenMaxSeconds);
    if (seconds > streamTokenMaxSeconds) {
      const detail = `expires_in must not be greater than ${streamTokenMaxSeconds}`;
      throw new Problem('validation-failed', `${detail}.`, { errors: [{ pointer: '/expires_in', detail }] });
    }
    const { id, token, expiresAtMs } = await this.tokens.mint(caller, seconds);
    this.audit.record('token-minted', caller, { token: id, expires_in: String(seconds) });
    return { token, token_type: 'Bearer', expires_in: seconds, expires_at: new Date(expiresAtMs).toISOString() };
  }
}
