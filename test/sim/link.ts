import type { Random } from './random.ts';
import type { Simulation } from './simulation.ts';

/** One direction of a path: a bottleneck with a drop-tail queue, then a distance. */
export interface LinkOptions {
  /** In bits per second; 0: nothing passes. */
  readonly capacity: (nowMs: number) => number;
  /** What the queue holds at the present capacity. */
  readonly queueMs: number;
  readonly delayMs: number | ((nowMs: number) => number);
  /** Standard deviation of what each packet is delayed more; packets do not overtake each other. */
  readonly jitterMs?: number;
  /** The receiver takes nothing for a while and then everything at once: a busy machine. */
  readonly stalls?: { readonly everyMs: number; readonly forMs: number };
  /** Lost at random behind the bottleneck, 0 to 1. */
  readonly loss?: number;
}

interface Queued {
  readonly bytes: number;
  readonly deliver: () => void;
}

const WAIT_FOR_CAPACITY_MS = 10;

export class Link {
  readonly #queue: Queued[] = [];
  #queuedBytes = 0;
  #busy = false;
  #lastDeliveryAtMs = 0;

  readonly #simulation: Simulation;
  readonly #random: Random;
  readonly #options: LinkOptions;

  constructor(simulation: Simulation, random: Random, options: LinkOptions) {
    this.#simulation = simulation;
    this.#random = random;
    this.#options = options;
  }

  get capacity(): number {
    return this.#options.capacity(this.#simulation.nowMs);
  }

  /** How long the queue takes to drain. */
  get queueMs(): number {
    const { capacity } = this;
    return capacity <= 0 ? this.#options.queueMs : (this.#queuedBytes * 8 * 1000) / capacity;
  }

  send(bytes: number, deliver: () => void): void {
    const limitBytes = Math.max((this.capacity * this.#options.queueMs) / 8000, 3000);
    if (this.#queuedBytes + bytes > limitBytes) return;
    this.#queue.push({ bytes, deliver });
    this.#queuedBytes += bytes;
    if (!this.#busy) this.#serve();
  }

  #serve(): void {
    const next = this.#queue[0];
    this.#busy = next !== undefined;
    if (next === undefined) return;
    const capacity = this.capacity;
    if (capacity <= 0) {
      this.#simulation.after(WAIT_FOR_CAPACITY_MS, () => this.#serve());
      return;
    }
    this.#simulation.after((next.bytes * 8 * 1000) / capacity, () => {
      this.#queue.shift();
      this.#queuedBytes -= next.bytes;
      if (this.#random.uniform() >= (this.#options.loss ?? 0)) this.#travel(next.deliver);
      this.#serve();
    });
  }

  #travel(deliver: () => void): void {
    const { delayMs, jitterMs = 0 } = this.#options;
    const distanceMs = typeof delayMs === 'number' ? delayMs : delayMs(this.#simulation.nowMs);
    const extraMs = jitterMs === 0 ? 0 : Math.abs(this.#random.normal()) * jitterMs;
    const atMs = Math.max(this.#afterStall(this.#simulation.nowMs + distanceMs + extraMs), this.#lastDeliveryAtMs);
    this.#lastDeliveryAtMs = atMs;
    this.#simulation.after(atMs - this.#simulation.nowMs, deliver);
  }

  #afterStall(atMs: number): number {
    const { stalls } = this.#options;
    if (stalls === undefined) return atMs;
    const began = Math.floor(atMs / stalls.everyMs) * stalls.everyMs;
    return Math.max(atMs, began + stalls.forMs);
  }
}
