/** What a packet is, in the order in which they leave. */
export type PacketClass = 'audio' | 'retransmission' | 'video';

export interface PacedPacket {
  readonly class: PacketClass;
  /** The whole datagram. */
  readonly bytes: number;
}

/** A cluster of packets that leaves at a rate of its own, to learn whether the path carries it. */
export interface ProbeCluster {
  readonly id: number;
  /** Bits a second. */
  readonly bitrate: number;
  /** At least so many leave. */
  readonly bytes: number;
}

/** A packet that leaves now. */
export interface Departure<Packet> {
  readonly packet: Packet;
  /** `id` of the probe it counts for. */
  readonly probe: number | undefined;
}

/** What may leave back to back, in milliseconds at the pace. */
const BURST_MS = 5;
/** While more than this waits, packets leave in groups of so many milliseconds: a timer for each costs more than it smooths. */
const GROUP_MS = 3;
/** A probe that a busy event loop held up catches up with no more than this. */
const PROBE_CATCH_UP_MS = 10;
/** No pace is lower: what is queued must leave some time. Bits a second. */
const MIN_PACE = 30_000;

/** Milliseconds of the pace that video, or retransmissions, may wait; a packet is always taken when none of its class waits. */
const MAX_WAIT_MS: Readonly<Record<PacketClass, number>> = { audio: 1000, retransmission: 500, video: 1000 };
const MAX_WAITING_BYTES: Readonly<Record<PacketClass, number>> = { audio: 64_000, retransmission: 512_000, video: 4_000_000 };

/**
 * Says which packet may leave when, so that a frame does not fill the queues of the path at once. Packets leave at the pace, in bursts of at
 * most 5 ms of it, or one at a time where a packet is longer than that. Audio leaves at once and ahead of all, on account of the rest; then
 * retransmissions, then video; in order within a class. Pure: the time, in milliseconds, comes with each call and never goes back.
 */
export class Pacer<Packet extends PacedPacket> {
  private readonly queues: Readonly<Record<PacketClass, Packet[]>> = { audio: [], retransmission: [], video: [] };
  private readonly waitingBytes: Record<PacketClass, number> = { audio: 0, retransmission: 0, video: 0 };
  private bytesPerMs: number;
  /** Bytes that may leave now; below zero: bytes that left ahead of their time. */
  private budget = 0;
  private budgetAtMs = -Infinity;
  private probe: { readonly cluster: ProbeCluster; leftBytes: number } | undefined;

  constructor(pacingBitrate: number) {
    this.bytesPerMs = bytesPerMs(pacingBitrate);
  }

  setPace(pacingBitrate: number, nowMs: number): void {
    this.refill(nowMs);
    this.bytesPerMs = bytesPerMs(pacingBitrate);
  }

  /** Bits a second. */
  get pace(): number {
    return this.bytesPerMs * 8000;
  }

  /** Milliseconds until a packet of video that came at `nowMs` would leave. */
  queuedMs(nowMs: number): number {
    this.refill(nowMs);
    const { retransmission, video } = this.waitingBytes;
    return Math.max(0, retransmission + video - Math.min(this.budget, 0)) / this.bytesPerMs;
  }

  get isEmpty(): boolean {
    const { audio, retransmission, video } = this.queues;
    return audio.length === 0 && retransmission.length === 0 && video.length === 0;
  }

  /** Whether packets of so many bytes, all of one class, are taken: a frame goes whole or not at all. */
  hasRoom(packetClass: PacketClass, bytes: number): boolean {
    const waiting = this.waitingBytes[packetClass];
    if (waiting === 0) return bytes <= MAX_WAITING_BYTES[packetClass];
    const total = waiting + bytes;
    return total <= MAX_WAITING_BYTES[packetClass] && total <= MAX_WAIT_MS[packetClass] * this.bytesPerMs;
  }

  /** Queues a packet. Ask `hasRoom` before: the queue is bounded by that. */
  enqueue(packet: Packet): void {
    this.queues[packet.class].push(packet);
    this.waitingBytes[packet.class] += packet.bytes;
  }

  /** Begins a probe; false while another one is under way. What is queued leaves at its rate, and `paddingBytes` asks for the rest. */
  startProbe(cluster: ProbeCluster, nowMs: number): boolean {
    if (this.probe !== undefined) return false;
    this.refill(nowMs);
    this.probe = { cluster, leftBytes: cluster.bytes };
    // The first packet leaves at once and each takes its time from then on, so that the cluster has the rate it is named for.
    this.budget = 0;
    return true;
  }

  /** The packet that may leave now, if one may. Call until it has none. */
  take(nowMs: number): Departure<Packet> | undefined {
    this.refill(nowMs);
    const { audio, retransmission, video } = this.queues;
    const queue = audio.length > 0 ? audio : retransmission.length > 0 ? retransmission : video;
    const [packet] = queue;
    if (packet === undefined) return undefined;
    if (packet.class !== 'audio' && this.budget < this.needed(packet.bytes)) return undefined;
    queue.shift();
    this.waitingBytes[packet.class] -= packet.bytes;
    return { packet, probe: this.leave(packet.bytes) };
  }

  /** Bytes of padding that should leave now: a probe has more to send, its turn has come, and nothing is queued. */
  paddingBytes(nowMs: number): number {
    if (this.probe === undefined || !this.isEmpty) return 0;
    this.refill(nowMs);
    return this.budget < 0 ? 0 : this.probe.leftBytes;
  }

  /** Counts padding that leaves now; returns the probe it belongs to. */
  padded(bytes: number): number | undefined {
    return this.leave(bytes);
  }

  /** Ends a probe that nothing can be sent for. */
  abandonProbe(): void {
    this.probe = undefined;
    this.budget = Math.min(this.budget, this.capacity);
  }

  /** Milliseconds from `nowMs` until there is something to send; undefined while nothing waits. */
  waitMs(nowMs: number): number | undefined {
    if (this.probe === undefined && this.isEmpty) return undefined;
    if (this.queues.audio.length > 0) return 0;
    this.refill(nowMs);
    const { retransmission, video } = this.queues;
    const first = retransmission[0] ?? video[0];
    const group = Math.min(this.waitingBytes.retransmission + this.waitingBytes.video, GROUP_MS * this.bytesPerMs);
    const target = this.probe === undefined ? Math.max(this.needed(first?.bytes ?? 0), Math.min(group, this.capacity)) : 0;
    // An infinitesimal rest of the sum is no reason to wait.
    return Math.max(0, (target - this.budget) / this.rate - 1e-6);
  }

  /** Bytes of a class that wait. */
  waiting(packetClass: PacketClass): number {
    return this.waitingBytes[packetClass];
  }

  /** Forgets what is queued of the given classes, and returns it. */
  clear(...classes: readonly PacketClass[]): Packet[] {
    return classes.flatMap((packetClass) => {
      this.waitingBytes[packetClass] = 0;
      return this.queues[packetClass].splice(0);
    });
  }

  /** Bytes a millisecond. */
  private get rate(): number {
    return this.probe === undefined ? this.bytesPerMs : Math.max(this.bytesPerMs, bytesPerMs(this.probe.cluster.bitrate));
  }

  private get capacity(): number {
    return this.rate * (this.probe === undefined ? BURST_MS : PROBE_CATCH_UP_MS);
  }

  /** The budget that a packet needs; where a packet is longer than a burst a full one does. */
  private needed(bytes: number): number {
    if (this.probe !== undefined) return 0;
    return Math.min(bytes, this.capacity) - 1e-6;
  }

  private leave(bytes: number): number | undefined {
    this.budget -= bytes;
    const { probe } = this;
    if (probe === undefined) return undefined;
    probe.leftBytes -= bytes;
    if (probe.leftBytes <= 0) this.abandonProbe();
    return probe.cluster.id;
  }

  private refill(nowMs: number): void {
    const elapsedMs = this.budgetAtMs === -Infinity ? BURST_MS : Math.max(0, nowMs - this.budgetAtMs);
    this.budgetAtMs = Math.max(nowMs, this.budgetAtMs);
    this.budget = Math.min(this.capacity, this.budget + elapsedMs * this.rate);
  }
}

function bytesPerMs(bitrate: number): number {
  return Math.max(bitrate, MIN_PACE) / 8000;
}
