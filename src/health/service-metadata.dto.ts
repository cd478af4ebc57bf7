import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';

import { SessionCountsDto } from './session-counts.dto.js';

/** One process of the pipeline. */
export class WorkerDto {
  @ApiProperty({
    enum: ['starting', 'ready', 'waiting', 'failed', 'stopped'],
    description: '`waiting`: it ended and is about to be started again; `failed`: it was given up.',
    example: 'ready',
  })
  readonly state!: string;

  @ApiPropertyOptional({ type: 'integer', description: 'Its process id, while there is a process.', example: 4711 })
  readonly pid?: number;

  @ApiProperty({ type: 'integer', minimum: 0, description: 'Sessions it has.', example: 1 })
  readonly sessions!: number;

  @ApiProperty({ type: 'integer', minimum: 0, description: 'How often it was started again.', example: 0 })
  readonly restarts!: number;

  @ApiPropertyOptional({ type: 'integer', description: 'Resident memory, bytes.', example: 94371840 })
  readonly resident_bytes?: number;

  @ApiPropertyOptional({ type: Number, description: 'CPU time since its start, seconds.', example: 1.25 })
  readonly cpu_seconds?: number;
}

/** What the service is, in the words of the TeleFuser API. */
export class ServiceMetadataDto extends SessionCountsDto {
  @ApiProperty({ enum: ['stream'], description: 'This server only streams.', example: 'stream' })
  readonly service_type!: 'stream';

  @ApiProperty({
    type: String,
    enum: ['server_push', 'bidirectional', null],
    nullable: true,
    description: "The pipeline's mode; null until it is known.",
    example: 'server_push',
  })
  readonly stream_mode!: string | null;

  @ApiProperty({ type: String, description: 'The pipeline, as the command line named it.', example: 'pipelines/video-replay' })
  readonly pipeline_file!: string;

  @ApiProperty({
    enum: ['STRICT', 'STANDARD', 'PERMISSIVE'],
    description: 'How much the pipeline is trusted.',
    example: 'STRICT',
  })
  readonly security_level!: string;

  @ApiProperty({ type: Boolean, description: 'Whether the check of the pipeline file was skipped.', example: false })
  readonly skip_validation!: boolean;

  @ApiProperty({
    type: String,
    enum: ['node', 'python', null],
    nullable: true,
    description: 'Kind of process the pipeline runs in; null until its file was looked at.',
    example: 'node',
  })
  readonly runner!: string | null;

  @ApiPropertyOptional({ type: Number, description: "The pipeline's frames a second, if it says so.", example: 24 })
  readonly default_fps?: number;

  @ApiPropertyOptional({ type: Number, description: 'Seconds that the start of the pipeline took.', example: 1.25 })
  readonly start_seconds?: number;

  @ApiProperty({ type: [WorkerDto], description: 'The processes the pipeline runs in.' })
  readonly workers!: readonly WorkerDto[];

  @ApiProperty({ enum: ['H264', 'VP8', 'VP9', 'AV1'], description: 'Preferred video codec.', example: 'H264' })
  readonly webrtc_video_codec!: string;

  @ApiProperty({
    type: [String],
    description: 'Video codecs in the order in which they are tried; the first that a viewer offers is used.',
    example: ['H264', 'VP8'],
  })
  readonly webrtc_video_codecs!: readonly string[];

  @ApiProperty({
    type: Object,
    additionalProperties: { type: 'string' },
    description: "FFmpeg's name of the encoder that the next session gets, by codec: hardware where it works, else software.",
    example: { H264: 'libx264', VP8: 'libvpx' },
  })
  readonly webrtc_video_encoders!: Readonly<Record<string, string>>;

  @ApiProperty({
    enum: ['latency', 'balanced', 'quality'],
    description: 'How much the video encoder works for each bit.',
    example: 'latency',
  })
  readonly webrtc_encoder_profile!: string;

  @ApiProperty({ type: 'integer', description: 'Most bits a second of one video track.', example: 4_000_000 })
  readonly webrtc_video_bitrate!: number;
}
