import { Injectable } from '@nestjs/common';
import type { PcmAudio } from '../common/index.js';
import { AUDIO_CLOCK_RATE, AudioQueue, FRAME_SAMPLES } from './audio-queue.js';
import { AudioResampler, OpusEncoder } from './codec/index.js';
import { MediaClock } from './media-clock.js';
import type { OutboundRtp } from './webrtc/index.js';

const FRAME_MS = (FRAME_SAMPLES / AUDIO_CLOCK_RATE) * 1000;
/**
 * Sound leaves this much before its media time, if it is there: a receiver holds it longer than the picture (its device's buffer alone takes
 * 20 to 40 ms), and Chromium evens out only differences of more than 30 ms. Measured: without it sound is heard 34 ms late, with it 15 ms.
 */
const LEAD_MS = 20;
/** How long a frame waits for samples that are just about to come, before silence takes their place. */
const PATIENCE_MS = 60;
/** After this much silence nothing is sent until audio comes again. */
const MAX_SILENCE_MS = 1000;
/** Frames that may be sent at once to catch up after a stall of the process. */
const MAX_CATCH_UP_MS = 200;

/** Opus bits a second: transparent for speech and music at these widths (RFC 7587 section 3.1.1). */
const BITRATE = { 1: 48_000, 2: 96_000 } as const;

export interface AudioCounts {
  readonly sentFrames: number;
  /** Milliseconds of silence sent where the pipeline gave no audio. */
  readonly silenceMs: number;
  /** Milliseconds of audio not sent since there was more than fits its frames. */
  readonly surplusMs: number;
  /** Milliseconds of audio left out to keep up: an interactive session's skips, and what a stall of the process made too late. */
  readonly skippedMs: number;
  /** Frames that could not be encoded or sent. */
  readonly failedFrames: number;
}

/**
 * The outgoing audio of a session: any PCM in, an Opus packet every 20 ms out, on the media clock it shares with the video. Audio never
 * stops the clock: where a pipeline gives none, silence is sent and counted. Owns its resampler and encoder.
 */
export class AudioTrack {
  private readonly queue = new AudioQueue();
  private readonly rtpOffset = Math.floor(Math.random() * 2 ** 32);
  private resampler: { converter: AudioResampler; channels: 1 | 2 } | undefined;
  private encoder: { codec: OpusEncoder; channels: number } | undefined;
  private timer: NodeJS.Timeout | undefined;
  private working: Promise<void> | undefined;
  /** Media time of the next frame, in samples; undefined while there is nothing to send. */
  private position: number | undefined;
  private silentSamples = 0;
  private skippedSamples = 0;
  private silentRunMs = 0;
  private sentFrames = 0;
  private failedFrames = 0;
  private closed = false;
  private ending = false;
  private finished: (() => void) | undefined;

  constructor(
    private readonly outbound: OutboundRtp,
    private readonly clock: MediaClock,
  ) {}

  /** Queues audio for media time `startMs`. Throws CodecError on a rate that cannot be resampled. */
  enqueue(audio: PcmAudio, startMs: number): void {
    if (this.closed) return;
    const samples = this.resamplerFor(audio).convert(audio);
    const start = Math.round((startMs * AUDIO_CLOCK_RATE) / 1000);
    this.queue.push(samples, audio.channels, start);
    this.position ??= Math.max(start, this.nowSamples());
    this.schedule();
  }

  /** Drops `skipMs` of the oldest queued audio; the rest moves forward by as much. */
  skip(skipMs: number): void {
    const count = Math.round((skipMs * AUDIO_CLOCK_RATE) / 1000);
    this.skippedSamples += Math.min(count, this.unsentUpTo(Infinity));
    this.queue.skip(count);
  }

  /** Resolves when all queued audio was sent. */
  async drained(): Promise<void> {
    this.ending = true;
    if (this.closed || this.position === undefined) return;
    await new Promise<void>((resolve) => {
      this.finished = resolve;
      this.schedule();
    });
  }

  get counts(): AudioCounts {
    const toMs = (samples: number): number => (samples / AUDIO_CLOCK_RATE) * 1000;
    return {
      sentFrames: this.sentFrames,
      silenceMs: toMs(this.silentSamples),
      surplusMs: toMs(this.queue.surplusSamples),
      skippedMs: toMs(this.skippedSamples),
      failedFrames: this.failedFrames,
    };
  }

  /** RTP timestamp of a media time on this stream. */
  rtpTimestamp(mediaMs: number): number {
    return MediaClock.rtpTimestamp(mediaMs, this.outbound.clockRate, this.rtpOffset);
  }

  /** Idempotent; waits for the packet in hand, then frees the codecs. */
  async close(): Promise<void> {
    this.closed = true;
    clearTimeout(this.timer);
    await this.working;
    this.resampler?.converter.close();
    this.resampler = undefined;
    this.encoder?.codec.close();
    this.encoder = undefined;
    this.finished?.();
  }

  /** Samples that wait for a media time before `position`. */
  private unsentUpTo(position: number): number {
    const begin = this.position ?? Infinity;
    return Math.max(0, Math.min(position, this.queue.endPosition ?? 0) - begin);
  }

  private nowSamples(): number {
    return Math.round((this.clock.mediaMs(performance.now()) * AUDIO_CLOCK_RATE) / 1000);
  }

  private schedule(): void {
    if (this.closed || this.working !== undefined || this.position === undefined) return;
    clearTimeout(this.timer);
    // After a long stall of the process what could not be sent in time is left out, not sent in a burst.
    const oldest = this.nowSamples() - (MAX_CATCH_UP_MS * AUDIO_CLOCK_RATE) / 1000;
    if (this.position < oldest) {
      this.skippedSamples += this.unsentUpTo(oldest);
      this.position = oldest;
    }
    const dueMs = (this.position / AUDIO_CLOCK_RATE) * 1000;
    const lateMs = this.clock.mediaMs(performance.now()) - dueMs;
    const missing = (this.queue.endPosition ?? 0) < this.position + FRAME_SAMPLES;
    if (missing && this.ending && (this.queue.endPosition ?? 0) <= this.position) {
      this.position = undefined;
      this.finished?.();
    } else if (lateMs < -LEAD_MS - 0.5) {
      this.timer = setTimeout(() => this.schedule(), Math.ceil(-lateMs - LEAD_MS));
    } else if (missing && !this.ending && lateMs < PATIENCE_MS) {
      this.timer = setTimeout(() => this.schedule(), Math.ceil(PATIENCE_MS - lateMs));
    } else {
      this.working = this.sendFrame(this.position)
        .catch(() => {
          this.failedFrames += 1;
        })
        .finally(() => {
          this.working = undefined;
          this.schedule();
        });
    }
  }

  private async sendFrame(position: number): Promise<void> {
    const { samples, silent } = this.queue.read(position, FRAME_SAMPLES);
    this.silentSamples += silent;
    this.silentRunMs = silent === FRAME_SAMPLES ? this.silentRunMs + FRAME_MS : 0;
    this.advance(position);
    const { codec } = await this.encoderFor(this.queue.channels);
    const packet = await codec.encode(samples);
    if (this.closed) return;
    this.outbound.send(packet, this.rtpTimestamp((position / AUDIO_CLOCK_RATE) * 1000));
    this.sentFrames += 1;
  }

  private advance(position: number): void {
    const next = position + FRAME_SAMPLES;
    const end = this.queue.endPosition ?? next;
    if (this.silentRunMs >= MAX_SILENCE_MS && end <= next) {
      // Long silence: the next audio begins a new talkspurt.
      this.position = undefined;
      this.silentRunMs = 0;
      return;
    }
    this.position = next;
  }

  private resamplerFor(audio: PcmAudio): AudioResampler {
    if (this.resampler?.channels !== audio.channels) {
      this.resampler?.converter.close();
      this.resampler = { converter: new AudioResampler({ channels: audio.channels }), channels: audio.channels };
    }
    return this.resampler.converter;
  }

  private async encoderFor(channels: 1 | 2): Promise<{ codec: OpusEncoder }> {
    if (this.encoder?.channels === channels) return this.encoder;
    this.encoder?.codec.close();
    this.encoder = { codec: await OpusEncoder.open({ channels, bitrate: BITRATE[channels] }), channels };
    return this.encoder;
  }
}

/** Makes audio tracks. */
@Injectable()
export class AudioTrackFactory {
  create(outbound: OutboundRtp, clock: MediaClock): AudioTrack {
    return new AudioTrack(outbound, clock);
  }
}
