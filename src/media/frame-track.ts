import { Injectable } from '@nestjs/common';
import type { DeliveryMode, Picture } from '../common/index.js';
import { Configuration } from '../config/index.js';
import { PictureDecoder, UndecodablePictureError, VideoEncoder, type DecodedPicture, type EncodedVideo } from './codec/index.js';
import { MediaClock } from './media-clock.js';
import { RateControl } from './rate-control.js';
import type { OutboundRtp } from './webrtc/index.js';

/** Keyframes on request, no closer than this: several viewers' worth of losses must not turn the stream into keyframes. */
const KEYFRAME_INTERVAL_MS = 500;
/** With `lossless`, a frame this late is still sent: the receiver's jitter buffer can smooth it. */
const MAX_CATCH_UP_MS = 150;
/** How long a requested keyframe waits for a new picture before the held one is encoded again. */
const HELD_PICTURE_DELAY_MS = 60;
/** A codec without in-place rate changes is opened again only for a step this large, since that costs a keyframe. */
const REOPEN_STEP = 0.3;

/** Share of a frame's duration by which pictures are apart while they catch up with their places. */
const MIN_DISTANCE = 0.9;
/** What sums of frame durations may be off. */
const ROUNDING_MS = 0.01;

/** Changes of pace smaller than this share are jitter, not a new frame rate. */
const FPS_TOLERANCE = 0.1;

/** Why a frame that a pipeline made was not sent. */
export type DropReason = 'late' | 'skipped' | 'undecodable' | 'encoder' | 'closed';

export interface FrameCounts {
  readonly received: number;
  readonly sent: number;
  readonly queued: number;
  readonly dropped: Readonly<Record<DropReason, number>>;
  readonly keyframes: number;
}

interface QueuedFrame {
  readonly picture: Picture;
  /** Its place on the timeline, which skips move forward by any part of a frame. */
  placeMs: number;
  /** Media time at which it is shown: its place, unless another picture's time was not over then. */
  mediaMs: number;
  readonly frameMs: number;
  readonly delivery: DeliveryMode;
}

interface OpenEncoder {
  readonly codec: VideoEncoder;
  readonly width: number;
  readonly height: number;
  bitrate: number;
  fps: number;
}

export interface FrameTrackObserver {
  /** A picture could not be decoded or encoded; at most one call a second. */
  pictureRefused(message: string): void;
}

/**
 * The outgoing video of a session: holds pictures compressed until their media time, then decodes, encodes and sends each once. Between
 * pictures nothing is encoded; the receiver holds the last one by itself. Owns its decoder and encoder; every frame it was given is counted
 * as sent, dropped (with the reason) or queued.
 */
export class FrameTrack {
  private readonly queue: QueuedFrame[] = [];
  private readonly decoder = new PictureDecoder();
  private readonly dropped: Record<DropReason, number> = { late: 0, skipped: 0, undecodable: 0, encoder: 0, closed: 0 };
  private readonly rtpOffset = Math.floor(Math.random() * 2 ** 32);
  private encoder: OpenEncoder | undefined;
  private held: DecodedPicture | undefined;
  private timer: NodeJS.Timeout | undefined;
  private heldTimer: NodeJS.Timeout | undefined;
  private working: Promise<void> | undefined;
  private keyframeWanted = true;
  private lastKeyframeMs = -Infinity;
  private lastRefusalMs = -Infinity;
  private lastSentMediaMs = -Infinity;
  /** Media time at which the time of the picture that is shown is over. */
  private shownUntilMs = -Infinity;
  private received = 0;
  private sent = 0;
  private keyframes = 0;
  private closed = false;
  private finished: (() => void) | undefined;

  constructor(
    private readonly outbound: OutboundRtp,
    private readonly clock: MediaClock,
    private readonly rate: RateControl,
    private readonly observer: FrameTrackObserver,
  ) {}

  /** Queues pictures for media times `startMs`, `startMs + frameMs`, … The caller bounds the queue by pacing its calls. */
  enqueue(pictures: readonly Picture[], startMs: number, frameMs: number, delivery: DeliveryMode): void {
    this.received += pictures.length;
    if (this.closed) {
      this.dropped.closed += pictures.length;
      return;
    }
    pictures.forEach((picture, index) => {
      const placeMs = startMs + index * frameMs;
      const last = this.queue.at(-1);
      // Behind a picture that is later than its place the others come closer together, until they are at theirs again.
      const isLate = last !== undefined && last.mediaMs > last.placeMs;
      const mediaMs = isLate ? Math.max(placeMs, last.mediaMs + last.frameMs * MIN_DISTANCE) : placeMs;
      this.queue.push({ picture, placeMs, mediaMs, frameMs, delivery });
    });
    this.schedule();
  }

  /**
   * Moves the pictures behind the last `lossless` one forward by `skipMs`, and drops those whose whole time is another picture's then. Skips of
   * less than a frame add up: the others keep their distance, so that a pipeline that is too fast loses pictures and is not played faster.
   */
  skip(skipMs: number): void {
    const first = this.queue.findLastIndex(({ delivery }) => delivery === 'lossless') + 1;
    const lastKept = this.queue[first - 1];
    let takenUntilMs = lastKept === undefined ? this.shownUntilMs : lastKept.mediaMs + lastKept.frameMs;
    const nowMs = this.nowMs();
    for (const frame of this.queue.splice(first)) {
      frame.placeMs -= skipMs;
      if (frame.placeMs + frame.frameMs <= Math.max(takenUntilMs, nowMs) + ROUNDING_MS) {
        this.dropped.skipped += 1;
      } else {
        frame.mediaMs = Math.max(frame.placeMs, takenUntilMs);
        takenUntilMs = frame.mediaMs + frame.frameMs;
        this.queue.push(frame);
      }
    }
    this.schedule();
  }

  /** Makes the next picture a keyframe; if none comes soon, the held picture is sent again as one. Rate limited. */
  requestKeyframe(): void {
    this.keyframeWanted = true;
    if (this.closed || this.heldTimer !== undefined) return;
    // From when a keyframe is allowed again, a picture that flows anyway has its chance first.
    const intervalLeftMs = Math.max(0, this.lastKeyframeMs + KEYFRAME_INTERVAL_MS - performance.now());
    this.heldTimer = setTimeout(() => {
      this.heldTimer = undefined;
      if (!this.keyframeWanted) return;
      // The picture in hand may have been begun too early to become a keyframe, and may be the last; or there was a keyframe meanwhile, and
      // this is the request after it.
      const answered = performance.now() < this.lastKeyframeMs + KEYFRAME_INTERVAL_MS;
      if (this.working !== undefined || answered) this.requestKeyframe();
      else this.work(() => this.resendHeld());
    }, intervalLeftMs + HELD_PICTURE_DELAY_MS);
  }

  /** Resolves when everything queued was sent or dropped. */
  async drained(): Promise<void> {
    if (this.closed || (this.queue.length === 0 && this.working === undefined)) return;
    await new Promise<void>((resolve) => {
      this.finished = resolve;
    });
  }

  get counts(): FrameCounts {
    const { received, sent, keyframes } = this;
    const inWork = this.working === undefined ? 0 : received - sent - this.queue.length - total(this.dropped);
    return { received, sent, keyframes, queued: this.queue.length + inWork, dropped: { ...this.dropped } };
  }

  /** RTP timestamp of a media time on this stream. */
  rtpTimestamp(mediaMs: number): number {
    return MediaClock.rtpTimestamp(mediaMs, this.outbound.clockRate, this.rtpOffset);
  }

  /** Idempotent; waits for the job in hand, then frees the codecs. */
  async close(): Promise<void> {
    this.closed = true;
    clearTimeout(this.timer);
    clearTimeout(this.heldTimer);
    this.dropped.closed += this.queue.splice(0).length;
    await this.working;
    this.held?.release();
    this.held = undefined;
    this.encoder?.codec.close();
    this.encoder = undefined;
    this.decoder.close();
    this.finished?.();
  }

  private nowMs(): number {
    return this.clock.mediaMs(performance.now());
  }

  private schedule(): void {
    if (this.closed || this.working !== undefined) return;
    clearTimeout(this.timer);
    const next = this.queue[0];
    if (next === undefined) {
      this.finished?.();
      return;
    }
    const waitMs = next.mediaMs - this.nowMs();
    if (waitMs <= 0.5) this.work(() => this.showDue());
    // Timers drop the fraction of a millisecond; without rounding up, each would fire once too early.
    else this.timer = setTimeout(() => this.schedule(), Math.ceil(waitMs));
  }

  /** Runs one job at a time: codec contexts are not re-entrant, and order is the order of sending. */
  private work(job: () => Promise<void>): void {
    this.working = job()
      // Jobs count their own failures; what is thrown beyond that must not end the process.
      .catch((error: unknown) => this.refuse(`A picture could not be sent: ${String(error)}`))
      .finally(() => {
        this.working = undefined;
        this.schedule();
      });
  }

  private async showDue(): Promise<void> {
    const frame = this.takeDue();
    if (frame === undefined) return;
    this.shownUntilMs = frame.mediaMs + frame.frameMs;
    const fate = await this.show(frame);
    if (fate === 'sent') this.sent += 1;
    else this.dropped[fate] += 1;
  }

  private async show({ picture, mediaMs, frameMs }: QueuedFrame): Promise<'sent' | DropReason> {
    try {
      const decoded = await this.decoder.decode(picture);
      this.held?.release();
      this.held = decoded;
    } catch (error) {
      if (!(error instanceof UndecodablePictureError)) return 'encoder';
      this.refuse(error.message);
      return 'undecodable';
    }
    return this.encodeAndSend(this.held, mediaMs, frameMs);
  }

  /** The frame to show now; frames that are too late for any viewer are counted and left out. */
  private takeDue(): QueuedFrame | undefined {
    const nowMs = this.nowMs();
    for (;;) {
      const frame = this.queue.shift();
      const next = this.queue[0];
      const toleranceMs = frame?.delivery === 'lossless' ? MAX_CATCH_UP_MS : 0;
      if (frame === undefined || next === undefined || next.mediaMs + toleranceMs > nowMs) return frame;
      this.dropped.late += 1;
    }
  }

  private async resendHeld(): Promise<void> {
    if (this.held === undefined) return;
    await this.encodeAndSend(
      this.held,
      this.nowMs(),
      this.encoder === undefined ? KEYFRAME_INTERVAL_MS : 1000 / this.encoder.fps,
    );
  }

  private async encodeAndSend(picture: DecodedPicture, mediaMs: number, frameMs: number): Promise<'sent' | DropReason> {
    const nowMs = performance.now();
    let encoded: EncodedVideo | undefined;
    try {
      const encoder = await this.encoderFor(picture, frameMs);
      const keyframe = this.keyframeWanted && nowMs - this.lastKeyframeMs >= KEYFRAME_INTERVAL_MS;
      encoded = await encoder.encode(picture, { keyframe, timestampMs: mediaMs });
    } catch (error) {
      // A new encoder begins with a keyframe, so one that failed costs its own picture only.
      this.refuse(`A picture of ${picture.width} × ${picture.height} could not be encoded: ${String(error)}`);
      this.encoder?.codec.close();
      this.encoder = undefined;
    }
    if (this.closed) return 'closed';
    if (encoded === undefined) return 'encoder';
    if (encoded.keyframe) {
      this.keyframeWanted = false;
      this.lastKeyframeMs = nowMs;
      this.keyframes += 1;
    }
    // Two pictures never share a media time: a receiver takes the second for a part of the first.
    this.lastSentMediaMs = Math.max(mediaMs, this.lastSentMediaMs + 1);
    this.outbound.send(encoded.data, this.rtpTimestamp(this.lastSentMediaMs));
    return 'sent';
  }

  private async encoderFor(picture: DecodedPicture, frameMs: number): Promise<VideoEncoder> {
    const fps = 1000 / frameMs;
    if (this.encoder !== undefined && this.follow(this.encoder, picture, fps)) return this.encoder.codec;
    this.encoder?.codec.close();
    this.encoder = undefined;
    const { codec: name } = this.outbound;
    if (name === 'OPUS') throw new Error('a frame track needs a video stream');
    const { width, height } = picture;
    const { bitrate } = this.rate;
    const codec = await VideoEncoder.open({ codec: name, width, height, fps, bitrate });
    this.encoder = { codec, width, height, bitrate, fps };
    // The first frame of an encoder is a keyframe, whenever the last one was.
    this.lastKeyframeMs = -Infinity;
    this.keyframeWanted = true;
    return codec;
  }

  /** Sets an open encoder to the present rate; false if that takes a new one. */
  private follow(open: OpenEncoder, { width, height }: DecodedPicture, fps: number): boolean {
    if (open.width !== width || open.height !== height) return false;
    const { bitrate } = this.rate;
    // x264 divides its bits among the frame rate it was told, so a change of pace is a change of rate.
    const sameFps = Math.abs(fps - open.fps) < open.fps * FPS_TOLERANCE;
    if (open.bitrate === bitrate && sameFps) return true;
    if (open.codec.setBitrate(bitrate, fps)) {
      open.bitrate = bitrate;
      open.fps = fps;
      return true;
    }
    return Math.abs(bitrate - open.bitrate) < open.bitrate * REOPEN_STEP;
  }

  private refuse(message: string): void {
    const nowMs = performance.now();
    if (nowMs - this.lastRefusalMs < 1000) return;
    this.lastRefusalMs = nowMs;
    this.observer.pictureRefused(message);
  }
}

function total(counts: Readonly<Record<string, number>>): number {
  return Object.values(counts).reduce((sum, count) => sum + count, 0);
}

/** Makes frame tracks with the configured bitrates. */
@Injectable()
export class FrameTrackFactory {
  constructor(private readonly configuration: Configuration) {}

  create(outbound: OutboundRtp, clock: MediaClock, rate: RateControl, observer: FrameTrackObserver): FrameTrack {
    return new FrameTrack(outbound, clock, rate, observer);
  }

  rateControl(): RateControl {
    const { startVideoBitrate, maxVideoBitrate } = this.configuration;
    return new RateControl({ start: Math.min(startVideoBitrate, maxVideoBitrate), ceiling: maxVideoBitrate });
  }
}
