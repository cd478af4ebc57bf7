import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';

/** Answer of a probe, as Terminus gives it. */
export class ProbeDto {
  @ApiProperty({ enum: ['ok', 'error'], description: '`error` goes with status 503.', example: 'ok' })
  readonly status!: string;

  @ApiPropertyOptional({ type: 'object', additionalProperties: true, description: 'What is up.' })
  readonly info?: Record<string, unknown>;

  @ApiPropertyOptional({ type: 'object', additionalProperties: true, description: 'What is down, and why.' })
  readonly error?: Record<string, unknown>;

  @ApiProperty({ type: 'object', additionalProperties: true, description: 'Both together.' })
  readonly details!: Record<string, unknown>;

  @ApiPropertyOptional({ type: String, description: 'The reason, in one line; only with status 503.' })
  readonly detail?: string;
}
