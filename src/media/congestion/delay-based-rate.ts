import { LinkCapacity } from './link-capacity.js';
import type { BandwidthUsage } from './network.js';

/** What remains of the acknowledged bitrate after an overuse (draft-ietf-rmcat-gcc-02, section 5.5, beta). */
const DECREASE = 0.85;
/** Growth a second while the capacity is unknown. */
const GROWTH = 1.08;
const MIN_GROWTH_BPS = 20_000;
const MAX_STEP_MS = 1000;
/** The estimate does not grow further than so above what really gets through: a sender with little to say learns nothing. */
const MAX_OVER_ACKNOWLEDGED = 1.5;
const OVER_ACKNOWLEDGED_BPS = 10_000;
/** A packet and a picture rate for the size of an additive step: about one packet in a response time. */
const PACKET_BITS = 1200 * 8;
const PICTURES_PER_SECOND = 30;
/** What the detector and the feedback take on top of the round trip. */
const DETECTOR_MS = 100;
const DEFAULT_ROUND_TRIP_MS = 100;
const MIN_BETWEEN_CUTS_MS = 10;
const MAX_BETWEEN_CUTS_MS = 200;
/** A throughput measured so shortly after a probe does not show yet what the probe found. */
const PROBE_FRESH_MS = 500;
/** Throughput under this share of the estimate cuts again without waiting. */
const FAR_BELOW = 0.5;

/** What is known at one report. */
export interface DelayObservation {
  readonly usage: BandwidthUsage;
  readonly acknowledgedBitrate: number | undefined;
  readonly roundTripMs: number | undefined;
  /** The rate past which growing has no use, in bits per second. */
  readonly ceiling: number;
  readonly nowMs: number;
}

/**
 * The rate that the delay allows, in bits per second: down to a share of what arrives when the queue grows, held while it drains, up
 * otherwise; by a factor far from the known capacity and by a packet a response time near it (draft-ietf-rmcat-gcc-02, section 5.5).
 */
export class DelayBasedRate {
  readonly #capacity = new LinkCapacity();
  #bitrate: number;
  #state: 'increase' | 'hold' = 'increase';
  #changedAtMs: number;
  #cutAtMs = -Infinity;
  #lastProbe = { bitrate: 0, atMs: -Infinity };

  constructor(
    startBitrate: number,
    private readonly minBitrate: number,
    private readonly maxBitrate: number,
    nowMs: number,
  ) {
    this.#bitrate = startBitrate;
    this.#changedAtMs = nowMs;
  }

  get bitrate(): number {
    return this.#bitrate;
  }

  /** When the rate was last cut for an overuse; -Infinity before the first. */
  get cutAtMs(): number {
    return this.#cutAtMs;
  }

  update(observation: DelayObservation): void {
    const { usage, acknowledgedBitrate, nowMs } = observation;
    if (usage === 'overusing') {
      if (this.#mayCut(observation)) this.#cut(acknowledgedBitrate, nowMs);
      this.#state = 'hold';
    } else if (usage === 'underusing') {
      this.#state = 'hold'; // the queue drains: neither up nor down until it is empty
    } else if (this.#state === 'hold') {
      this.#state = 'increase';
      this.#changedAtMs = nowMs;
    } else {
      this.#grow(observation);
    }
  }

  /** A probe showed that the path carries this much. */
  probed(bitrate: number, nowMs: number): void {
    this.#capacity.probed(bitrate);
    this.#lastProbe = { bitrate, atMs: nowMs };
    this.set(bitrate, nowMs);
  }

  set(bitrate: number, nowMs: number): void {
    this.#bitrate = Math.min(Math.max(bitrate, this.minBitrate), this.maxBitrate);
    this.#changedAtMs = nowMs;
  }

  #mayCut({ acknowledgedBitrate, roundTripMs, nowMs }: DelayObservation): boolean {
    const pauseMs = Math.min(Math.max(roundTripMs ?? DEFAULT_ROUND_TRIP_MS, MIN_BETWEEN_CUTS_MS), MAX_BETWEEN_CUTS_MS);
    if (nowMs - this.#cutAtMs >= pauseMs) return true;
    return acknowledgedBitrate !== undefined && acknowledgedBitrate < FAR_BELOW * this.#bitrate;
  }

  #cut(acknowledgedBitrate: number | undefined, nowMs: number): void {
    this.#cutAtMs = nowMs;
    if (acknowledgedBitrate === undefined) {
      this.set(this.#bitrate / 2, nowMs);
      return;
    }
    const probed = nowMs - this.#lastProbe.atMs < PROBE_FRESH_MS ? this.#lastProbe.bitrate : 0;
    const throughput = Math.max(acknowledgedBitrate, probed);
    let cut = DECREASE * throughput;
    if (cut > this.#bitrate && this.#capacity.bitrate !== undefined) cut = DECREASE * this.#capacity.bitrate;
    if (this.#capacity.bitrate !== undefined && !this.#capacity.explains(throughput)) this.#capacity.forget();
    this.#capacity.overused(throughput);
    this.set(Math.min(cut, this.#bitrate), nowMs);
  }

  #grow({ acknowledgedBitrate, roundTripMs, ceiling, nowMs }: DelayObservation): void {
    if (acknowledgedBitrate !== undefined && this.#capacity.isBelow(acknowledgedBitrate)) this.#capacity.forget();
    const elapsedMs = Math.min(Math.max(nowMs - this.#changedAtMs, 0), MAX_STEP_MS);
    const grown =
      this.#capacity.bitrate === undefined
        ? this.#bitrate * GROWTH ** (elapsedMs / 1000)
        : this.#bitrate + (this.#additiveGrowth(roundTripMs) * elapsedMs) / 1000;
    const useful =
      acknowledgedBitrate === undefined ? Infinity : MAX_OVER_ACKNOWLEDGED * acknowledgedBitrate + OVER_ACKNOWLEDGED_BPS;
    this.set(Math.max(this.#bitrate, Math.min(grown, useful, ceiling)), nowMs);
  }

  /** Bits per second, per second: one packet of the current pictures in a response time. */
  #additiveGrowth(roundTripMs = DEFAULT_ROUND_TRIP_MS): number {
    const pictureBits = this.#bitrate / PICTURES_PER_SECOND;
    const packetBits = pictureBits / Math.ceil(pictureBits / PACKET_BITS);
    return Math.max(MIN_GROWTH_BPS, packetBits / ((2 * (roundTripMs + DETECTOR_MS)) / 1000));
  }
}
