import { CongestionController, type NetworkLimits, type NetworkState } from '#server/media/congestion/index.js';

import type { Link } from './link.ts';
import { PICTURES_PER_SECOND, VideoSource } from './media-source.ts';
import { ModelPacer } from './pacer.ts';
import { Player } from './player.ts';
import type { Random } from './random.ts';
import { FeedbackRecorder } from './receiver.ts';
import type { Simulation } from './simulation.ts';

const PACKET_BYTES = 1150;
const HEADER_BYTES = 50;
const AUDIO_BITRATE = 64_000;
const AUDIO_PACKET_MS = 20;
const FEEDBACK_BYTES = 80;
const TICK_MS = 25;
const NACK_AFTER_MS = 10;
const MAX_REPAIRS = 10;
/** When repairs would wait longer in the pacer, a new keyframe is there earlier than the repaired pictures. */
const MAX_REPAIR_WAIT_MS = 150;
/** The encoder gets what sound leaves, less headers and repairs. */
const VIDEO_SHARE = 0.94;
/** A pacer that holds more than this skips a picture. */
const MAX_PACER_MS = 250;

export interface FlowOptions {
  readonly limits: NetworkLimits;
  readonly forward: Link;
  readonly backward: Link;
  readonly feedbackIntervalMs: number;
  /** When the flow sends, by simulated time; always when left out. */
  readonly active?: (nowMs: number) => boolean;
  /** One way, on top of the link's. */
  readonly ownDelayMs?: number;
  /** What the encoder takes at most, bits per second. */
  readonly wanted?: (nowMs: number) => number;
  /** What the pictures take however much is allowed, bits per second. */
  readonly needed?: (nowMs: number) => number;
}

interface PicturePart {
  readonly index: number;
  readonly packet: number;
  readonly packets: number;
  readonly keyframe: boolean;
}

interface UnconfirmedPacket {
  readonly bytes: number;
  readonly part: PicturePart;
  readonly repairs: number;
}

/** One sender and its viewer across a link: sources, pacer, controller, feedback, retransmission. */
export class MediaFlow {
  readonly player: Player;
  /** Milliseconds a media packet took from the pacer to the receiver, with the time of its arrival. */
  readonly delays: { readonly atMs: number; readonly delayMs: number }[] = [];
  receivedBytes = 0;
  sentPackets = 0;
  picturesMade = 0;
  readonly #controller: CongestionController;
  readonly #video: VideoSource;
  readonly #pacer: ModelPacer;
  readonly #recorder: FeedbackRecorder;
  /** By transport-wide number, in the order of sending. */
  readonly #unconfirmed = new Map<number, UnconfirmedPacket>();
  /** Pictures before this one were given up. */
  #firstRepairable = 0;
  #number: number;

  readonly #simulation: Simulation;
  readonly #options: FlowOptions;

  constructor(simulation: Simulation, random: Random, options: FlowOptions) {
    this.#simulation = simulation;
    this.#options = options;
    this.#controller = new CongestionController(options.limits, simulation.nowMs);
    this.#video = new VideoSource(random);
    this.#number = Math.floor(random.uniform() * 65_536);
    this.#recorder = new FeedbackRecorder(random.uniform() * 1e6);
    this.player = new Player(() => options.backward.send(FEEDBACK_BYTES, () => this.#video.forceKeyframe()));
    this.#pacer = new ModelPacer(
      simulation,
      () => this.state.pacingBitrate,
      (bytes, probe) => this.#transmit(bytes, probe, undefined),
    );
    simulation.every(1000 / PICTURES_PER_SECOND, () => this.#picture());
    simulation.every(AUDIO_PACKET_MS, () => this.#sound());
    simulation.every(TICK_MS, () => this.#tick());
    simulation.every(options.feedbackIntervalMs, () => this.#report());
  }

  get state(): NetworkState {
    return this.#controller.state;
  }

  get #active(): boolean {
    return this.#options.active?.(this.#simulation.nowMs) ?? true;
  }

  #tick(): void {
    const { nowMs } = this.#simulation;
    this.#controller.setWanted(this.#options.wanted?.(nowMs) ?? this.#options.limits.maxBitrate);
    this.#controller.tick(nowMs);
    if (!this.#active) return;
    const probe = this.#controller.takeProbe(nowMs);
    if (probe !== undefined) this.#pacer.probe(probe);
  }

  #sound(): void {
    if (!this.#active) return;
    const bytes = (AUDIO_BITRATE * AUDIO_PACKET_MS) / 8000 + HEADER_BYTES;
    this.#pacer.enqueue({ bytes, kind: 'audio', send: (probe) => this.#transmit(bytes, probe, undefined) });
  }

  #picture(): void {
    if (!this.#active || this.#pacer.queuedMs > MAX_PACER_MS) return;
    const wanted = this.#options.wanted?.(this.#simulation.nowMs) ?? this.#options.limits.maxBitrate;
    const bitrate = VIDEO_SHARE * (Math.min(this.state.targetBitrate, wanted) - AUDIO_BITRATE * 1.3);
    const needed = this.#options.needed?.(this.#simulation.nowMs) ?? Infinity;
    const { bytes, keyframe } = this.#video.next(Math.max(Math.min(bitrate, needed), 30_000));
    const packets = Math.ceil(bytes / PACKET_BYTES);
    const index = this.picturesMade;
    this.picturesMade += 1;
    for (let packet = 0; packet < packets; packet += 1) {
      const part = { index, packet, packets, keyframe };
      const size = Math.ceil(bytes / packets) + HEADER_BYTES;
      this.#pacer.enqueue({ bytes: size, kind: 'video', send: (probe) => this.#transmit(size, probe, part) });
    }
  }

  #transmit(bytes: number, probe: number | undefined, part: PicturePart | undefined, repairs = 0): void {
    const sentAtMs = this.#simulation.nowMs;
    const number = this.#number++;
    this.sentPackets += 1;
    this.#controller.packetSent({ sequenceNumber: number & 0xffff, bytes, sentAtMs, probe });
    if (part !== undefined) this.#unconfirmed.set(number, { bytes, part, repairs });
    this.#across(this.#options.forward, bytes, () => {
      const { nowMs } = this.#simulation;
      this.receivedBytes += bytes;
      this.delays.push({ atMs: nowMs, delayMs: nowMs - sentAtMs });
      this.#recorder.arrived(number, nowMs);
      this.#askForGap(number);
      if (part !== undefined) this.player.arrived(part, nowMs);
    });
  }

  /** The shared link and then the flow's own way. */
  #across(link: Link, bytes: number, deliver: () => void): void {
    const { ownDelayMs = 0 } = this.#options;
    link.send(bytes, ownDelayMs === 0 ? deliver : () => this.#simulation.after(ownDelayMs, deliver));
  }

  /** Packets do not overtake each other here, so whatever was sent before one that arrived, and did not, is lost. */
  #askForGap(arrived: number): void {
    for (const [number, packet] of this.#unconfirmed) {
      if (number > arrived) return;
      this.#unconfirmed.delete(number);
      if (number === arrived || packet.repairs >= MAX_REPAIRS) continue;
      this.#simulation.after(NACK_AFTER_MS, () => {
        this.#across(this.#options.backward, FEEDBACK_BYTES, () => this.#repair(packet));
      });
    }
  }

  #repair({ bytes, part, repairs }: UnconfirmedPacket): void {
    if (part.index < this.#firstRepairable) return;
    if (this.#pacer.queuedMs > MAX_REPAIR_WAIT_MS) {
      this.#pacer.clear();
      this.#firstRepairable = this.picturesMade;
      this.#video.forceKeyframe();
      return;
    }
    const send = (probe: number | undefined): void => this.#transmit(bytes, probe, part, repairs + 1);
    this.#pacer.enqueue({ bytes, kind: 'retransmission', send });
  }

  #report(): void {
    const arrivals = this.#recorder.report();
    if (arrivals === undefined) return;
    this.#across(this.#options.backward, FEEDBACK_BYTES, () => {
      this.#controller.arrivalsReported(arrivals, this.#simulation.nowMs);
    });
  }
}
