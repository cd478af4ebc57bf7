import type { Link } from './link.ts';
import type { Random } from './random.ts';
import type { Simulation } from './simulation.ts';

const SEGMENT_BYTES = 1500;
const ACK_BYTES = 60;
const INITIAL_WINDOW = 10;
const TIMEOUT_MS = 1000;

/** Sizes of short downloads, and the mean of the pauses between them (RFC 8867 section 5.7). */
const SHORT_BYTES = { least: 100_000, most: 1_000_000 };
const MEAN_PAUSE_MS = 10_000;

/** Whether there is something to download, of a source that has sent so many bytes. */
export type TcpDemand = (nowMs: number, sentBytes: number) => boolean;

/** One short download after another, with pauses. @param idle whether it begins with a pause. */
export function shortDownloads(random: Random, idle: boolean): TcpDemand {
  const pauseMs = (): number => -MEAN_PAUSE_MS * Math.log(1 - random.uniform());
  const size = (): number => SHORT_BYTES.least + (SHORT_BYTES.most - SHORT_BYTES.least) * random.uniform();
  let beginsAtMs = idle ? pauseMs() : 0;
  let endsAtBytes = size();
  return (nowMs, sentBytes) => {
    if (sentBytes >= endsAtBytes) {
      beginsAtMs = nowMs + pauseMs();
      endsAtBytes = sentBytes + size();
    }
    return nowMs >= beginsAtMs;
  };
}

/** TCP downloads, reduced to their window: slow start, one segment a round trip, half after a loss (RFC 5681), nothing resent. */
export class TcpFlow {
  receivedBytes = 0;
  #window = INITIAL_WINDOW;
  #threshold = Infinity;
  #inFlight = 0;
  #recoverUntil = 0;
  #next = 0;
  #acknowledged = 0;
  #lastAckAtMs = 0;

  readonly #active: () => boolean;
  readonly #simulation: Simulation;
  readonly #forward: Link;
  readonly #backward: Link;

  constructor(simulation: Simulation, forward: Link, backward: Link, demand: TcpDemand) {
    this.#simulation = simulation;
    this.#forward = forward;
    this.#backward = backward;
    this.#active = () => demand(simulation.nowMs, this.#next * SEGMENT_BYTES);
    simulation.every(10, () => {
      this.#timeOut();
      this.#fill();
    });
  }

  #fill(): void {
    // After a pause the window is a guess (RFC 5681 section 4.1), and the first answer is not overdue yet.
    if (this.#inFlight === 0 && this.#simulation.nowMs - this.#lastAckAtMs >= TIMEOUT_MS) {
      this.#window = Math.min(this.#window, INITIAL_WINDOW);
      this.#lastAckAtMs = this.#simulation.nowMs;
    }
    while (this.#active() && this.#inFlight < this.#window) {
      const segment = this.#next++;
      this.#inFlight += 1;
      this.#forward.send(SEGMENT_BYTES, () => {
        this.receivedBytes += SEGMENT_BYTES;
        this.#backward.send(ACK_BYTES, () => this.#acknowledge(segment));
      });
    }
  }

  #acknowledge(segment: number): void {
    this.#lastAckAtMs = this.#simulation.nowMs;
    const lost = segment - this.#acknowledged;
    this.#acknowledged = segment + 1;
    this.#inFlight = Math.max(0, this.#inFlight - 1 - lost);
    if (lost > 0 && segment >= this.#recoverUntil) {
      this.#window = Math.max(2, this.#window / 2);
      this.#threshold = this.#window;
      this.#recoverUntil = this.#next;
    } else if (lost === 0) {
      this.#window += this.#window < this.#threshold ? 1 : 1 / this.#window;
    }
    this.#fill();
  }

  #timeOut(): void {
    if (this.#inFlight === 0 || this.#simulation.nowMs - this.#lastAckAtMs < TIMEOUT_MS) return;
    this.#inFlight = 0;
    this.#acknowledged = this.#next;
    this.#threshold = Math.max(2, this.#window / 2);
    this.#window = 2;
    this.#lastAckAtMs = this.#simulation.nowMs;
  }
}
