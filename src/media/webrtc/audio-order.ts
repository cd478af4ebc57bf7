import { sequenceDistance } from './sequence-distance.js';

/** Packets that may wait for one that is missing: 160 ms of Opus at 20 ms a packet. Audio is not sent again, so more would not help. */
const MAX_WAITING_PACKETS = 8;
/** A packet this far behind is no late one: the sender began again with other sequence numbers (RFC 3550 appendix A.1). */
const RESTART_DISTANCE = 1000;

/** What is put in order. */
export interface SequencedPacket {
  readonly sequenceNumber: number;
}

/** Puts the packets of one audio stream in order; what is lost is left out. Pure. */
export class AudioOrder<Packet extends SequencedPacket> {
  private readonly waiting = new Map<number, Packet>();
  private next: number | undefined;

  /** The packets that are now in order, none twice. */
  push(packet: Packet): Packet[] {
    const { sequenceNumber } = packet;
    const ahead = this.next === undefined ? 0 : sequenceDistance(sequenceNumber, this.next);
    if (this.next === undefined || Math.abs(ahead) > RESTART_DISTANCE) {
      const left = this.drain();
      this.next = sequenceNumber;
      this.waiting.set(sequenceNumber, packet);
      return [...left, ...this.take()];
    }
    if (ahead < 0 || this.waiting.has(sequenceNumber)) return [];
    this.waiting.set(sequenceNumber, packet);
    const taken = this.take();
    if (this.waiting.size <= MAX_WAITING_PACKETS) return taken;
    this.next = this.waitingInOrder()[0];
    return [...taken, ...this.take()];
  }

  private take(): Packet[] {
    const packets: Packet[] = [];
    while (this.next !== undefined) {
      const packet = this.waiting.get(this.next);
      if (packet === undefined) break;
      this.waiting.delete(this.next);
      packets.push(packet);
      this.next = (this.next + 1) & 0xffff;
    }
    return packets;
  }

  private drain(): Packet[] {
    const packets = this.waitingInOrder().map((sequenceNumber) => this.waiting.get(sequenceNumber));
    this.waiting.clear();
    return packets.filter((packet) => packet !== undefined);
  }

  private waitingInOrder(): number[] {
    const { next = 0 } = this;
    return [...this.waiting.keys()].sort((a, b) => sequenceDistance(a, next) - sequenceDistance(b, next));
  }
}
