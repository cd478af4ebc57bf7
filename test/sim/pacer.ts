import type { Simulation } from './simulation.ts';

const TICK_MS = 5;

export interface PacedPacket {
  readonly bytes: number;
  readonly kind: 'audio' | 'retransmission' | 'video';
  readonly send: (probe: number | undefined) => void;
}

interface ProbeRun {
  readonly id: number;
  readonly bitrate: number;
  bytesLeft: number;
}

const PRIORITY = { audio: 0, retransmission: 1, video: 2 } as const;

/** A model of the sender's pacer: sound first, then repairs, then pictures, at the pacing rate; a probe is sent at its own rate, with padding. */
export class ModelPacer {
  readonly #queues: PacedPacket[][] = [[], [], []];
  #budgetBytes = 0;
  #probe: ProbeRun | undefined;

  readonly #pacingBitrate: () => number;
  readonly #sendPadding: (bytes: number, probe: number) => void;

  constructor(simulation: Simulation, pacingBitrate: () => number, sendPadding: (bytes: number, probe: number) => void) {
    this.#pacingBitrate = pacingBitrate;
    this.#sendPadding = sendPadding;
    simulation.every(TICK_MS, () => this.#tick());
  }

  get queuedMs(): number {
    const bytes = this.#queues.flat().reduce((sum, packet) => sum + packet.bytes, 0);
    return (bytes * 8 * 1000) / this.#pacingBitrate();
  }

  enqueue(packet: PacedPacket): void {
    if (packet.kind === 'audio') packet.send(undefined);
    else this.#queues[PRIORITY[packet.kind]]?.push(packet);
  }

  /** Drops what waits. */
  clear(): void {
    for (const queue of this.#queues) queue.length = 0;
  }

  probe(probe: { id: number; bitrate: number; bytes: number }): void {
    this.#probe = { id: probe.id, bitrate: probe.bitrate, bytesLeft: probe.bytes };
    this.#budgetBytes = 0;
  }

  #tick(): void {
    const bitrate = this.#probe?.bitrate ?? this.#pacingBitrate();
    const allowance = (bitrate * TICK_MS) / 8000;
    // What was not used is not saved up: a pause is no right to a burst.
    this.#budgetBytes = Math.min(this.#budgetBytes, 0) + allowance;
    while (this.#budgetBytes > 0) {
      const packet = this.#queues.find((queue) => queue.length > 0)?.shift();
      if (packet === undefined && this.#probe === undefined) return;
      const bytes = packet?.bytes ?? 1200;
      const probe = this.#probe;
      this.#budgetBytes -= bytes;
      if (packet !== undefined) packet.send(probe?.id);
      else if (probe !== undefined) this.#sendPadding(bytes, probe.id);
      if (probe === undefined) continue;
      probe.bytesLeft -= bytes;
      if (probe.bytesLeft <= 0) this.#probe = undefined;
    }
  }
}
