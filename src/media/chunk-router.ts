import { Injectable } from '@nestjs/common';
import { setTimeout as delay } from 'node:timers/promises';
import type { Chunk } from '../common/index.js';
import { Configuration } from '../config/index.js';
import type { AudioTrack } from './audio-track.js';
import type { FrameTrack } from './frame-track.js';
import type { MediaClock } from './media-clock.js';
import { MediaTimeline, type QueuePolicy } from './media-timeline.js';

/** With `latest`, queued media beyond this makes room for newer. */
const LATEST_MAX_LEAD_MS = 100;

export interface ChunkRoute {
  readonly clock: MediaClock;
  readonly policy: QueuePolicy;
  /** Frames a second for chunks that say none. */
  readonly fps: number;
  /** Undefined when the client takes no video. */
  readonly video: FrameTrack | undefined;
  readonly audio: AudioTrack | undefined;
  /** Takes what is not media, with the pipeline's index of the chunk. */
  readonly metadata: (metadata: Readonly<Record<string, unknown>>, index: number | undefined) => void;
}

/**
 * Hands each chunk of one session to where it belongs: pictures and sound to their tracks, at the same place on the media clock; the rest to
 * the data channel. It is the session's one queue bound: `route` resolves when there is room for the next chunk.
 */
export class ChunkRouter {
  private readonly timeline: MediaTimeline;
  private videoChunks = 0;
  private framesWithoutTrack = 0;

  constructor(
    private readonly destination: ChunkRoute,
    private readonly bufferMs: number,
  ) {
    this.timeline = new MediaTimeline(destination.policy, LATEST_MAX_LEAD_MS);
  }

  /** Chunks that carried pictures: what `done` reports as `total_chunks`. */
  get routedVideoChunks(): number {
    return this.videoChunks;
  }

  /** Pictures made for a client that takes no video. */
  get untrackedFrames(): number {
    return this.framesWithoutTrack;
  }

  /**
   * Places a chunk and resolves when less than the buffer's length of media waits. Rejects with the signal's reason when aborted.
   */
  async route(chunk: Chunk, signal: AbortSignal): Promise<void> {
    const { clock, metadata } = this.destination;
    if (chunk.pictures.length > 0) this.videoChunks += 1;
    this.place(chunk);
    if (Object.keys(chunk.metadata).length > 0) metadata(chunk.metadata, chunk.index);
    if (this.destination.policy === 'latest') return;
    const waitMs = this.timeline.endMs - clock.mediaMs(performance.now()) - this.bufferMs;
    if (waitMs > 0) await delay(waitMs, undefined, { signal });
  }

  private place(chunk: Chunk): void {
    const { clock, video, audio } = this.destination;
    const frameMs = 1000 / (chunk.fps ?? this.destination.fps);
    const durationMs = chunk.pictures.length > 0 ? chunk.pictures.length * frameMs : audioDurationMs(chunk);
    if (durationMs === 0) return;
    const { startMs, skipMs } = this.timeline.place(durationMs, clock.mediaMs(performance.now()), frameMs);
    if (skipMs > 0) {
      video?.skip(skipMs);
      audio?.skip(skipMs);
    }
    if (video === undefined) this.framesWithoutTrack += chunk.pictures.length;
    else if (chunk.pictures.length > 0) video.enqueue(chunk.pictures, startMs, frameMs);
    if (chunk.audio !== undefined) audio?.enqueue(chunk.audio, startMs);
  }
}

function audioDurationMs({ audio }: Chunk): number {
  return audio === undefined ? 0 : (audio.data.length / (2 * audio.channels) / audio.sampleRate) * 1000;
}

/** Makes chunk routers with the configured buffer length. */
@Injectable()
export class ChunkRouterFactory {
  constructor(private readonly configuration: Configuration) {}

  create(destination: ChunkRoute): ChunkRouter {
    return new ChunkRouter(destination, this.configuration.videoBufferSeconds * 1000);
  }
}
