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
/**
 * With `latest` a pipeline is not made to wait. But one that never waits by itself would take the whole process with chunks that are only
 * dropped again: beyond a burst it is held to one chunk in this time, as long as its chunks make older ones go.
 */
const OVERFULL_PAUSE_MS = 10;
const OVERFULL_BURST = 16;

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
  /** Chunks of pictures alone and of sound alone play side by side; what comes in one chunk begins together. */
  private readonly videoTimeline: MediaTimeline;
  private readonly audioTimeline: MediaTimeline;
  private videoChunks = 0;
  private framesWithoutTrack = 0;
  private overfullCredit = OVERFULL_BURST;
  private overfullAtMs = 0;

  constructor(
    private readonly destination: ChunkRoute,
    private readonly bufferMs: number,
  ) {
    this.videoTimeline = new MediaTimeline(destination.policy, LATEST_MAX_LEAD_MS);
    this.audioTimeline = new MediaTimeline(destination.policy, LATEST_MAX_LEAD_MS);
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
   * Places a chunk and resolves when less than the buffer's length of media waits. Rejects with an AbortError when aborted.
   */
  async route(chunk: Chunk, signal: AbortSignal): Promise<void> {
    const { clock, metadata } = this.destination;
    if (chunk.pictures.length > 0) this.videoChunks += 1;
    const skipMs = this.place(chunk);
    if (Object.keys(chunk.metadata).length > 0) metadata(chunk.metadata, chunk.index);
    if (this.destination.policy === 'latest') {
      if (skipMs > 0 && !this.takeOverfullCredit(performance.now())) await delay(OVERFULL_PAUSE_MS, undefined, { signal });
      return;
    }
    const endMs = Math.max(this.videoTimeline.endMs, this.audioTimeline.endMs);
    const waitMs = endMs - clock.mediaMs(performance.now()) - this.bufferMs;
    if (waitMs > 0) await delay(waitMs, undefined, { signal });
  }

  private takeOverfullCredit(nowMs: number): boolean {
    const earned = (nowMs - this.overfullAtMs) / OVERFULL_PAUSE_MS;
    this.overfullAtMs = nowMs;
    this.overfullCredit = Math.min(OVERFULL_BURST, this.overfullCredit + earned) - 1;
    return this.overfullCredit >= 0;
  }

  /** Returns the milliseconds of older media that had to go. */
  private place(chunk: Chunk): number {
    const { clock, video, audio } = this.destination;
    const frameMs = 1000 / (chunk.fps ?? this.destination.fps);
    const nowMs = clock.mediaMs(performance.now());
    const hasPictures = chunk.pictures.length > 0;
    let skippedMs = 0;
    if (hasPictures && chunk.audio !== undefined) {
      const togetherMs = Math.max(this.videoTimeline.endMs, this.audioTimeline.endMs);
      this.videoTimeline.advanceTo(togetherMs);
      this.audioTimeline.advanceTo(togetherMs);
    }
    // A sound slice fits the frames that it comes with, so it takes their time.
    const durationMs = hasPictures ? chunk.pictures.length * frameMs : audioDurationMs(chunk);
    if (hasPictures) {
      const { startMs, skipMs } = this.videoTimeline.place(durationMs, nowMs, frameMs);
      skippedMs += skipMs;
      if (skipMs > 0) video?.skip(skipMs);
      if (video === undefined) this.framesWithoutTrack += chunk.pictures.length;
      else video.enqueue(chunk.pictures, startMs, frameMs);
    }
    if (chunk.audio !== undefined && durationMs > 0) {
      const { startMs, skipMs } = this.audioTimeline.place(durationMs, nowMs, frameMs);
      skippedMs += skipMs;
      if (skipMs > 0) audio?.skip(skipMs);
      audio?.enqueue(chunk.audio, startMs);
    }
    return skippedMs;
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
