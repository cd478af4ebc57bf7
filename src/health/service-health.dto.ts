import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';

import { SessionCountsDto } from './session-counts.dto.js';

/** Health of the service, in the words of the TeleFuser API. */
export class ServiceHealthDto extends SessionCountsDto {
  @ApiProperty({
    enum: ['healthy', 'unhealthy', 'ready', 'not_ready'],
    description: '`/health` says `healthy` or, when the pipeline failed, `unhealthy`; `/ready` says `ready` or `not_ready`.',
    example: 'healthy',
  })
  readonly status!: string;

  @ApiProperty({ type: Boolean, description: 'Whether offers are taken; there may be no free slot.', example: true })
  readonly ready!: boolean;

  @ApiProperty({ type: Boolean, description: 'The same as `ready`.', example: true })
  readonly stream_ready!: boolean;

  @ApiProperty({
    type: String,
    enum: ['server_push', 'bidirectional', null],
    nullable: true,
    description: "The pipeline's mode; null until it is known.",
    example: 'server_push',
  })
  readonly stream_mode!: string | null;

  @ApiProperty({
    type: Boolean,
    description: 'Whether the server is about to end and only waits for its sessions.',
    example: false,
  })
  readonly draining!: boolean;

  @ApiPropertyOptional({
    type: Number,
    minimum: 0,
    maximum: 1,
    description: 'How far the start of the pipeline has got, while it starts and says so.',
    example: 0.4,
  })
  readonly start_progress?: number;

  @ApiPropertyOptional({
    type: String,
    maxLength: 201,
    description: 'What the pipeline is doing to start, while it starts and says so.',
    example: 'Loading the text encoder',
  })
  readonly start_message?: string;

  @ApiProperty({ type: String, format: 'date-time', description: 'When this was answered.', example: '2026-11-22T12:00:00.000Z' })
  readonly timestamp!: string;

  @ApiProperty({ type: String, description: "The server's version.", example: '0.1.0' })
  readonly version!: string;

  @ApiPropertyOptional({ type: String, description: 'Why the service is not ready.', example: 'The pipeline is still starting.' })
  readonly reason?: string;

  @ApiPropertyOptional({ type: String, description: 'The same as `reason`; only with status 503.' })
  readonly detail?: string;
}
