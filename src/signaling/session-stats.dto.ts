import { ApiProperty, ApiPropertyOptional, ApiSchema } from '@nestjs/swagger';
import {
  FrameLedgerDto,
  SESSION_STATES,
  StageLatenciesDto,
  toFrameLedgerDto,
  toStageLatenciesDto,
  type Session,
  type SessionState,
} from '../sessions/index.js';

type ViewerStats = Session['stats']['viewer'];
type StreamStats = NonNullable<ViewerStats['videoStream']>;

/** What was sent of one RTP stream. */
@ApiSchema({ name: 'StreamStats' })
class StreamStatsDto {
  @ApiProperty({ type: 'integer', minimum: 0, description: 'Packets, without retransmissions.', example: 9120 })
  readonly packets!: number;

  @ApiProperty({ type: 'integer', minimum: 0, description: 'Their bytes.', example: 9_876_543 })
  readonly bytes!: number;

  @ApiProperty({ type: 'integer', minimum: 0, description: 'Packets that were sent again.', example: 12 })
  readonly retransmitted_packets!: number;

  @ApiProperty({ type: 'integer', minimum: 0, description: 'Their bytes.', example: 13_200 })
  readonly retransmitted_bytes!: number;

  @ApiProperty({ type: 'integer', minimum: 0, description: 'Bytes sent only to learn what the network takes.', example: 24_000 })
  readonly probe_bytes!: number;

  @ApiProperty({ type: 'integer', minimum: 0, description: 'Negative acknowledgements the client sent.', example: 9 })
  readonly nacks!: number;

  @ApiProperty({ type: 'integer', minimum: 0, description: 'Picture loss indications the client sent.', example: 1 })
  readonly plis!: number;

  @ApiProperty({ type: 'integer', minimum: 0, description: 'Full intra requests the client sent.', example: 0 })
  readonly firs!: number;
}

/** The outgoing video of a session. */
@ApiSchema({ name: 'VideoStats' })
class VideoStatsDto extends StreamStatsDto {
  @ApiProperty({ type: String, description: 'What the client is sent.', example: 'H264' })
  readonly codec!: string;

  @ApiProperty({ type: 'integer', minimum: 0, description: 'Bits a second that the encoder is set to.', example: 1_800_000 })
  readonly target_bitrate!: number;

  @ApiProperty({ type: 'integer', minimum: 0, description: 'Keyframes sent.', example: 1 })
  readonly keyframes!: number;

  @ApiProperty({
    type: 'integer',
    minimum: 0,
    description: 'Encoded pictures that had no room on their way; they count as congested.',
    example: 0,
  })
  readonly refused_frames!: number;

  @ApiPropertyOptional({
    type: 'integer',
    description: 'Pixels of what is sent; fewer than the source on a slow network.',
    example: 832,
  })
  readonly width?: number;

  @ApiPropertyOptional({ type: 'integer', description: 'Pixels of what is sent.', example: 480 })
  readonly height?: number;

  @ApiPropertyOptional({ type: Number, description: 'Pictures a second that are sent; fewer on a slow network.', example: 24 })
  readonly fps?: number;

  @ApiPropertyOptional({ type: String, description: 'FFmpeg’s name of the encoder.', example: 'libx264' })
  readonly encoder?: string;
}

/** The outgoing sound of a session. */
@ApiSchema({ name: 'AudioStats' })
class AudioStatsDto extends StreamStatsDto {
  @ApiProperty({ type: Number, minimum: 0, description: 'Milliseconds of sound that came from the pipeline.', example: 100_000 })
  readonly received_ms!: number;

  @ApiProperty({ type: Number, minimum: 0, description: 'Of these, sent.', example: 99_960 })
  readonly sent_ms!: number;

  @ApiProperty({ type: Number, minimum: 0, description: 'Of these, waiting for their time.', example: 40 })
  readonly queued_ms!: number;

  @ApiProperty({
    type: 'object',
    additionalProperties: { type: 'number' },
    description: 'Of these, not sent, by reason.',
    example: { superseded: 0, late: 0, surplus: 0, failed: 0, closed: 0 },
  })
  readonly dropped_ms!: Readonly<Record<string, number>>;

  @ApiProperty({ type: 'integer', minimum: 0, description: 'Packets that carried earlier ones again.', example: 0 })
  readonly redundant_packets!: number;

  @ApiProperty({ type: Number, minimum: 0, description: 'Milliseconds of silence sent where there was no sound.', example: 0 })
  readonly silence_ms!: number;
}

/** What is known of the way to the client. */
@ApiSchema({ name: 'NetworkStats' })
class NetworkStatsDto {
  @ApiProperty({ type: 'integer', minimum: 0, description: 'Bits a second that everything sent may take.', example: 2_100_000 })
  readonly target_bitrate!: number;

  @ApiProperty({ type: 'integer', minimum: 0, description: 'Bits a second at which packets leave.', example: 5_250_000 })
  readonly pacing_bitrate!: number;

  @ApiProperty({
    type: 'integer',
    nullable: true,
    description: 'Bits a second the network is thought to take; null as long as nothing was learnt.',
    example: 2_470_000,
  })
  readonly estimate!: number | null;

  @ApiProperty({ type: Number, nullable: true, description: 'Milliseconds; null until the client reported.', example: 21.5 })
  readonly round_trip_ms!: number | null;

  @ApiProperty({ type: Number, minimum: 0, maximum: 1, description: 'Share of the packets that was lost lately.', example: 0 })
  readonly loss_fraction!: number;

  @ApiProperty({
    enum: ['normal', 'overusing', 'underusing'],
    description: 'Whether queues grow or drain on the way.',
    example: 'normal',
  })
  readonly usage!: string;

  @ApiProperty({
    enum: ['start', 'transport-feedback', 'remb'],
    description: 'What the target follows: nothing yet, the arrival of each packet, or the estimate of the client.',
    example: 'transport-feedback',
  })
  readonly source!: string;
}

/** Figures of an open session. */
@ApiSchema({ name: 'SessionStats' })
export class SessionStatsDto {
  @ApiProperty({ example: 'demo-1' })
  readonly session_id!: string;

  @ApiProperty({ enum: ['server_push', 'bidirectional'], example: 'bidirectional' })
  readonly stream_mode!: 'server_push' | 'bidirectional';

  @ApiProperty({ description: 'Where in its life the session is.', enum: SESSION_STATES, example: 'live' })
  readonly state!: SessionState;

  @ApiProperty({ type: Number, minimum: 0, description: 'Seconds since it was opened.', example: 100.2 })
  readonly age_seconds!: number;

  @ApiProperty({ description: 'What became of every picture: generated = sent + queued + all that were dropped.' })
  readonly frames!: FrameLedgerDto;

  @ApiPropertyOptional({ description: 'Only when the client takes video.' })
  readonly video?: VideoStatsDto;

  @ApiPropertyOptional({ description: 'Only when the client takes sound.' })
  readonly audio?: AudioStatsDto;

  @ApiProperty({ description: 'The way to the client.' })
  readonly network!: NetworkStatsDto;

  @ApiProperty({ description: 'How long the stages took between a key, the picture that shows it, and the viewer.' })
  readonly latency!: StageLatenciesDto;
}

/** A session's figures in the words of the API. */
export function toSessionStatsDto(session: Session): SessionStatsDto {
  const { ageMs, frames, viewer, latencies } = session.stats;
  const video = toVideoStats(viewer);
  const audio = toAudioStats(viewer);
  return {
    session_id: session.id,
    stream_mode: session.mode,
    state: session.state,
    age_seconds: Math.round(ageMs) / 1000,
    frames: toFrameLedgerDto(frames),
    ...(video === undefined ? {} : { video }),
    ...(audio === undefined ? {} : { audio }),
    network: toNetworkStats(viewer),
    latency: toStageLatenciesDto(latencies),
  };
}

function toVideoStats({ videoCodec, videoBitrate, video, videoFormat, videoStream }: ViewerStats): VideoStatsDto | undefined {
  if (videoCodec === undefined || videoStream === undefined) return undefined;
  return {
    codec: videoCodec,
    target_bitrate: Math.round(videoBitrate),
    keyframes: video?.keyframes ?? 0,
    refused_frames: videoStream.refusedFrames,
    ...videoFormat,
    ...toStreamStats(videoStream),
  };
}

function toAudioStats({ audio, audioStream }: ViewerStats): AudioStatsDto | undefined {
  if (audioStream === undefined) return undefined;
  return {
    received_ms: audio?.receivedMs ?? 0,
    sent_ms: audio?.sentMs ?? 0,
    queued_ms: audio?.queuedMs ?? 0,
    dropped_ms: { ...audio?.droppedMs },
    redundant_packets: audioStream.redundantPackets,
    silence_ms: audio?.silenceMs ?? 0,
    ...toStreamStats(audioStream),
  };
}

function toStreamStats(stream: StreamStats): StreamStatsDto {
  const { packets, bytes, retransmittedPackets, retransmittedBytes, probeBytes, nacks, plis, firs } = stream;
  return {
    packets,
    bytes,
    retransmitted_packets: retransmittedPackets,
    retransmitted_bytes: retransmittedBytes,
    probe_bytes: probeBytes,
    nacks,
    plis,
    firs,
  };
}

function toNetworkStats({ network }: ViewerStats): NetworkStatsDto {
  return {
    target_bitrate: Math.round(network.targetBitrate),
    pacing_bitrate: Math.round(network.pacingBitrate),
    estimate: network.estimate === undefined ? null : Math.round(network.estimate),
    round_trip_ms: network.roundTripMs ?? null,
    loss_fraction: network.lossFraction,
    usage: network.usage,
    source: network.source,
  };
}
