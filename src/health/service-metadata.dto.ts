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

  @ApiPropertyOptional({ type: String, description: 'Name of the service, as it says itself.', example: 'A world to walk in' })
  readonly name?: string;

  @ApiPropertyOptional({
    type: String,
    description: 'What the service does, as it says itself.',
    example: 'Walk through a generated world with the arrow keys.',
  })
  readonly description?: string;

  @ApiPropertyOptional({
    type: [String],
    description:
      'Controls that the service understands: `arrows`, `wasd`, `ijkl`, or words of its own. Absent: it does not say; empty: none.',
    example: ['arrows', 'wasd'],
  })
  readonly controls?: readonly string[];

  @ApiPropertyOptional({
    type: [String],
    description:
      'What the service makes use of: `prompt`, `image`, `camera`, `microphone`, or words of its own. Absent: it does not say; empty: none.',
    example: ['prompt', 'image'],
  })
  readonly inputs?: readonly string[];

  @ApiPropertyOptional({ type: [String], description: "What an offer's `task` may say.", example: ['i2v'] })
  readonly tasks?: readonly string[];

  @ApiPropertyOptional({ type: String, description: 'A prompt to begin with.', example: 'a harbour at dusk' })
  readonly default_prompt?: string;

  @ApiPropertyOptional({
    type: 'object',
    additionalProperties: true,
    description: "JSON Schema (a subset of 2020-12, without references) of an offer's `config`, which is checked by it.",
    example: { type: 'object', properties: { steps: { type: 'integer', minimum: 1, maximum: 50, default: 8 } } },
  })
  readonly config_schema?: Readonly<Record<string, unknown>>;

  @ApiPropertyOptional({ type: Number, description: "The pipeline's frames a second, if it says so.", example: 24 })
  readonly default_fps?: number;

  @ApiPropertyOptional({ type: Number, description: 'Seconds that the start of the pipeline took.', example: 1.25 })
  readonly start_seconds?: number;

  @ApiProperty({ type: [WorkerDto], description: 'The processes the pipeline runs in.' })
  readonly workers!: readonly WorkerDto[];

  @ApiProperty({ type: 'integer', description: "Longest file that an offer's `image` may be, bytes.", example: 10_485_760 })
  readonly max_image_bytes!: number;

  @ApiProperty({ type: 'integer', description: "Most pixels that an offer's `image` may have.", example: 25_000_000 })
  readonly max_image_pixels!: number;

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
