import type { RTCDtlsTransport } from 'werift';
import { writeDatagram, type OutgoingPacket } from './outgoing-packet.js';
import { Pacer, type PacketClass, type ProbeCluster } from './pacer.js';
import { SecurePath } from './secure-path.js';

/** Bits a second until the rate control says its own: what its usual start makes of it. */
const INITIAL_PACE = 2_500_000;

/** A packet that left for the network. */
export interface SentPacket {
  /** Transport-wide, 16 bits. */
  readonly sequenceNumber: number;
  /** The UDP payload. */
  readonly bytes: number;
  /** `performance.now()` of the moment. */
  readonly sentAtMs: number;
  /** `id` of the probe it belongs to. */
  readonly probe: number | undefined;
}

/**
 * The one way of a connection's RTP packets to the socket: lets them go at the pace, numbers them transport-wide as they leave, protects and
 * sends them. Owns the pacer's timer, which runs only while something waits.
 */
export class PacedTransport {
  private readonly pacer = new Pacer<OutgoingPacket>(INITIAL_PACE);
  private readonly paths = new Map<RTCDtlsTransport, SecurePath>();
  private makePadding: ((bytes: number) => OutgoingPacket | undefined) | undefined;
  private transportSequenceNumber = 0;
  private timer: NodeJS.Timeout | undefined;
  private pumping = false;
  private closed = false;

  /** @param packetSent told of each packet with a transport-wide number. Must not throw. */
  constructor(private readonly packetSent: (packet: SentPacket) => void) {}

  /** The path through a DTLS transport: one for each, since it owns the transport's SRTP state. */
  pathOf(transport: RTCDtlsTransport): SecurePath {
    let path = this.paths.get(transport);
    if (path === undefined) this.paths.set(transport, (path = new SecurePath(transport)));
    return path;
  }

  /** Bits a second at which packets may leave. */
  setPace(pacingBitrate: number): void {
    this.pacer.setPace(pacingBitrate, performance.now());
    this.pump();
  }

  get pace(): number {
    return this.pacer.pace;
  }

  /** Milliseconds until a packet of video that is enqueued now leaves. */
  get queuedMs(): number {
    return this.pacer.queuedMs(performance.now());
  }

  hasRoom(packetClass: PacketClass, bytes: number): boolean {
    return !this.closed && this.pacer.hasRoom(packetClass, bytes);
  }

  /** Takes packets in order; what the pace allows leaves at once. Ask `hasRoom` before. */
  enqueue(packets: readonly OutgoingPacket[]): void {
    if (this.closed) return;
    for (const packet of packets) this.pacer.enqueue(packet);
    this.pump();
  }

  /**
   * Sends a cluster of packets at a rate of its own. What waits goes first, `makePadding` makes the rest. False while another one is under way.
   */
  probe(cluster: ProbeCluster, makePadding: (bytes: number) => OutgoingPacket | undefined): boolean {
    if (this.closed || !this.pacer.startProbe(cluster, performance.now())) return false;
    this.makePadding = makePadding;
    this.pump();
    return true;
  }

  /** Bytes of a class that wait. */
  waiting(packetClass: PacketClass): number {
    return this.pacer.waiting(packetClass);
  }

  /** Drops the packets of these classes that wait. */
  drop(...classes: readonly PacketClass[]): void {
    for (const packet of this.pacer.clear(...classes)) packet.onDropped?.();
  }

  /** Drops what waits. Idempotent. */
  close(): void {
    this.closed = true;
    clearTimeout(this.timer);
    this.pacer.abandonProbe();
    this.drop('audio', 'retransmission', 'video');
  }

  /** Sends what may leave now, and sets the timer for the rest. What a departure calls may enqueue more, which the same round sends. */
  private pump(): void {
    if (this.pumping) return;
    this.pumping = true;
    clearTimeout(this.timer);
    try {
      while (this.sendNext(performance.now()));
    } finally {
      this.pumping = false;
    }
    const waitMs = this.closed ? undefined : this.pacer.waitMs(performance.now());
    // A timer's unit is the millisecond: one set for a fraction would fire before its time, for nothing.
    if (waitMs !== undefined) this.timer = setTimeout(() => this.pump(), Math.ceil(waitMs));
  }

  private sendNext(nowMs: number): boolean {
    const departure = this.pacer.take(nowMs);
    if (departure !== undefined) {
      this.depart(departure.packet, departure.probe, nowMs);
      return true;
    }
    const wanted = this.pacer.paddingBytes(nowMs);
    if (wanted === 0) return false;
    const padding = this.makePadding?.(wanted);
    if (padding === undefined) {
      this.pacer.abandonProbe();
      return false;
    }
    this.depart(padding, this.pacer.padded(padding.bytes), nowMs);
    return true;
  }

  private depart(packet: OutgoingPacket, probe: number | undefined, sentAtMs: number): void {
    const { path, extensions } = packet.source;
    const sequenceNumber = this.transportSequenceNumber;
    const { datagram, headerBytes } = writeDatagram(packet, {
      unixMs: performance.timeOrigin + sentAtMs,
      transportSequenceNumber: sequenceNumber,
    });
    if (!path.send(datagram, headerBytes)) {
      packet.onDropped?.();
      return;
    }
    if (extensions.transportWide) {
      this.transportSequenceNumber = (sequenceNumber + 1) & 0xffff;
      this.packetSent({ sequenceNumber, bytes: datagram.length, sentAtMs, probe });
    }
    packet.source.packetLeft(packet, sentAtMs);
    packet.onSent?.(sentAtMs);
  }
}
