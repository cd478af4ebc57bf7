import { Injectable } from '@nestjs/common';
import type { DeliveryMode, PcmAudio } from '../common/index.js';
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

/**
 * Why audio that a pipeline made was not sent. `skipped`: older media made room for newer; `late`: its time had passed; `surplus`: there was
 * more than fits the frames it came with; `failed`: it could not be encoded or sent.
 */
export type AudioDropReason = 'skipped' | 'late' | 'surplus' | 'failed' | 'closed';

/** Every millisecond of audio that was received was sent, was dropped, or waits. */
export interface AudioCounts {
  readonly receivedMs: number;
  readonly sentMs: number;
  readonly queuedMs: number;
  readonly droppedMs: Readonly<Record<AudioDropReason, number>>;
  /** Milliseconds of silence sent where the pipeline gave no audio. */
  readonly silenceMs: number;
  /** Opus packets. */
  readonly sentFrames: number;
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
  /** Media time, in samples, until which nothing may be skipped. */
  private keptUntil = -Infinity;
  private receivedSamples = 0;
  private sentSamples = 0;
  /** Read from the queue, and neither sent nor dropped yet. */
  private samplesInHand = 0;
  private skippedSamples = 0;
  private failedSamples = 0;
  private closedSamples = 0;
  private silentSamples = 0;
  private silentRunMs = 0;
  private sentFrames = 0;
  private closed = false;
  private ending = false;
  private finished: (() => void) | undefined;

  constructor(
    private readonly outbound: OutboundRtp,
    private readonly clock: MediaClock,
  ) {}

  /** Queues audio for media time `startMs`. Throws CodecError on a rate that cannot be resampled. */
  enqueue(audio: PcmAudio, startMs: number, delivery: DeliveryMode): void {
    if (this.closed) return;
    const samples = this.resamplerFor(audio).convert(audio);
    const start = Math.round((startMs * AUDIO_CLOCK_RATE) / 1000);
    this.receivedSamples += samples.length / audio.channels;
    this.queue.push(samples, audio.channels, start);
    if (delivery === 'lossless') this.keptUntil = this.queue.endPosition ?? start;
    this.position ??= Math.max(start, this.nowSamples());
    this.schedule();
  }

  /** Drops the oldest `skipMs` of the audio behind the last `lossless` one; the rest of it moves forward by as much. */
  skip(skipMs: number): void {
    const from = Math.max(this.position ?? this.nowSamples(), this.keptUntil);
    this.skippedSamples += this.queue.cut(from, Math.round((skipMs * AUDIO_CLOCK_RATE) / 1000));
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
      receivedMs: toMs(this.receivedSamples),
      sentMs: toMs(this.sentSamples),
      queuedMs: toMs(this.closed ? this.samplesInHand : this.samplesInHand + this.queue.queuedSamples),
      droppedMs: {
        skipped: toMs(this.skippedSamples),
        late: toMs(this.queue.lateSamples),
        surplus: toMs(this.queue.surplusSamples),
        failed: toMs(this.failedSamples),
        closed: toMs(this.closedSamples),
      },
      silenceMs: toMs(this.silentSamples),
      sentFrames: this.sentFrames,
    };
  }

  /** RTP timestamp of a media time on this stream. */
  rtpTimestamp(mediaMs: number): number {
    return MediaClock.rtpTimestamp(mediaMs, this.outbound.clockRate, this.rtpOffset);
  }

  /** Idempotent; waits for the packet in hand, then frees the codecs. */
  async close(): Promise<void> {
    if (!this.closed) this.closedSamples += this.queue.queuedSamples;
    this.closed = true;
    clearTimeout(this.timer);
    await this.working;
    this.resampler?.converter.close();
    this.resampler = undefined;
    this.encoder?.codec.close();
    this.encoder = undefined;
    this.finished?.();
  }

  private nowSamples(): number {
    return Math.round((this.clock.mediaMs(performance.now()) * AUDIO_CLOCK_RATE) / 1000);
  }

  private schedule(): void {
    if (this.closed || this.working !== undefined || this.position === undefined) return;
    clearTimeout(this.timer);
    // After a long stall of the process what could not be sent in time is left out, not sent in a burst.
    const oldest = this.nowSamples() - (MAX_CATCH_UP_MS * AUDIO_CLOCK_RATE) / 1000;
    this.position = Math.max(this.position, oldest);
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
      this.working = this.sendFrame(this.position).finally(() => {
        this.working = undefined;
        this.schedule();
      });
    }
  }

  private async sendFrame(position: number): Promise<void> {
    const { samples, silent } = this.queue.read(position, FRAME_SAMPLES);
    const audible = FRAME_SAMPLES - silent;
    this.samplesInHand = audible;
    this.silentSamples += silent;
    this.silentRunMs = silent === FRAME_SAMPLES ? this.silentRunMs + FRAME_MS : 0;
    this.advance(position);
    try {
      const { codec } = await this.encoderFor(this.queue.channels);
      const packet = await codec.encode(samples);
      if (this.closed) {
        this.closedSamples += audible;
        return;
      }
      this.outbound.send(packet, this.rtpTimestamp((position / AUDIO_CLOCK_RATE) * 1000));
      this.sentSamples += audible;
      this.sentFrames += 1;
    } catch {
      this.failedSamples += audible;
    } finally {
      this.samplesInHand = 0;
    }
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
