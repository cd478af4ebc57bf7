import { performance } from 'node:perf_hooks';
import type { Link } from './link.ts';
import type { DirectionSample } from './messages.ts';

/** A packet that is due within this time goes now: Node's timers know whole milliseconds. */
const TIMER_SLACK_MS = 0.5;
/** IPv4 and UDP header. */
const HEADER_BYTES = 28;

/** One direction of a relayed path: holds each packet for as long as the link says, and counts. */
export class RelayedDirection {
  private readonly link: Link;
  private readonly forward: (packet: Buffer) => void;
  private readonly held: { readonly packet: Buffer; readonly atMs: number }[] = [];
  private timer: NodeJS.Timeout | undefined;
  private counts = noCounts();

  /** @param forward sends a packet on; does not throw */
  constructor(link: Link, forward: (packet: Buffer) => void) {
    this.link = link;
    this.forward = forward;
  }

  begin(): void {
    this.link.begin(performance.now());
  }

  accept(packet: Buffer): void {
    const nowMs = performance.now();
    const { counts } = this;
    counts.offeredPackets += 1;
    counts.offeredBytes += packet.length + HEADER_BYTES;
    const passage = this.link.send(packet.length, nowMs);
    if (passage.fate === 'lost') counts.lostPackets += 1;
    else if (passage.fate === 'dropped') counts.droppedPackets += 1;
    else {
      counts.queuedMs.push(passage.queuedMs);
      this.held.push({ packet, atMs: passage.atMs });
      // Order is kept, so a timer that runs is for an earlier packet.
      if (this.timer === undefined) this.release();
    }
  }

  /** What happened since the last call. */
  takeSample(): DirectionSample {
    const { counts } = this;
    this.counts = noCounts();
    return { ...counts, capacity: this.link.capacity(performance.now()) };
  }

  close(): void {
    clearTimeout(this.timer);
    this.held.length = 0;
  }

  private release(): void {
    this.timer = undefined;
    const nowMs = performance.now();
    const later = this.held.findIndex(({ atMs }) => atMs > nowMs + TIMER_SLACK_MS);
    for (const { packet } of this.held.splice(0, later === -1 ? this.held.length : later)) {
      this.counts.deliveredBytes += packet.length + HEADER_BYTES;
      this.forward(packet);
    }
    const [next] = this.held;
    if (next !== undefined) this.timer = setTimeout(() => this.release(), Math.max(1, Math.floor(next.atMs - performance.now())));
  }
}

function noCounts(): Counts {
  return { offeredBytes: 0, deliveredBytes: 0, offeredPackets: 0, lostPackets: 0, droppedPackets: 0, queuedMs: [] };
}

interface Counts {
  offeredBytes: number;
  deliveredBytes: number;
  offeredPackets: number;
  lostPackets: number;
  droppedPackets: number;
  queuedMs: number[];
}
