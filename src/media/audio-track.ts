import { Injectable } from '@nestjs/common';
import type { DeliveryMode, PcmAudio } from '../common/index.js';
import { ExpectedLoss } from './audio-loss.js';
import { AUDIO_CLOCK_RATE, AudioQueue, FRAME_SAMPLES, type AudioFrame } from './audio-queue.js';
import { AudioResampler, OpusStream, type ResampledAudio } from './codec/index.js';
import { MediaClock } from './media-clock.js';
import { MAX_LATENESS_MS } from './media-timeline.js';
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
/**
 * How far from its place audio may begin so as to follow what was before it without a cut. What is `latest` is placed when it comes, up to 25 ms
 * early: the picture can follow that, sound is only drawn after it.
 */
const SLACK_MS = { lossless: 10, latest: 25 } as const;

/** Opus bits a second, best first. The first is transparent for speech and music (RFC 7587 section 3.1.1), the last still sounds well. */
const BITRATES = { 1: [48_000, 32_000, 24_000], 2: [96_000, 64_000, 48_000, 32_000] } as const;

/**
 * Why audio that a pipeline made was not sent. `superseded`: older media made room for newer; `late`: its time had passed; `surplus`: there was
 * more than fits the frames it came with; `failed`: it could not be encoded or sent.
 */
export type AudioDropReason = 'superseded' | 'late' | 'surplus' | 'failed' | 'closed';

/** Every millisecond of audio that was received was sent, was dropped, or waits. */
export interface AudioCounts {
  readonly receivedMs: number;
  readonly sentMs: number;
  readonly queuedMs: number;
  readonly droppedMs: Readonly<Record<AudioDropReason, number>>;
  /** Milliseconds sent where the pipeline gave no audio: silence, and parts of a percent by which audio was stretched to its place. */
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
  private readonly resampler = new AudioResampler();
  private readonly encoder = new OpusStream();
  private readonly loss = new ExpectedLoss();
  private redundant = false;
  private maxBitrate = Infinity;
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
  private supersededSamples = 0;
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
    const start = toSamples(startMs);
    const slack = toSamples(SLACK_MS[delivery]);
    // What the filter keeps back belongs before what comes now, or, if that does not follow it, to its own past.
    if (Math.abs(start - this.resampler.heldSamples - (this.queue.endPosition ?? start)) > slack) this.flushResampler();
    const held = this.resampler.heldSamples;
    this.push(this.resampler.convert(audio), start - held, slack);
    if (delivery === 'lossless') this.keptUntil = this.queue.endPosition ?? start;
    this.position ??= Math.max(start, this.nowSamples());
    this.schedule();
  }

  /**
   * Prepares the stream for lost packets. Call it about once a second with what the receiver reports.
   * @param fractionLost 0–1, since the report before (RFC 3550 section 6.4.1).
   * @param redundant whether each packet carries the one before, too (RED, RFC 2198); then Opus has no need to.
   */
  setExpectedLoss(fractionLost: number, { redundant = false }: { readonly redundant?: boolean } = {}): void {
    this.loss.report(fractionLost, performance.now());
    this.redundant = redundant;
  }

  /** Bits a second of Opus that the network has room for, from the next packet on; a stream has a least rate it does not go below. */
  setMaxBitrate(bitrate: number): void {
    this.maxBitrate = bitrate;
  }

  /** Drops the oldest `skipMs` of the audio behind the last `lossless` one; the rest of it moves forward by as much. */
  skip(skipMs: number): void {
    const from = Math.max(this.position ?? this.nowSamples(), this.keptUntil);
    this.supersededSamples += this.queue.cut(from, toSamples(skipMs));
  }

  /** Resolves when all queued audio was sent. */
  async drained(): Promise<void> {
    if (!this.closed) this.flushResampler();
    this.ending = true;
    if (this.closed || this.position === undefined) return;
    await new Promise<void>((resolve) => {
      this.finished = resolve;
      this.schedule();
    });
  }

  get counts(): AudioCounts {
    return {
      receivedMs: toMs(this.receivedSamples),
      sentMs: toMs(this.sentSamples),
      queuedMs: toMs(this.closed ? this.samplesInHand : this.samplesInHand + this.queue.queuedSamples),
      droppedMs: {
        superseded: toMs(this.supersededSamples),
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
    if (!this.closed) {
      this.flushResampler();
      this.closedSamples += this.queue.queuedSamples;
    }
    this.closed = true;
    clearTimeout(this.timer);
    await this.working;
    this.resampler.close();
    this.encoder.close();
    this.finished?.();
  }

  /** Puts what the resampler keeps back behind what it gave before. */
  private flushResampler(): void {
    const end = this.queue.endPosition;
    if (end !== undefined) this.push(this.resampler.flush(), end, 0);
  }

  private push(pieces: readonly ResampledAudio[], start: number, slack: number): void {
    let position = start;
    for (const { samples, channels, seam } of pieces) {
      const count = samples.length / channels;
      this.receivedSamples += count;
      this.queue.push(samples, channels, position, slack, seam);
      position += count;
    }
  }

  private nowSamples(): number {
    return toSamples(this.clock.mediaMs(performance.now()));
  }

  private schedule(): void {
    if (this.closed || this.working !== undefined || this.position === undefined) return;
    clearTimeout(this.timer);
    // After a long stall of the process what could not be sent in time is left out, not sent in a burst.
    this.position = Math.max(this.position, this.nowSamples() - toSamples(MAX_LATENESS_MS));
    const dueMs = toMs(this.position);
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
    // Nothing more comes in time, so what the filter waits to join is the end.
    if ((this.queue.endPosition ?? 0) < position + FRAME_SAMPLES) this.flushResampler();
    const frame = this.queue.read(position, FRAME_SAMPLES);
    const audible = FRAME_SAMPLES - frame.silent;
    this.samplesInHand = audible;
    this.silentSamples += frame.silent;
    this.silentRunMs = frame.empty ? this.silentRunMs + FRAME_MS : 0;
    this.advance(position);
    try {
      const packet = await this.encode(frame);
      if (this.closed) {
        this.closedSamples += audible;
        return;
      }
      const mediaMs = toMs(position);
      if (this.outbound.send(packet, this.rtpTimestamp(mediaMs), { captureUnixMs: this.clock.unixMs(mediaMs) }) === 'queued') {
        this.sentSamples += audible;
        this.sentFrames += 1;
      } else {
        this.failedSamples += audible;
      }
    } catch {
      this.failedSamples += audible;
    } finally {
      this.samplesInHand = 0;
    }
  }

  private encode({ samples, channels }: AudioFrame): Promise<Buffer> {
    const bitrates: readonly number[] = BITRATES[channels];
    const bitrate = bitrates.find((step) => step <= this.maxBitrate) ?? Math.min(...bitrates);
    return this.encoder.encode(samples, { channels, bitrate, lossPercent: this.loss.percent(this.redundant) });
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
}

function toSamples(ms: number): number {
  return Math.round((ms * AUDIO_CLOCK_RATE) / 1000);
}

function toMs(samples: number): number {
  return (samples / AUDIO_CLOCK_RATE) * 1000;
}

/** Makes audio tracks. */
@Injectable()
export class AudioTrackFactory {
  create(outbound: OutboundRtp, clock: MediaClock): AudioTrack {
    return new AudioTrack(outbound, clock);
  }
}
