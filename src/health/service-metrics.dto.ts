import { ApiProperty } from '@nestjs/swagger';

import { FrameLedgerDto, StageLatenciesDto } from '../sessions/index.js';
import { WorkerDto } from './service-metadata.dto.js';
import { SessionCountsDto } from './session-counts.dto.js';

/** How late the loop was that sends packets. */
export class EventLoopDelayDto {
  @ApiProperty({ type: Number, minimum: 0, description: 'Median, milliseconds.', example: 0.1 })
  readonly p50!: number;

  @ApiProperty({ type: Number, minimum: 0, description: '99 % were no later, milliseconds.', example: 2.4 })
  readonly p99!: number;

  @ApiProperty({ type: Number, minimum: 0, description: 'The latest, milliseconds.', example: 6.8 })
  readonly max!: number;

  @ApiProperty({
    type: Number,
    minimum: 0,
    description: 'Seconds that these figures are of: the last minute, or as long as the server runs.',
    example: 57.5,
  })
  readonly window_seconds!: number;
}

/** What the server itself takes of the machine. */
export class ProcessDto {
  @ApiProperty({ type: 'integer', minimum: 0, description: 'Resident memory, bytes.', example: 182_452_224 })
  readonly resident_bytes!: number;

  @ApiProperty({ type: Number, minimum: 0, description: 'CPU time since its start, seconds.', example: 41.3 })
  readonly cpu_seconds!: number;
}

/** Figures of the service since its start, finished sessions included. */
export class ServiceMetricsDto extends SessionCountsDto {
  @ApiProperty({ type: String, format: 'date-time', description: 'When this was answered.', example: '2026-11-22T12:00:00.000Z' })
  readonly timestamp!: string;

  @ApiProperty({ type: Number, minimum: 0, description: 'Seconds since the server started.', example: 3600.5 })
  readonly uptime_seconds!: number;

  @ApiProperty({ type: 'integer', minimum: 0, description: 'Sessions that were ever opened.', example: 17 })
  readonly sessions_opened!: number;

  @ApiProperty({
    type: 'object',
    additionalProperties: { type: 'integer' },
    description: 'Sessions that closed, by reason; a reason that never was is left out.',
    example: { client_stop: 11, completed: 5 },
  })
  readonly sessions_closed!: Readonly<Record<string, number>>;

  @ApiProperty({
    type: 'object',
    additionalProperties: { type: 'integer' },
    description:
      'Offers that found a free slot or none, by result: `answered`, the code of a problem, or `error`; a result that never was is left out. An offer whose body is refused is not counted.',
    example: { answered: 17, 'max-sessions': 2 },
  })
  readonly offers!: Readonly<Record<string, number>>;

  @ApiProperty({ description: 'What became of every picture: generated = sent + queued + all that were dropped.' })
  readonly frames!: FrameLedgerDto;

  @ApiProperty({ description: 'How long the stages took between a key, the picture that shows it, and the viewer.' })
  readonly latency!: StageLatenciesDto;

  @ApiProperty({ description: 'How late the loop was that sends packets.' })
  readonly event_loop_delay_ms!: EventLoopDelayDto;

  @ApiProperty({ description: 'What the server itself takes of the machine.' })
  readonly process!: ProcessDto;

  @ApiProperty({ type: [WorkerDto], description: 'The processes the pipeline runs in.' })
  readonly workers!: readonly WorkerDto[];
}
