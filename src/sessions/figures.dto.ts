import { ApiProperty, ApiSchema } from '@nestjs/swagger';
import type { FrameDropReason, FrameLedger } from './frame-ledger.js';
import type { LatencySummary } from './latency-histogram.js';
import { LATENCY_STAGES, type LatencyStage, type LatencySummaries } from './stage-latencies.js';

/** Pictures that were not sent, by reason. */
@ApiSchema({ name: 'DroppedFrames' })
class DroppedFramesDto implements Record<FrameDropReason, number> {
  @ApiProperty({ type: 'integer', minimum: 0, description: 'Newer media made them superfluous.', example: 0 })
  readonly superseded!: number;

  @ApiProperty({ type: 'integer', minimum: 0, description: 'Their time had passed.', example: 0 })
  readonly late!: number;

  @ApiProperty({ type: 'integer', minimum: 0, description: 'The network takes fewer than there are.', example: 0 })
  readonly congested!: number;

  @ApiProperty({ type: 'integer', minimum: 0, description: 'They are no pictures.', example: 0 })
  readonly undecodable!: number;

  @ApiProperty({ type: 'integer', minimum: 0, description: 'The codecs failed.', example: 0 })
  readonly failed!: number;

  @ApiProperty({ type: 'integer', minimum: 0, description: 'The client takes no video.', example: 0 })
  readonly no_track!: number;

  @ApiProperty({ type: 'integer', minimum: 0, description: 'The session was over.', example: 0 })
  readonly closed!: number;
}

/** What became of every picture of the pipeline: generated = sent + queued + all that were dropped. */
@ApiSchema({ name: 'FrameLedger' })
export class FrameLedgerDto {
  @ApiProperty({ type: 'integer', minimum: 0, description: "Pictures that came from the pipeline's process.", example: 2400 })
  readonly generated!: number;

  @ApiProperty({ type: 'integer', minimum: 0, description: 'Of these, sent.', example: 2398 })
  readonly sent!: number;

  @ApiProperty({ type: 'integer', minimum: 0, description: 'Of these, waiting for their time.', example: 2 })
  readonly queued!: number;

  @ApiProperty({ description: 'Of these, not sent.' })
  readonly dropped!: DroppedFramesDto;
}

const NOT_YET = 'null as long as there was none';

/** How long one stage took, milliseconds. */
@ApiSchema({ name: 'Latency' })
class LatencyDto {
  @ApiProperty({ type: 'integer', minimum: 0, description: 'How often it was measured.', example: 2398 })
  readonly count!: number;

  @ApiProperty({ type: Number, description: 'All of them together.', example: 21_582.4 })
  readonly sum_ms!: number;

  @ApiProperty({ type: Number, nullable: true, description: `Median; ${NOT_YET}.`, example: 8.7 })
  readonly p50_ms!: number | null;

  @ApiProperty({ type: Number, nullable: true, description: `95 % took no longer; ${NOT_YET}.`, example: 14.2 })
  readonly p95_ms!: number | null;

  @ApiProperty({ type: Number, nullable: true, description: `99 % took no longer; ${NOT_YET}.`, example: 19.6 })
  readonly p99_ms!: number | null;

  @ApiProperty({ type: Number, nullable: true, description: `The longest; ${NOT_YET}.`, example: 31.1 })
  readonly max_ms!: number | null;
}

/** How long the stages took between a key, the picture that shows it, and the viewer. */
@ApiSchema({ name: 'StageLatencies' })
export class StageLatenciesDto implements Record<LatencyStage, LatencyDto> {
  @ApiProperty({
    description: 'From the receipt of a control message until the pipeline had taken it. Controls with an `id` only.',
  })
  readonly control_to_push!: LatencyDto;

  @ApiProperty({ description: 'From there until the pipeline yielded the first chunk that reflects it.' })
  readonly push_to_yield!: LatencyDto;

  @ApiProperty({ description: "From a chunk's yield until the work on its first picture began." })
  readonly yield_to_encode!: LatencyDto;

  @ApiProperty({ description: 'Decoding and encoding of a picture.' })
  readonly encode!: LatencyDto;

  @ApiProperty({ description: 'From there until its last packet had left.' })
  readonly encode_to_send!: LatencyDto;

  @ApiProperty({ description: 'From there until it was shown, as the client reports.' })
  readonly send_to_shown!: LatencyDto;

  @ApiProperty({ description: 'From the receipt of a control message until the first picture that reflects it had left.' })
  readonly control_to_sent!: LatencyDto;

  @ApiProperty({ description: 'The same until that picture was shown, as the client reports.' })
  readonly control_to_shown!: LatencyDto;

  @ApiProperty({ description: "From a chunk's yield until its first picture had left." })
  readonly yield_to_sent!: LatencyDto;
}

/** An account in the words of the API. */
export function toFrameLedgerDto({ generated, sent, queued, dropped }: FrameLedger): FrameLedgerDto {
  return { generated, sent, queued, dropped: { ...dropped } };
}

/** Latencies in the words of the API. */
export function toStageLatenciesDto(latencies: LatencySummaries): StageLatenciesDto {
  return Object.fromEntries(LATENCY_STAGES.map((stage) => [stage, toLatencyDto(latencies[stage])])) as Record<
    LatencyStage,
    LatencyDto
  >;
}

function toLatencyDto({ count, sumMs, p50Ms, p95Ms, p99Ms, maxMs }: LatencySummary): LatencyDto {
  return {
    count,
    sum_ms: rounded(sumMs),
    p50_ms: roundedOrNull(p50Ms),
    p95_ms: roundedOrNull(p95Ms),
    p99_ms: roundedOrNull(p99Ms),
    max_ms: roundedOrNull(maxMs),
  };
}

function roundedOrNull(ms: number | undefined): number | null {
  return ms === undefined ? null : rounded(ms);
}

/** To microseconds. */
function rounded(ms: number): number {
  return Math.round(ms * 1000) / 1000;
}
