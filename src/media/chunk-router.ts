import { Injectable } from '@nestjs/common';
import { setTimeout as delay } from 'node:timers/promises';
import type { Chunk, DeliveryMode } from '../common/index.js';
import { Configuration } from '../config/index.js';
import type { AudioTrack } from './audio-track.js';
import type { FrameTrack } from './frame-track.js';
import type { MediaClock } from './media-clock.js';
import { MediaTimeline, type QueuePolicy } from './media-timeline.js';

/** With `latest`, how long media may wait where neither the chunk nor the service says. */
const LATEST_QUEUE_MS = 100;
/** However long a queue may be, no more of it than fits in this: a minute of raw pictures would be gigabytes. */
const MAX_QUEUED_BYTES = 256 * 1024 * 1024;
/**
 * With `latest` a pipeline is not made to wait for its turn. But one that never waits by itself would take the whole process with chunks that
 * are only dropped again: it is held to so many times the pace at which they play.
 */
const MAX_HASTE = 4;

export interface ChunkRoute {
  readonly clock: MediaClock;
  /** For chunks that say none. */
  readonly delivery: DeliveryMode;
  /** Milliseconds of media that may wait, for chunks that say none; absent: what is usual for the chunk's delivery. */
  readonly queueMs?: number | undefined;
  /** Frames a second for chunks that say none. */
  readonly fps: number;
  /** Undefined when the client takes no video. */
  readonly video: FrameTrack | undefined;
  readonly audio: AudioTrack | undefined;
  /**
   * Told of each chunk that has metadata or reflects control messages, once it has its place.
   * @param rtpTimestamp of its first picture on the video stream; undefined when it has none, or no stream.
   */
  readonly chunkRouted: (chunk: Chunk, rtpTimestamp: number | undefined) => void;
}

/**
 * Hands each chunk of one session to where it belongs: pictures and sound to their tracks, at the same place on the media clock; the rest to
 * the data channel. It is the session's one queue bound: `route` resolves when there is room for the next chunk.
 */
export class ChunkRouter {
  /** Chunks of pictures alone and of sound alone play side by side; what comes in one chunk begins together. */
  private readonly videoTimeline = new MediaTimeline();
  private readonly audioTimeline = new MediaTimeline();
  private videoChunks = 0;
  private framesWithoutTrack = 0;

  /** @param losslessQueueMs with `lossless`, how much media may wait where neither the chunk nor the service says. */
  constructor(
    private readonly destination: ChunkRoute,
    private readonly losslessQueueMs: number,
  ) {}

  /** Chunks that carried pictures: what `done` reports as `total_chunks`. */
  get routedVideoChunks(): number {
    return this.videoChunks;
  }

  /** Pictures made for a client that takes no video. */
  get untrackedFrames(): number {
    return this.framesWithoutTrack;
  }

  /**
   * Places a chunk and resolves when there is room for the next: with `latest` (almost) at once, with `lossless` when no more than its queue
   * waits. A chunk that is longer than the queue is taken whole, and the next one waits. Rejects with an AbortError when aborted.
   */
  async route(chunk: Chunk, signal: AbortSignal): Promise<void> {
    if (chunk.pictures.length > 0) this.videoChunks += 1;
    const frameMs = 1000 / (chunk.fps ?? this.destination.fps);
    // A sound slice fits the frames that it comes with, so it takes their time.
    const durationMs = chunk.pictures.length > 0 ? chunk.pictures.length * frameMs : audioDurationMs(chunk);
    const policy = this.policyOf(chunk, durationMs);
    const { skippedMs, rtpTimestamp } = this.place(chunk, durationMs, frameMs, policy);
    if (Object.keys(chunk.metadata).length > 0 || (chunk.appliedControls?.length ?? 0) > 0) {
      this.destination.chunkRouted(chunk, rtpTimestamp);
    }
    const waitMs = this.waitAfter(policy, skippedMs, durationMs, frameMs);
    if (waitMs > 0) await delay(waitMs, undefined, { signal });
  }

  /** How long the next chunk has to wait. With `latest` always less than this one plays, so that nothing runs dry. */
  private waitAfter({ delivery, queueMs }: QueuePolicy, skippedMs: number, durationMs: number, frameMs: number): number {
    if (delivery === 'latest') return Math.min(skippedMs, durationMs) / (MAX_HASTE - 1);
    const endMs = Math.max(this.videoTimeline.endMs, this.audioTimeline.endMs);
    return endMs - this.destination.clock.mediaMs(performance.now()) - Math.max(queueMs, frameMs);
  }

  /** The chunk's own word counts before the service's, and that before what is usual. */
  private policyOf(chunk: Chunk, durationMs: number): QueuePolicy {
    const { destination } = this;
    const delivery = chunk.delivery ?? destination.delivery;
    const usualMs = delivery === 'lossless' ? this.losslessQueueMs : LATEST_QUEUE_MS;
    const queueMs = chunk.queueMs ?? destination.queueMs ?? usualMs;
    return { delivery, queueMs: Math.min(queueMs, (MAX_QUEUED_BYTES * durationMs) / Math.max(1, mediaBytes(chunk))) };
  }

  /** Returns the milliseconds of older media that had to go, and the RTP time of the first picture. */
  private place(
    chunk: Chunk,
    durationMs: number,
    frameMs: number,
    policy: QueuePolicy,
  ): { skippedMs: number; rtpTimestamp: number | undefined } {
    const { clock, video, audio } = this.destination;
    const { delivery } = policy;
    const routedAtMs = performance.now();
    const nowMs = clock.mediaMs(routedAtMs);
    const hasPictures = chunk.pictures.length > 0;
    let skippedMs = 0;
    let rtpTimestamp: number | undefined;
    if (hasPictures && chunk.audio !== undefined) {
      const togetherMs = Math.max(this.videoTimeline.endMs, this.audioTimeline.endMs);
      this.videoTimeline.advanceTo(togetherMs);
      this.audioTimeline.advanceTo(togetherMs);
    }
    if (hasPictures) {
      const { startMs, skipMs } = this.videoTimeline.place(durationMs, nowMs, frameMs, policy);
      skippedMs = skipMs;
      if (skipMs > 0) video?.skip(skipMs);
      if (video === undefined) this.framesWithoutTrack += chunk.pictures.length;
      else {
        const { index, yieldedAtMs, appliedControls } = chunk;
        video.enqueue(chunk.pictures, startMs, frameMs, delivery, { routedAtMs, index, yieldedAtMs, appliedControls });
        rtpTimestamp = video.rtpTimestamp(startMs);
      }
    }
    if (chunk.audio !== undefined && durationMs > 0) {
      const { startMs, skipMs } = this.audioTimeline.place(durationMs, nowMs, frameMs, policy);
      skippedMs = Math.max(skippedMs, skipMs);
      if (skipMs > 0) audio?.skip(skipMs);
      audio?.enqueue(chunk.audio, startMs, delivery);
    }
    return { skippedMs, rtpTimestamp };
  }
}

function mediaBytes({ pictures, audio }: Chunk): number {
  return pictures.reduce((sum, { data }) => sum + data.length, audio?.data.length ?? 0);
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
