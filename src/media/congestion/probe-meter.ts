import type { Probe, SentPacket } from './network.js';
import type { ReceivedPacket } from './sent-packet-log.js';

/** Of the probe's bytes, how much must have arrived for a measurement, and in how many packets. */
const MIN_RECEIVED_SHARE = 0.8;
const MIN_RECEIVED_PACKETS = 4;
const MAX_SPAN_MS = 1000;
/** A receive rate under this share of the send rate is what the link carries at most. */
const SATURATED = 0.9;
/** What of that may be used, so that the queue of the probe drains. */
const UTILISATION = 0.95;
/** Arriving so much faster than it was sent: the path held the packets back and let them go at once. */
const MAX_COMPRESSION = 2;

interface Span {
  firstMs: number;
  lastMs: number;
  firstBytes: number;
  lastBytes: number;
}

/** Measures one probe: the lesser of the rates at which its packets left and arrived, in bits per second. */
export class ProbeMeter {
  #sent = 0;
  #reported = 0;
  #bytesSent = 0;
  #bytesReceived = 0;
  #received = 0;
  #departure: Span | undefined;
  #arrival: Span | undefined;

  constructor(readonly probe: Probe) {}

  get anySent(): boolean {
    return this.#sent > 0;
  }

  /** All of it left, and all was reported as received or lost. */
  get complete(): boolean {
    return this.#bytesSent >= this.probe.bytes && this.#reported >= this.#sent;
  }

  packetSent(packet: SentPacket): void {
    this.#sent += 1;
    this.#bytesSent += packet.bytes;
  }

  packetLost(): void {
    this.#reported += 1;
  }

  packetReceived({ packet, receivedAtMs }: ReceivedPacket): void {
    this.#reported += 1;
    this.#received += 1;
    this.#bytesReceived += packet.bytes;
    this.#departure = extend(this.#departure, packet.sentAtMs, packet.bytes);
    this.#arrival = extend(this.#arrival, receivedAtMs, packet.bytes);
  }

  /** Undefined when too little arrived to tell. */
  get result(): number | undefined {
    if (this.#received < MIN_RECEIVED_PACKETS || this.#bytesReceived < MIN_RECEIVED_SHARE * this.probe.bytes) return undefined;
    const departure = this.#departure;
    const arrival = this.#arrival;
    if (departure === undefined || arrival === undefined) return undefined;
    const sentMs = departure.lastMs - departure.firstMs;
    const receivedMs = arrival.lastMs - arrival.firstMs;
    if (sentMs <= 0 || receivedMs <= 0 || sentMs > MAX_SPAN_MS || receivedMs > MAX_SPAN_MS) return undefined;
    // n packets span n - 1 gaps: the last one sent, and the first one received, lie outside the measured time.
    const sendRate = ((this.#bytesReceived - departure.lastBytes) * 8 * 1000) / sentMs;
    const receiveRate = ((this.#bytesReceived - arrival.firstBytes) * 8 * 1000) / receivedMs;
    if (receiveRate > MAX_COMPRESSION * sendRate) return undefined;
    return receiveRate < SATURATED * sendRate ? UTILISATION * receiveRate : Math.min(sendRate, receiveRate);
  }
}

function extend(span: Span | undefined, atMs: number, bytes: number): Span {
  if (span === undefined) return { firstMs: atMs, lastMs: atMs, firstBytes: bytes, lastBytes: bytes };
  if (atMs < span.firstMs) return { ...span, firstMs: atMs, firstBytes: bytes };
  if (atMs >= span.lastMs) return { ...span, lastMs: atMs, lastBytes: bytes };
  return span;
}
