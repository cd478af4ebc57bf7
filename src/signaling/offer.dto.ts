import { ApiProperty, ApiPropertyOptional, ApiSchema } from '@nestjs/swagger';
import { IsIn, IsNumber, IsObject, IsOptional, IsString, Matches, Max, MaxLength, Min, MinLength } from 'class-validator';
import { openEnum } from '../common/index.js';
import { SESSION_ID, SESSION_ID_RULE, SESSION_STATES, CLOSE_REASONS } from '../sessions/index.js';

const SDP_EXAMPLE =
  'v=0\r\no=- 4611731400430051336 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0\r\nm=video 9 UDP/TLS/RTP/SAVPF 96\r\n…';

/** A client's offer. An optional field that is null counts as left out. Any further field is handed to the pipeline as it is. */
@ApiSchema({ name: 'WebRtcOffer' })
export class OfferDto {
  @ApiProperty({ description: 'SDP of the offer, with all ICE candidates or with those known so far.', example: SDP_EXAMPLE })
  @IsString()
  readonly sdp!: string;

  @ApiPropertyOptional({
    // Said without `default`: the Go that openapi-generator makes of an enum with null and a default does not compile.
    description: 'Type of the description; default: `offer`.',
    type: String,
    enum: ['offer', null],
    nullable: true,
    example: 'offer',
  })
  @IsOptional()
  @IsIn(['offer'])
  readonly type?: 'offer';

  @ApiProperty({ description: "The pipeline's task.", example: 't2v', minLength: 1, maxLength: 256 })
  @IsString()
  @MinLength(1)
  @MaxLength(256)
  readonly task!: string;

  @ApiPropertyOptional({
    description: `Id of the session; the server makes one if it is left out. ${SESSION_ID_RULE}`,
    example: 'demo-1',
    pattern: SESSION_ID.source,
    nullable: true,
  })
  @IsOptional()
  @Matches(SESSION_ID, { message: `session_id is not valid: ${SESSION_ID_RULE.replace(/\.$/, '')}` })
  readonly session_id?: string;

  @ApiPropertyOptional({
    description: 'What to generate.',
    example: 'a lighthouse in a storm',
    maxLength: 100_000,
    nullable: true,
  })
  @IsOptional()
  @IsString()
  @MaxLength(100_000)
  readonly prompt?: string;

  @ApiPropertyOptional({
    description: "Frames a second for chunks that say none; default: the pipeline's, else 24.",
    example: 24,
    minimum: 1,
    maximum: 240,
    nullable: true,
  })
  @IsOptional()
  @IsNumber({ allowNaN: false, allowInfinity: false })
  @Min(1)
  @Max(240)
  readonly fps?: number;

  @ApiPropertyOptional({
    description:
      'Image to begin with, as a data URL of a JPEG, PNG or WebP file of at most `max_image_bytes` and `max_image_pixels` (`/v1/service/metadata`). It is ' +
      'checked, turned upright if its EXIF data asks for that, and handed to the pipeline. Any other text is handed on as it is.',
    type: String,
    nullable: true,
    example: 'data:image/jpeg;base64,/9j/4AAQSkZJRg…',
  })
  @IsOptional()
  @IsString()
  readonly image?: string;

  @ApiPropertyOptional({
    description:
      'Session configuration; what is accepted is up to the pipeline, and checked by the `config_schema` of `/v1/service/metadata` where there is one.',
    type: 'object',
    additionalProperties: true,
    nullable: true,
    example: { duration_s: 30 },
  })
  @IsOptional()
  @IsObject()
  readonly config?: Record<string, unknown>;
}

/** The server's answer. */
@ApiSchema({ name: 'WebRtcAnswer' })
export class AnswerDto {
  @ApiProperty({ description: 'Id of the opened session.', example: 'demo-1' })
  readonly session_id!: string;

  @ApiProperty({ description: 'SDP of the answer, with every ICE candidate inline.', example: SDP_EXAMPLE })
  readonly sdp!: string;

  @ApiProperty({ enum: ['answer'], example: 'answer' })
  readonly type!: 'answer';

  @ApiProperty({
    enum: ['server_push', 'bidirectional'],
    description: "The pipeline's mode: whether it takes input.",
    example: 'server_push',
  })
  readonly stream_mode!: 'server_push' | 'bidirectional';
}

/** A session was closed. */
@ApiSchema({ name: 'SessionClosed' })
export class SessionClosedDto {
  @ApiProperty({ example: 'demo-1' })
  readonly session_id!: string;

  @ApiProperty({ enum: ['closed'], example: 'closed' })
  readonly status!: 'closed';
}

/** What is known of a session. */
@ApiSchema({ name: 'SessionStatus' })
export class SessionStatusDto {
  @ApiProperty({ example: 'demo-1' })
  readonly session_id!: string;

  @ApiProperty({ description: '`active` from offer to close, else `unknown`.', enum: ['active', 'unknown'], example: 'active' })
  readonly status!: 'active' | 'unknown';

  @ApiPropertyOptional({ enum: ['server_push', 'bidirectional'], example: 'server_push' })
  readonly stream_mode?: 'server_push' | 'bidirectional';

  @ApiPropertyOptional({
    ...openEnum(SESSION_STATES),
    description: 'Where in its life an active session is. A newer server may have more states.',
    example: 'live',
  })
  readonly state?: string;

  @ApiPropertyOptional({
    ...openEnum(CLOSE_REASONS),
    description: 'Why a session that closed lately did so. A newer server may have more reasons.',
    example: 'completed',
  })
  readonly close_reason?: string;
}
