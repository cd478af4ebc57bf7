import type { SentPacket } from './network.js';

/** An observation spans at least so long and so many packets, and is not older than the span of evidence. */
const MIN_OBSERVATION_MS = 300;
const MIN_OBSERVATION_PACKETS = 20;
const EVIDENCE_MS = 6000;
const MAX_OBSERVATIONS = 20;

/** Loss that a path may have at any rate: a bad radio. More than this is taken for a lack of capacity. */
const MAX_INHERENT_LOSS = 0.16;
const INHERENT_STEPS = 32;
/** How much likelier (natural logarithm) "too fast" must be than "a lossy path" to be believed; 6 is one chance in two thousand. */
const EVIDENCE = 6;
/** Loss together with a queue needs no statistics, only more than a stray packet. */
const LOSS_WITH_QUEUE = 0.05;
const MIN_LOST_WITH_QUEUE = 3;
const LONG_QUEUE_MS = 60;
const DECREASE = 0.9;
/** Of a capacity that the losses show, this much is used at first; later the limit grows a second by the factor. */
const UTILISATION = 0.95;
const HOLD_MS = 2000;
const GROWTH = 1.05;
const MAX_STEP_MS = 1000;
/** A limit so far above the rate that delay allows limits nothing. */
const MEANINGLESS = 1.5;
/** From this loss on a lower rate is tried now and then: if the loss goes away, it was the rate's. */
const SUSPICIOUS_LOSS = 0.03;
const MIN_TRIED_OBSERVATIONS = 5;
const TRIAL_MS = 1000;
const BETWEEN_TRIALS_MS = 12_000;
/** So much below the rate that got through, so that a link with little queue has room for a burst. */
const TRIAL_SHARE = 0.9;

interface Observation {
  readonly bitrate: number;
  readonly packets: number;
  readonly lost: number;
  readonly endedAtMs: number;
}

/** What is known at one report beside the packets. */
export interface LossContext {
  readonly queueMs: number;
  readonly acknowledgedBitrate: number | undefined;
  /** The rate that the delay allows, in bits per second. */
  readonly delayBasedBitrate: number;
  readonly nowMs: number;
}

/**
 * The rate that losses allow, in bits per second. Loss with a long queue is a full queue. Loss without one is either the path's own, whatever
 * the rate (radio), or that of a link with next to no queue: there the loss depends on the rate. A likelihood ratio over the last seconds'
 * observations of rate and loss decides, so random loss does not slow the stream down (the idea of goog_cc's loss-based estimator v2).
 */
export class LossBasedRate {
  #observations: Observation[] = [];
  #packets = 0;
  #lost = 0;
  #bytes = 0;
  #firstSentAtMs = Infinity;
  #lastSentAtMs = -Infinity;
  #longestQueueMs = 0;
  #limit = Infinity;
  #limitSetAtMs = 0;
  #holdUntilMs = -Infinity;
  #trial = { bitrate: Infinity, endsAtMs: -Infinity };

  /** @param minBitrate no limit is lower: it would have to grow up to what is sent anyway first, and from nothing it never would. */
  constructor(private readonly minBitrate: number) {}

  /** What is believed of the path; Infinity: losses set no limit. */
  get limit(): number {
    return this.#limit;
  }

  /** The limit, or less while a lower rate is tried. */
  get bitrate(): number {
    return Math.min(this.#limit, this.#trial.bitrate);
  }

  /** The share of packets lost over the last seconds, 0 to 1. */
  get lossFraction(): number {
    const packets = this.#observations.reduce((sum, observation) => sum + observation.packets, this.#packets);
    const lost = this.#observations.reduce((sum, observation) => sum + observation.lost, this.#lost);
    return packets === 0 ? 0 : lost / packets;
  }

  report(received: readonly SentPacket[], lost: readonly SentPacket[], foundAgain: number, context: LossContext): void {
    for (const packet of received) this.#count(packet);
    for (const packet of lost) this.#count(packet);
    this.#lost = Math.max(0, this.#lost + lost.length - foundAgain);
    this.#packets = Math.max(this.#lost, this.#packets - foundAgain);
    this.#longestQueueMs = Math.max(this.#longestQueueMs, context.queueMs);
    this.#observations = this.#observations.filter(({ endedAtMs }) => context.nowMs - endedAtMs <= EVIDENCE_MS);
    this.#grow(context);
    if (this.#queueIsFull()) {
      this.#limitTo(DECREASE * this.#delivered(context), context.nowMs);
      this.#startObservation();
      return;
    }
    const spanMs = this.#lastSentAtMs - this.#firstSentAtMs;
    if (spanMs < MIN_OBSERVATION_MS || this.#packets < MIN_OBSERVATION_PACKETS) return;
    const observation = {
      bitrate: (this.#bytes * 8 * 1000) / spanMs,
      packets: this.#packets,
      lost: this.#lost,
      endedAtMs: context.nowMs,
    };
    this.#observations.push(observation);
    if (this.#observations.length > MAX_OBSERVATIONS) this.#observations.shift();
    this.#startObservation();
    const capacity = likelyCapacity(this.#observations);
    if (capacity !== undefined) this.#limitTo(UTILISATION * capacity, context.nowMs);
    this.#try(context);
  }

  /** A probe got through at this rate: what was believed of a lower limit is out of date. */
  probed(bitrate: number, nowMs: number): void {
    if (bitrate <= this.#limit) return;
    this.#observations = [];
    this.#startObservation();
    this.#setLimit(bitrate, nowMs);
  }

  #count(packet: SentPacket): void {
    this.#packets += 1;
    this.#bytes += packet.bytes;
    this.#firstSentAtMs = Math.min(this.#firstSentAtMs, packet.sentAtMs);
    this.#lastSentAtMs = Math.max(this.#lastSentAtMs, packet.sentAtMs);
  }

  #startObservation(): void {
    this.#packets = 0;
    this.#lost = 0;
    this.#bytes = 0;
    this.#firstSentAtMs = Infinity;
    this.#lastSentAtMs = -Infinity;
    this.#longestQueueMs = 0;
  }

  #queueIsFull(): boolean {
    if (this.#longestQueueMs < LONG_QUEUE_MS || this.#lost < MIN_LOST_WITH_QUEUE) return false;
    return this.#lost / this.#packets >= LOSS_WITH_QUEUE;
  }

  #delivered({ acknowledgedBitrate, delayBasedBitrate }: LossContext): number {
    return acknowledgedBitrate ?? delayBasedBitrate * (1 - this.#lost / this.#packets);
  }

  #limitTo(bitrate: number, nowMs: number): void {
    const limit = Math.max(bitrate, this.minBitrate);
    if (limit >= this.#limit) return;
    this.#setLimit(limit, nowMs);
    this.#holdUntilMs = nowMs + HOLD_MS;
  }

  /** Loss at one rate only may be the path's or the rate's own; a while at a lower rate tells them apart. */
  #try({ acknowledgedBitrate, nowMs }: LossContext): void {
    if (nowMs < this.#trial.endsAtMs) return;
    const persists = this.#observations.length >= MIN_TRIED_OBSERVATIONS && this.lossFraction >= SUSPICIOUS_LOSS;
    const mayTry = persists && nowMs - this.#trial.endsAtMs >= BETWEEN_TRIALS_MS;
    this.#trial =
      mayTry && acknowledgedBitrate !== undefined
        ? { bitrate: TRIAL_SHARE * acknowledgedBitrate, endsAtMs: nowMs + TRIAL_MS }
        : { bitrate: Infinity, endsAtMs: this.#trial.endsAtMs };
  }

  #grow({ delayBasedBitrate, nowMs }: LossContext): void {
    if (this.#limit === Infinity || nowMs < this.#holdUntilMs) return;
    const elapsedMs = Math.min(Math.max(nowMs - this.#limitSetAtMs, 0), MAX_STEP_MS);
    this.#setLimit(this.#limit * GROWTH ** (elapsedMs / 1000), nowMs);
    if (this.#limit > MEANINGLESS * delayBasedBitrate) this.#limit = Infinity;
  }

  #setLimit(bitrate: number, nowMs: number): void {
    this.#limit = bitrate;
    this.#limitSetAtMs = nowMs;
  }
}

/** The capacity that explains the losses clearly better than a loss that is the same at any rate; undefined when none does. */
function likelyCapacity(observations: readonly Observation[]): number | undefined {
  if (observations.every(({ lost }) => lost === 0)) return undefined;
  const unlimited = bestLogLikelihood(observations, Infinity);
  let best = { capacity: Infinity, logLikelihood: unlimited + EVIDENCE };
  for (const { bitrate, packets, lost } of observations) {
    for (const capacity of [bitrate, bitrate * (1 - lost / packets)]) {
      const logLikelihood = bestLogLikelihood(observations, capacity);
      if (logLikelihood > best.logLikelihood) best = { capacity, logLikelihood };
    }
  }
  return best.capacity === Infinity ? undefined : best.capacity;
}

/** Over all losses that the path may have of its own. */
function bestLogLikelihood(observations: readonly Observation[], capacity: number): number {
  let best = -Infinity;
  for (let step = 0; step <= INHERENT_STEPS; step += 1) {
    const inherent = Math.max((MAX_INHERENT_LOSS * step) / INHERENT_STEPS, 1e-4);
    let sum = 0;
    for (const { bitrate, packets, lost } of observations) {
      const excess = bitrate > capacity ? (bitrate - capacity) / bitrate : 0;
      const loss = Math.min(inherent + (1 - inherent) * excess, 1 - 1e-6);
      sum += lost * Math.log(loss) + (packets - lost) * Math.log(1 - loss);
    }
    best = Math.max(best, sum);
  }
  return best;
}
