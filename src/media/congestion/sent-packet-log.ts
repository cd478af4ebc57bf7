import type { PacketArrival, SentPacket } from './network.js';

/** Numbers wrap at 65,536 and a report reaches at most half of that back; nobody sends so many packets in the kept time. */
const MAX_PACKETS = 8192;
const KEPT_MS = 10_000;
const NUMBER_SPACE = 65_536;

/** Of those that left the front of the order, so many are kept until they are cut off together. */
const MAX_PASSED = 1024;

interface LoggedPacket extends SentPacket {
  /** `sequenceNumber` unwrapped. */
  readonly number: number;
  /** Of everything sent up to and with this packet. */
  readonly bytesUpTo: number;
  reported: 'unknown' | 'lost' | 'received';
}

/** A packet and when it arrived, by the receiver's clock. */
export interface ReceivedPacket {
  readonly packet: SentPacket;
  readonly receivedAtMs: number;
}

/** What a report told that was not known before. */
export interface ReportedPackets {
  /** In the order of their arrival. */
  readonly received: readonly ReceivedPacket[];
  readonly lost: readonly SentPacket[];
  /** Of `received`, those that an earlier report called lost. */
  readonly foundAgain: number;
}

/**
 * Remembers what was sent until the receiver says what became of it (the bookkeeping of RFC 8888 section 5 applied to transport-wide
 * numbers). Bounded by count and by age; reports on unknown, forgotten or already reported packets change nothing.
 */
export class SentPacketLog {
  /** By unwrapped number. */
  readonly #packets = new Map<number, LoggedPacket>();
  /** In the order of sending: the Map has it too, but finds its first entry only past all that were deleted before. */
  #order: LoggedPacket[] = [];
  /** Where in it the oldest is. */
  #oldest = 0;
  #lastNumber: number | undefined;
  #bytesSent = 0;
  #bytesReported = 0;

  /** Bytes sent after the newest packet that a report spoke of. */
  get bytesInFlight(): number {
    return this.#bytesSent - this.#bytesReported;
  }

  get size(): number {
    return this.#packets.size;
  }

  add(packet: SentPacket): void {
    const number = this.#unwrapSent(packet.sequenceNumber & 0xffff);
    this.#bytesSent += packet.bytes;
    const { sequenceNumber, bytes, sentAtMs, probe } = packet;
    const logged: LoggedPacket = {
      sequenceNumber,
      bytes,
      sentAtMs,
      probe,
      number,
      bytesUpTo: this.#bytesSent,
      reported: 'unknown',
    };
    this.#packets.set(number, logged);
    this.#order.push(logged);
    this.#forget(sentAtMs);
  }

  report(arrivals: readonly PacketArrival[]): ReportedPackets {
    const received: ReceivedPacket[] = [];
    const lost: SentPacket[] = [];
    let foundAgain = 0;
    for (const { sequenceNumber, receivedAtMs } of arrivals) {
      const packet = this.#find(sequenceNumber & 0xffff);
      if (packet === undefined || packet.reported === 'received') continue;
      if (receivedAtMs === undefined) {
        if (packet.reported === 'unknown') lost.push(packet);
        packet.reported = 'lost';
      } else if (Number.isFinite(receivedAtMs)) {
        if (packet.reported === 'lost') foundAgain += 1;
        packet.reported = 'received';
        received.push({ packet, receivedAtMs });
      }
      this.#bytesReported = Math.max(this.#bytesReported, packet.bytesUpTo);
    }
    received.sort((a, b) => a.receivedAtMs - b.receivedAtMs || a.packet.sentAtMs - b.packet.sentAtMs);
    return { received, lost, foundAgain };
  }

  /** Gives up on what is still in flight, as after a path has died. */
  forgetInFlight(): void {
    this.#bytesReported = this.#bytesSent;
  }

  #unwrapSent(number: number): number {
    if (this.#lastNumber === undefined) return (this.#lastNumber = number);
    const ahead = (number - this.#lastNumber) & 0xffff;
    // Up to half the space ahead is newer, the rest is older: packets may be handed in slightly out of order.
    const unwrapped = this.#lastNumber + (ahead < NUMBER_SPACE / 2 ? ahead : ahead - NUMBER_SPACE);
    this.#lastNumber = Math.max(this.#lastNumber, unwrapped);
    return unwrapped;
  }

  /** A report can only speak of what was sent, so its number is the newest one that is not after the last. */
  #find(number: number): LoggedPacket | undefined {
    if (this.#lastNumber === undefined) return undefined;
    return this.#packets.get(this.#lastNumber - ((this.#lastNumber - number) & 0xffff));
  }

  #forget(nowMs: number): void {
    for (let packet = this.#order[this.#oldest]; packet !== undefined; packet = this.#order[this.#oldest]) {
      // One whose number was used again is known no more.
      const isKnown = this.#packets.get(packet.number) === packet;
      const isKept = this.#order.length - this.#oldest <= MAX_PACKETS && nowMs - packet.sentAtMs <= KEPT_MS;
      if (isKnown && isKept) break;
      this.#oldest += 1;
      if (!isKnown) continue;
      this.#packets.delete(packet.number);
      this.#bytesReported = Math.max(this.#bytesReported, packet.bytesUpTo);
    }
    if (this.#oldest < MAX_PASSED) return;
    this.#order = this.#order.slice(this.#oldest);
    this.#oldest = 0;
  }
}
