import { Injectable } from '@nestjs/common';
import type { DeliveryMode, Picture } from '../common/index.js';
import { Configuration } from '../config/index.js';
import { h264ProfileOf, UndecodablePictureError, type EncodedVideo } from './codec/index.js';
import { FrameEncoder, type FrameEncoderOptions, type VideoFormat } from './frame-encoder.js';
import { FrameQueue, type FrameOrigin, type QueuedFrame } from './frame-queue.js';
import { MediaClock } from './media-clock.js';
import { MAX_LATENESS_MS } from './media-timeline.js';
import { RateControl } from './rate-control.js';
import { VideoEncoders } from './video-encoders.js';
import type { OutboundRtp, SendOptions, SendResult } from './webrtc/index.js';

/** Keyframes on request, no closer than this: several viewers' worth of losses must not turn the stream into keyframes. */
const KEYFRAME_INTERVAL_MS = 500;
/** How long a requested keyframe waits for a new picture before the held one is encoded again. */
const HELD_PICTURE_DELAY_MS = 60;
/** Chunks with control messages of which no picture was sent yet; more are not told apart. */
const MAX_WAITING_ORIGINS = 256;

/**
 * Why a frame that a pipeline made was not sent. `superseded`: newer media made it superfluous; `late`: its time had passed; `congested`: the
 * network takes fewer than there are; `undecodable`: it is no picture; `failed`: the codecs did; `closed`: the session was over.
 */
export type DropReason = 'superseded' | 'late' | 'congested' | 'undecodable' | 'failed' | 'closed';

/** When the stages of one sent picture were reached, `performance.now()` of this process. */
export interface FrameTimes {
  /** The pipeline yielded its chunk; undefined when its host does not say. */
  readonly yieldedAtMs: number | undefined;
  /** Its chunk was given its place on the media clock. */
  readonly routedAtMs: number;
  /** Its decoding began, and after it its encoding. */
  readonly encodeBeganAtMs: number;
  readonly encodedAtMs: number;
  /** Its last packet left the pacer. */
  readonly sentAtMs: number;
}

/** What is told of a chunk with its first picture that was sent. */
export interface ChunkMark {
  /** The pipeline's own counter. */
  readonly index: number | undefined;
  /** The client's messages that the picture reflects first: those of its chunk, and of chunks before it of which no picture was sent. */
  readonly appliedControls: readonly string[];
  /** Of the picture, as the receiver sees it. */
  readonly rtpTimestamp: number;
}

/** What a frame track needs of its stream. */
export type VideoOutbound = Pick<OutboundRtp, 'codec' | 'clockRate' | 'queuedMs' | 'send'> & {
  /** `a=fmtp` of the negotiated codec. */
  readonly formatParameters?: string;
};

export interface FrameCounts {
  readonly received: number;
  readonly sent: number;
  readonly queued: number;
  readonly dropped: Readonly<Record<DropReason, number>>;
  readonly keyframes: number;
}

export interface FrameTrackObserver {
  /**
   * A picture's last packet left.
   * @param first only with the first picture of a chunk that was sent.
   */
  pictureSent(times: FrameTimes, first: ChunkMark | undefined): void;
  /** A picture could not be decoded or encoded; at most one call a second. */
  pictureRefused(message: string): void;
}

/**
 * The outgoing video of a session: holds pictures compressed until their media time, then decodes, encodes and sends each once. Between
 * pictures nothing is encoded; the receiver holds the last one by itself. Owns its decoder and encoder; every frame it was given is counted
 * as sent, dropped (with the reason) or queued.
 */
export class FrameTrack {
  private readonly queue = new FrameQueue();
  private readonly encoder: FrameEncoder;
  private readonly dropped: Record<DropReason, number> = {
    superseded: 0,
    late: 0,
    congested: 0,
    undecodable: 0,
    failed: 0,
    closed: 0,
  };
  private readonly rtpOffset = Math.floor(Math.random() * 2 ** 32);
  /** Chunks with control messages of which no picture was sent yet, in order. */
  private readonly waitingOrigins: FrameOrigin[] = [];
  private lastOrigin: FrameOrigin | undefined;
  /** What pictures reflected that were given to the network and did not leave. */
  private unreflected: readonly string[] = [];
  private timer: NodeJS.Timeout | undefined;
  private heldTimer: NodeJS.Timeout | undefined;
  private working: Promise<void> | undefined;
  private keyframeWanted = true;
  private lastKeyframeMs = -Infinity;
  private lastRefusalMs = -Infinity;
  private lastSentMediaMs = -Infinity;
  /** Of the last picture that was shown. */
  private frameMs = KEYFRAME_INTERVAL_MS;
  private received = 0;
  private sent = 0;
  private keyframes = 0;
  private closed = false;
  /** Pictures that were handed over and have not left. */
  private leaving = 0;
  private finished: (() => void) | undefined;

  /**
   * @param rate bits a second for the encoder; what it says now is what the network allows.
   * @param options of the codec of `outbound`.
   */
  constructor(
    private readonly outbound: VideoOutbound,
    private readonly clock: MediaClock,
    rate: { readonly bitrate: number },
    private readonly observer: FrameTrackObserver,
    options: FrameEncoderOptions,
    encoders: VideoEncoders,
  ) {
    this.encoder = new FrameEncoder(options, rate, encoders);
  }

  /** Queues pictures for media times `startMs`, `startMs + frameMs`, … The caller bounds the queue by pacing its calls. */
  enqueue(pictures: readonly Picture[], startMs: number, frameMs: number, delivery: DeliveryMode, origin: FrameOrigin): void {
    this.received += pictures.length;
    if (this.closed) {
      this.dropped.closed += pictures.length;
      return;
    }
    if ((origin.appliedControls?.length ?? 0) > 0) this.waitingOrigins.push(origin);
    if (this.waitingOrigins.length > MAX_WAITING_ORIGINS) this.waitingOrigins.shift();
    this.queue.enqueue(pictures, startMs, frameMs, delivery, origin);
    this.schedule();
  }

  /** Moves what waits as `latest` forward by `skipMs`, and drops pictures whose whole time is another picture's then. */
  skip(skipMs: number): void {
    this.dropped.superseded += this.queue.skip(skipMs, this.nowMs());
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

  /** Resolves when everything queued has left for the network, or was dropped. */
  async drained(): Promise<void> {
    if (this.closed || this.isDrained) return;
    await new Promise<void>((resolve) => {
      this.finished = resolve;
    });
  }

  private get isDrained(): boolean {
    return this.queue.length === 0 && this.working === undefined && this.leaving === 0;
  }

  /** A picture that was handed over has left, or was dropped. */
  private left(): void {
    this.leaving -= 1;
    if (this.isDrained) this.finished?.();
  }

  get counts(): FrameCounts {
    const { received, sent, keyframes } = this;
    const inWork = this.working === undefined ? 0 : received - sent - this.queue.length - total(this.dropped);
    return { received, sent, keyframes, queued: this.queue.length + inWork, dropped: { ...this.dropped } };
  }

  /** What is sent now; undefined before the first picture. */
  get format(): VideoFormat | undefined {
    return this.encoder.format;
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
    this.dropped.closed += this.queue.clear();
    await this.working;
    this.encoder.close();
    this.finished?.();
  }

  private nowMs(): number {
    return this.clock.mediaMs(performance.now());
  }

  /** Begins with the picture that is due, or sets a timer for the next. */
  private schedule(): void {
    if (this.closed || this.working !== undefined) return;
    clearTimeout(this.timer);
    const gate = {
      // At the pace of the pictures that it holds back, which need not be that of the last one.
      frameRateDivisor: this.encoder.frameRateDivisor(this.queue.nextFrameMs ?? this.frameMs, performance.now()),
      queuedMs: this.outbound.queuedMs,
    };
    const { frame, waitMs, late, congested } = this.queue.take(this.nowMs(), gate);
    this.dropped.late += late;
    this.dropped.congested += congested;
    if (frame !== undefined) this.work(() => this.showFrame(frame));
    // Another picture is next now, and its pace may be another.
    else if (late + congested > 0) this.schedule();
    // Timers drop the fraction of a millisecond; without rounding up, each would fire once too early.
    else if (waitMs !== undefined) this.timer = setTimeout(() => this.schedule(), Math.ceil(waitMs));
    else if (this.isDrained) this.finished?.();
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

  private async showFrame(frame: QueuedFrame): Promise<void> {
    const fate = await this.show(frame);
    if (fate === 'sent') this.sent += 1;
    else this.dropped[fate] += 1;
  }

  private async show({ picture, mediaMs, frameMs, origin }: QueuedFrame): Promise<'sent' | DropReason> {
    const encodeBeganAtMs = performance.now();
    this.frameMs = frameMs;
    try {
      await this.encoder.decode(picture, frameMs);
    } catch (error) {
      if (!(error instanceof UndecodablePictureError)) return 'failed';
      this.refuse(error.message);
      return 'undecodable';
    }
    const encoded = await this.encode(mediaMs);
    if (this.closed) return 'closed';
    if (typeof encoded === 'string') return encoded;
    const encodedAtMs = performance.now();
    const rtpTimestamp = this.nextRtpTimestamp(mediaMs);
    const mark = this.markOf(origin, rtpTimestamp);
    const { yieldedAtMs, routedAtMs } = origin;
    this.leaving += 1;
    const result = this.send(encoded, rtpTimestamp, mediaMs, {
      onSent: (sentAtMs) => {
        this.observer.pictureSent({ yieldedAtMs, routedAtMs, encodeBeganAtMs, encodedAtMs, sentAtMs }, mark);
        this.left();
      },
      onDropped: () => {
        this.unsend();
        this.takeBack(mark, origin);
        this.left();
      },
    });
    if (result === 'queued') return 'sent';
    this.takeBack(mark, origin);
    this.left();
    return result;
  }

  /** Sends the held picture again, for a receiver that lost a part of it. */
  private async resendHeld(): Promise<void> {
    const mediaMs = this.nowMs();
    const encoded = await this.encode(mediaMs);
    if (!this.closed && typeof encoded !== 'string') this.send(encoded, this.nextRtpTimestamp(mediaMs), mediaMs);
  }

  private send(
    { data, keyframe }: EncodedVideo,
    rtpTimestamp: number,
    mediaMs: number,
    hooks: Pick<SendOptions, 'onSent' | 'onDropped'> = {},
  ): SendResult {
    const captureUnixMs = this.clock.unixMs(mediaMs);
    return this.outbound.send(data, rtpTimestamp, { keyframe, captureUnixMs, ...hooks });
  }

  /** A picture that was counted as sent was dropped before it had left. */
  private unsend(): void {
    this.sent -= 1;
    this.dropped[this.closed ? 'closed' : 'congested'] += 1;
  }

  private nextRtpTimestamp(mediaMs: number): number {
    // The newest picture is shown after a stall of the process, but not as one of before: sound that old is not heard any more.
    const earliestMs = this.nowMs() - MAX_LATENESS_MS;
    // Two pictures never share a media time: a receiver takes the second for a part of the first.
    this.lastSentMediaMs = Math.max(mediaMs, earliestMs, this.lastSentMediaMs + 1);
    return this.rtpTimestamp(this.lastSentMediaMs);
  }

  /** What to tell with a picture: nothing, unless it is the first of its chunk. */
  private markOf(origin: FrameOrigin, rtpTimestamp: number): ChunkMark | undefined {
    if (origin === this.lastOrigin) return undefined;
    this.lastOrigin = origin;
    const waiting = this.waitingOrigins.indexOf(origin);
    // None of the pictures of the chunks before it comes any more, so theirs are reflected by this one first.
    const before =
      waiting >= 0 ? waiting + 1 : this.waitingOrigins.findLastIndex(({ routedAtMs }) => routedAtMs < origin.routedAtMs) + 1;
    const passed = this.waitingOrigins.splice(0, before).flatMap(({ appliedControls = [] }) => appliedControls);
    const appliedControls = [...this.unreflected, ...passed];
    this.unreflected = [];
    return { index: origin.index, appliedControls, rtpTimestamp };
  }

  /** The picture that had this mark did not leave: the next one is the first. */
  private takeBack(mark: ChunkMark | undefined, origin: FrameOrigin): void {
    if (mark === undefined) return;
    this.unreflected = [...this.unreflected, ...mark.appliedControls].slice(-MAX_WAITING_ORIGINS);
    if (this.lastOrigin === origin) this.lastOrigin = undefined;
  }

  private async encode(mediaMs: number): Promise<EncodedVideo | DropReason> {
    const nowMs = performance.now();
    try {
      const keyframe = this.keyframeWanted && nowMs - this.lastKeyframeMs >= KEYFRAME_INTERVAL_MS;
      const encoded = await this.encoder.encode(keyframe, mediaMs);
      // An encoder leaves a picture out when its rate has no room for it.
      if (encoded === undefined) return 'congested';
      if (encoded.keyframe) {
        this.keyframeWanted = false;
        this.lastKeyframeMs = nowMs;
        this.keyframes += 1;
      }
      return encoded;
    } catch (error) {
      this.refuse(`A picture could not be encoded: ${String(error)}`);
      return 'failed';
    }
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

/** Makes frame tracks with the configured encoders. */
@Injectable()
export class FrameTrackFactory {
  constructor(
    private readonly configuration: Configuration,
    private readonly encoders: VideoEncoders,
  ) {}

  /** @param rate bits a second for the encoder; what it says now is what the network allows. */
  create(
    outbound: VideoOutbound,
    clock: MediaClock,
    rate: { readonly bitrate: number },
    observer: FrameTrackObserver,
  ): FrameTrack {
    const { codec } = outbound;
    if (codec === 'OPUS') throw new Error('a frame track needs a video stream');
    const { encoderProfile: profile, intraRefreshSeconds } = this.configuration;
    const options = { codec, profile, h264Profile: h264ProfileOf(outbound.formatParameters ?? ''), intraRefreshSeconds };
    return new FrameTrack(outbound, clock, rate, observer, options, this.encoders);
  }

  rateControl(): RateControl {
    const { startVideoBitrate, maxVideoBitrate } = this.configuration;
    return new RateControl({ start: Math.min(startVideoBitrate, maxVideoBitrate), ceiling: maxVideoBitrate });
  }
}
