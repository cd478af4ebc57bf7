import type { PacketFields } from './header-extensions.js';

/** How long a packet may be asked for: several round trips of any usable path. */
const MAX_AGE_MS = 2000;
/** Two seconds of 10 Mbps. */
const MAX_BYTES = 2_500_000;
/** Places for packets: more than `MAX_BYTES` of full ones. A power of two, so that sequence numbers wrap onto the same places. */
const PLACES = 4096;
/** A packet is answered once in a round trip, and a shorter one than this is none: reports and requests come in groups. */
const MIN_RESEND_INTERVAL_MS = 10;
/** Until the round trip is known. */
const ASSUMED_ROUND_TRIP_MS = 100;
/** What may be saved up of the budget, in milliseconds of it. */
const BUDGET_DEPTH_MS = 1000;
/** The least that a second's budget is: a few packets at any rate. Bytes. */
const MIN_BUDGET_BYTES = 8000;

/** What a packet was when it was sent first. */
export interface SentMedia {
  readonly sequenceNumber: number;
  readonly timestamp: number;
  readonly marker: boolean;
  readonly fields: PacketFields;
  readonly prefix: Buffer;
  readonly body: Buffer;
}

interface Entry {
  readonly packet: SentMedia;
  readonly sentAtMs: number;
  resentAtMs: number;
}

/** What bounds retransmissions at a moment. */
export interface RecallLimits {
  readonly nowMs: number;
  readonly roundTripMs: number | undefined;
  /** Bits a second that retransmissions may take. */
  readonly bitrate: number;
}

/** The packets a stream sent in the last two seconds, for a receiver that has lost some. Pure: the time comes with each call. */
export class RetransmissionHistory {
  /** A place for each sequence number modulo `PLACES`; a Map would slow down with every packet that it forgets. */
  private readonly entries: (Entry | undefined)[] = Array.from({ length: PLACES });
  private bytes = 0;
  private oldest = 0;
  private latest: number | undefined;
  private budgetBytes = Infinity;
  private budgetAtMs = -Infinity;

  /** Remembers a packet that was just sent; sequence numbers rise by one. */
  remember(packet: SentMedia, nowMs: number): void {
    const { sequenceNumber } = packet;
    if (this.latest === undefined || sequenceNumber !== ((this.latest + 1) & 0xffff)) this.clear(sequenceNumber);
    this.forget(sequenceNumber % PLACES);
    this.entries[sequenceNumber % PLACES] = { packet, sentAtMs: nowMs, resentAtMs: -Infinity };
    this.bytes += packet.body.length;
    this.latest = sequenceNumber;
    while (this.oldest !== sequenceNumber) {
      const entry = this.find(this.oldest);
      if (entry !== undefined && nowMs - entry.sentAtMs <= MAX_AGE_MS && this.bytes <= MAX_BYTES) break;
      // Without an entry its place is another packet's already.
      if (entry !== undefined) this.forget(this.oldest % PLACES);
      this.oldest = (this.oldest + 1) & 0xffff;
    }
  }

  /**
   * Those of the packets that are still known, without those recalled less than a round trip ago, and within the budget of bytes: a report of
   * 1200 bytes can ask for every packet that is kept, again and again, and that must not become a flood on a path that has just lost packets.
   */
  recall(sequenceNumbers: readonly number[], { nowMs, roundTripMs, bitrate }: RecallLimits): SentMedia[] {
    const depthBytes = Math.max(MIN_BUDGET_BYTES, (bitrate / 8000) * BUDGET_DEPTH_MS);
    const regained = this.budgetAtMs === -Infinity ? 0 : ((nowMs - this.budgetAtMs) / BUDGET_DEPTH_MS) * depthBytes;
    this.budgetBytes = Math.min(depthBytes, this.budgetBytes + regained);
    this.budgetAtMs = nowMs;
    const intervalMs = Math.max(MIN_RESEND_INTERVAL_MS, roundTripMs ?? ASSUMED_ROUND_TRIP_MS);
    const recalled: SentMedia[] = [];
    for (const sequenceNumber of sequenceNumbers) {
      const entry = this.find(sequenceNumber);
      if (entry === undefined || nowMs - entry.sentAtMs > MAX_AGE_MS || nowMs - entry.resentAtMs < intervalMs) continue;
      const { length } = entry.packet.body;
      if (length > this.budgetBytes) break;
      this.budgetBytes -= length;
      entry.resentAtMs = nowMs;
      recalled.push(entry.packet);
    }
    return recalled;
  }

  /** A packet of at least `minBytes` among the last `among`, the latest first, `skip` of them left out; undefined where there is none. */
  recent(minBytes: number, among: number, skip: number): SentMedia | undefined {
    let left = skip;
    for (let back = 0; back < among; back += 1) {
      const packet = this.find(((this.latest ?? 0) - back) & 0xffff)?.packet;
      if (packet === undefined || packet.body.length < minBytes) continue;
      if (left === 0) return packet;
      left -= 1;
    }
    return undefined;
  }

  /** Forgets every packet. */
  forgetAll(): void {
    this.clear(this.latest ?? 0);
    this.latest = undefined;
  }

  private find(sequenceNumber: number): Entry | undefined {
    const entry = this.entries[sequenceNumber % PLACES];
    return entry?.packet.sequenceNumber === sequenceNumber ? entry : undefined;
  }

  private forget(place: number): void {
    const entry = this.entries[place];
    if (entry === undefined) return;
    this.bytes -= entry.packet.body.length;
    this.entries[place] = undefined;
  }

  private clear(next: number): void {
    this.entries.fill(undefined);
    this.bytes = 0;
    this.oldest = next;
  }
}
