import type { PacketArrival } from './transport-feedback.js';

/** Packets that make a share worth saying: about a second of audio and modest video. */
const SAMPLE = 100;

/** The share of packets that a path loses, of a hundred at a time. Pure. */
export class LossMeter {
  private packets = 0;
  private lost = 0;

  /** @returns the share (0 to 1) whenever enough packets were accounted for since the last one. */
  arrived(arrivals: readonly PacketArrival[]): number | undefined {
    this.packets += arrivals.length;
    for (const { receivedAtMs } of arrivals) if (receivedAtMs === undefined) this.lost += 1;
    if (this.packets < SAMPLE) return undefined;
    const share = this.lost / this.packets;
    this.packets = 0;
    this.lost = 0;
    return share;
  }
}
