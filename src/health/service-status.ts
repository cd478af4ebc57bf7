import { Injectable } from '@nestjs/common';

import { VERSION } from '../common/index.js';
import { Configuration } from '../config/index.js';
import { VideoEncoders } from '../media/index.js';
import { PipelineService, type ServiceAbout, type StartProgress, type WorkerDescription } from '../pipeline-loader/index.js';
import { Drain, SessionRegistry } from '../sessions/index.js';
import { ServiceHealthDto } from './service-health.dto.js';
import { ServiceMetadataDto, type WorkerDto } from './service-metadata.dto.js';
import { SessionCountsDto } from './session-counts.dto.js';

/** Puts what the pipeline and the sessions say of themselves into the words of the API. */
@Injectable()
export class ServiceStatus {
  constructor(
    private readonly pipeline: PipelineService,
    private readonly sessions: SessionRegistry,
    private readonly drain: Drain,
    private readonly configuration: Configuration,
    private readonly encoders: VideoEncoders,
  ) {}

  /** Whether offers are taken; there may be no room for one. */
  get ready(): boolean {
    return this.pipeline.state === 'ready' && !this.draining;
  }

  /** Whether the server lets its sessions go on, takes no more, and then ends. */
  get draining(): boolean {
    return this.drain.deadlineMs !== undefined;
  }

  /** Whether the pipeline has been ready at some time; it stays true when the pipeline fails later. */
  get started(): boolean {
    return this.pipeline.state === 'ready' || this.pipeline.describe().startSeconds !== undefined;
  }

  /** Why the service is not ready, in one line; undefined when it is. */
  get reason(): string | undefined {
    if (this.draining) return 'The server is about to end: open sessions go on, and no new one is taken.';
    return this.pipelineReason;
  }

  /** Why the pipeline takes no sessions, in one line; undefined when it does. */
  get pipelineReason(): string | undefined {
    const { state, failure } = this.pipeline;
    switch (state) {
      case 'ready':
        return undefined;
      case 'starting':
        return `The pipeline is still starting${progressInWords(this.pipeline.startProgress)}.`;
      case 'restarting':
        return failure ?? 'The pipeline is being started again.';
      case 'failed':
        return failure ?? 'The pipeline failed.';
      case 'stopped':
        return 'The pipeline has been stopped.';
      default:
        return state satisfies never;
    }
  }

  /** The health, with the status words of `/v1/service/health`. */
  health(): ServiceHealthDto {
    const { ready, reason } = this;
    return {
      status: this.pipeline.state === 'failed' ? 'unhealthy' : 'healthy',
      ready,
      stream_ready: ready,
      stream_mode: this.pipeline.mode ?? null,
      draining: this.draining,
      ...startProgressOf(this.pipeline),
      ...this.sessionCounts(),
      timestamp: new Date().toISOString(),
      version: VERSION,
      ...(reason !== undefined && { reason }),
    };
  }

  metadata(): ServiceMetadataDto {
    const description = this.pipeline.describe();
    return {
      service_type: 'stream',
      stream_mode: this.pipeline.mode ?? null,
      pipeline_file: description.pipelineFile,
      security_level: description.securityLevel.toUpperCase(),
      skip_validation: description.skipValidation,
      runner: description.runner ?? null,
      ...toAboutFields(description.about),
      ...(description.configSchema !== undefined && { config_schema: description.configSchema }),
      ...(description.defaultFps !== undefined && { default_fps: description.defaultFps }),
      ...(description.startSeconds !== undefined && { start_seconds: description.startSeconds }),
      workers: this.workers(),
      ...this.sessionCounts(),
      max_image_bytes: this.maxImageBytes(),
      max_image_pixels: this.configuration.images.maxPixels,
      webrtc_video_codec: this.configuration.videoCodecs[0] ?? 'H264',
      webrtc_video_codecs: [...this.configuration.videoCodecs],
      webrtc_video_encoders: { ...this.encoders.names(performance.now()) },
      webrtc_encoder_profile: this.configuration.encoderProfile,
      webrtc_video_bitrate: this.configuration.maxVideoBitrate,
    };
  }

  /** As base64 it is a third longer, and has to be in one body with the rest of the offer. */
  private maxImageBytes(): number {
    const { images, maxBodyBytes, maxSdpBytes } = this.configuration;
    return Math.min(images.maxBytes, Math.max(0, Math.floor(((maxBodyBytes - maxSdpBytes) * 3) / 4)));
  }

  /** The processes of the pipeline. */
  workers(): WorkerDto[] {
    return this.pipeline.describe().workers.map(toWorkerDto);
  }

  /** How many sessions there are. */
  sessionCounts(): SessionCountsDto {
    const { active, serverPush, bidirectional, max } = this.sessions.stats();
    return {
      webrtc_active_sessions: active,
      webrtc_server_push_sessions: serverPush,
      webrtc_bidirectional_sessions: bidirectional,
      webrtc_max_sessions: max,
    };
  }
}

/** What the pipeline says of its start, while there is one. */
function startProgressOf({ startProgress }: PipelineService): Pick<ServiceHealthDto, 'start_progress' | 'start_message'> {
  const { fraction, text } = startProgress ?? {};
  return { ...(fraction !== undefined && { start_progress: fraction }), ...(text !== undefined && { start_message: text }) };
}

/** ` (40 %): Loading the text encoder`, as far as that is known. */
function progressInWords({ fraction, text }: StartProgress = {}): string {
  const percent = fraction === undefined ? '' : ` (${Math.floor(fraction * 100)} %)`;
  return text === undefined ? percent : `${percent}: ${text.replace(/[.…]+$/u, '')}`;
}

function toAboutFields({ defaultPrompt, ...about }: ServiceAbout = {}): Partial<ServiceMetadataDto> {
  return { ...about, ...(defaultPrompt !== undefined && { default_prompt: defaultPrompt }) };
}

function toWorkerDto({ state, pid, sessions, restarts, residentBytes, cpuSeconds }: WorkerDescription): WorkerDto {
  return {
    state,
    ...(pid !== undefined && { pid }),
    sessions,
    restarts,
    ...(residentBytes !== undefined && { resident_bytes: residentBytes }),
    ...(cpuSeconds !== undefined && { cpu_seconds: cpuSeconds }),
  };
}
