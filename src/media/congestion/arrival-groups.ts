import type { ReceivedPacket } from './sent-packet-log.js';

/** Packets that leave so close together are one group (draft-ietf-rmcat-gcc-02, section 5.2). */
const GROUP_MS = 5;
/** A burst that a busy hop held back and let go at once stays one group for at most so long. */
const MAX_BURST_MS = 100;

interface Group {
  firstSentAtMs: number;
  lastSentAtMs: number;
  firstReceivedAtMs: number;
  lastReceivedAtMs: number;
}

/** How two groups that follow each other differ. */
export interface GroupDelta {
  readonly sentMs: number;
  readonly receivedMs: number;
  /** When the later group arrived, by the receiver's clock. */
  readonly receivedAtMs: number;
}

/** Puts packets into groups and compares each finished group with the one before. */
export class ArrivalGroups {
  #current: Group | undefined;
  #previous: Group | undefined;

  /** Takes packets in the order of arrival; returns the difference once a packet opens a new group behind two others. */
  add({ packet, receivedAtMs }: ReceivedPacket): GroupDelta | undefined {
    const current = this.#current;
    if (current === undefined) {
      this.#current = groupOf(packet.sentAtMs, receivedAtMs);
      return undefined;
    }
    if (packet.sentAtMs < current.firstSentAtMs) return undefined; // overtaken on the way: it says nothing about the queue
    if (belongs(current, packet.sentAtMs, receivedAtMs)) {
      current.lastSentAtMs = Math.max(current.lastSentAtMs, packet.sentAtMs);
      current.lastReceivedAtMs = Math.max(current.lastReceivedAtMs, receivedAtMs);
      return undefined;
    }
    const delta = this.#previous === undefined ? undefined : difference(this.#previous, current);
    this.#previous = current;
    this.#current = groupOf(packet.sentAtMs, receivedAtMs);
    return delta;
  }

  reset(): void {
    this.#current = undefined;
    this.#previous = undefined;
  }
}

function groupOf(sentAtMs: number, receivedAtMs: number): Group {
  return { firstSentAtMs: sentAtMs, lastSentAtMs: sentAtMs, firstReceivedAtMs: receivedAtMs, lastReceivedAtMs: receivedAtMs };
}

function belongs(group: Group, sentAtMs: number, receivedAtMs: number): boolean {
  if (sentAtMs - group.firstSentAtMs <= GROUP_MS) return true;
  const sinceLastArrival = receivedAtMs - group.lastReceivedAtMs;
  const caughtUp = sinceLastArrival - (sentAtMs - group.lastSentAtMs) < 0;
  return caughtUp && sinceLastArrival <= GROUP_MS && receivedAtMs - group.firstReceivedAtMs < MAX_BURST_MS;
}

function difference(earlier: Group, later: Group): GroupDelta | undefined {
  const sentMs = later.lastSentAtMs - earlier.lastSentAtMs;
  const receivedMs = later.lastReceivedAtMs - earlier.lastReceivedAtMs;
  return receivedMs < 0 ? undefined : { sentMs, receivedMs, receivedAtMs: later.lastReceivedAtMs };
}
