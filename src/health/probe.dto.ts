import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';

/** Answer of a probe, as Terminus gives it. */
export class ProbeDto {
  @ApiProperty({
    enum: ['ok', 'degraded', 'error', 'shutting_down'],
    description: '`error` and `shutting_down` go with status 503; `degraded` is up, though not in full.',
    example: 'ok',
  })
  readonly status!: string;

  @ApiPropertyOptional({ type: 'object', additionalProperties: true, description: 'What is up or degraded.' })
  readonly info?: Record<string, unknown>;

  @ApiPropertyOptional({ type: 'object', additionalProperties: true, description: 'What is down, and why.' })
  readonly error?: Record<string, unknown>;

  @ApiProperty({ type: 'object', additionalProperties: true, description: 'Both together.' })
  readonly details!: Record<string, unknown>;

  @ApiPropertyOptional({ type: String, description: 'The reason, in one line; only with status 503.' })
  readonly detail?: string;
}
