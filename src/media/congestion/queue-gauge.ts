import type { ReceivedPacket } from './sent-packet-log.js';

/** The shortest delay seen within one or two such spans is the path without a queue: clocks drift by less than 2 ms in it. */
const SPAN_MS = 15_000;
/** Under this a queue is what a picture's burst makes. */
const TOLERATED_MS = 50;
/** The share taken off reaches all it can at this much above the tolerated queue. */
const RANGE_MS = 250;
const MIN_FACTOR = 0.6;
/** One picture's time: the shortest delay over it leaves the picture's own burst out. */
const LATEST_MS = 50;
/** Arriving in less than this share of the time in which they left, packets were held back and let go: a busy receiver, not a queue. */
const HELD_BACK = 0.25;
/** So much longer within so short a time the queue gets when the capacity breaks down. */
const SURGE_MS = 60;
const SURGE_WITHIN_MS = 350;
/** A queue of our own is gone after so long with the rate pushed back; a longer delay that stays is the path, or somebody else's. */
const IN_VAIN_MS = 4000;
/** So long after that nothing is taken back: it would only leave the room to whoever keeps the queue full. */
const CONCEDED_MS = 15_000;

/** What the target is to be multiplied with so that a queue of this length drains. */
export function pushBack(queueMs: number): number {
  return Math.min(Math.max(1 - (queueMs - TOLERATED_MS) / RANGE_MS, MIN_FACTOR), 1);
}

/**
 * How long the queue of the path is, from the one-way delays. The standing queue is the shortest delay of the latest arrivals: what a burst
 * adds and the path carries away at once does not count.
 */
export class QueueGauge {
  #previousSpanMs = Infinity;
  #spanMs = Infinity;
  #spanEndsAtMs: number | undefined;
  #longSinceMs: number | undefined;
  #shortestWhileLongMs = Infinity;
  #queueMs = 0;
  #nowMs = -Infinity;
  #concededUntilMs = -Infinity;
  #lately: { readonly atMs: number; readonly queueMs: number }[] = [];

  /** Whether the queue got so long within so few reports that waiting for a trend is too late. */
  get surges(): boolean {
    return this.#lately.some(({ queueMs }) => this.#queueMs - queueMs >= SURGE_MS);
  }

  /** The part of the queue that goes away when we send less. */
  get ownQueueMs(): number {
    return this.#nowMs < this.#concededUntilMs ? 0 : this.#queueMs;
  }

  /** The queue in milliseconds of sending. */
  get queueMs(): number {
    return this.#queueMs;
  }

  /** Packets of one report, in the order of arrival. */
  report(received: readonly ReceivedPacket[], nowMs: number): void {
    const last = received.at(-1);
    if (last === undefined) return;
    this.#nowMs = nowMs;
    if (this.#spanEndsAtMs === undefined || nowMs >= this.#spanEndsAtMs) {
      this.#previousSpanMs = this.#spanMs;
      this.#spanMs = Infinity;
      this.#spanEndsAtMs = nowMs + SPAN_MS;
    }
    this.#spanMs = Math.min(this.#spanMs, shortestDelay(received));
    const base = Math.min(this.#spanMs, this.#previousSpanMs);
    const latest = received.filter(({ receivedAtMs }) => last.receivedAtMs - receivedAtMs <= LATEST_MS);
    if (wereHeldBack(latest)) return;
    const latestMs = shortestDelay(latest);
    this.#lately = [...this.#lately, { atMs: nowMs, queueMs: this.#queueMs }].filter(
      ({ atMs }) => nowMs - atMs < SURGE_WITHIN_MS,
    );
    this.#queueMs = latestMs - base;
    this.#noticeNewPath(latestMs, nowMs);
  }

  /** Forgets the path, as when the receiver's clock has jumped. */
  reset(): void {
    this.#previousSpanMs = Infinity;
    this.#spanMs = Infinity;
    this.#spanEndsAtMs = undefined;
    this.#longSinceMs = undefined;
    this.#queueMs = 0;
    this.#lately = [];
  }

  #noticeNewPath(shortest: number, nowMs: number): void {
    if (this.#queueMs <= TOLERATED_MS) {
      this.#longSinceMs = undefined;
      return;
    }
    if (this.#longSinceMs === undefined) {
      this.#longSinceMs = nowMs;
      this.#shortestWhileLongMs = Infinity;
    }
    this.#shortestWhileLongMs = Math.min(this.#shortestWhileLongMs, shortest);
    if (nowMs - this.#longSinceMs < IN_VAIN_MS) return;
    this.reset();
    this.#concededUntilMs = nowMs + CONCEDED_MS;
    this.#spanMs = this.#shortestWhileLongMs;
    this.#spanEndsAtMs = nowMs + SPAN_MS;
  }
}

function shortestDelay(received: readonly ReceivedPacket[]): number {
  return received.reduce((least, { packet, receivedAtMs }) => Math.min(least, receivedAtMs - packet.sentAtMs), Infinity);
}

function wereHeldBack(received: readonly ReceivedPacket[]): boolean {
  const first = received[0];
  const last = received.at(-1);
  if (first === undefined || last === undefined) return false;
  const sentMs = last.packet.sentAtMs - first.packet.sentAtMs;
  return sentMs > LATEST_MS && last.receivedAtMs - first.receivedAtMs < HELD_BACK * sentMs;
}
