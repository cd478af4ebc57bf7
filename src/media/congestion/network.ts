/** A packet that left for the network. All `…AtMs` of a sender are one monotonic clock, in milliseconds. */
export interface SentPacket {
  /** The transport-wide number, 16 bits. */
  readonly sequenceNumber: number;
  /** The UDP payload. */
  readonly bytes: number;
  readonly sentAtMs: number;
  /** `Probe.id` of the probe it was part of. */
  readonly probe: number | undefined;
}

/** What the receiver says became of one packet (draft-holmer-rmcat-transport-wide-cc-extensions-01). */
export interface PacketArrival {
  /** The transport-wide number, 16 bits. */
  readonly sequenceNumber: number;
  /** By the receiver's clock; `undefined`: not received so far. */
  readonly receivedAtMs: number | undefined;
}

/** Bounds of the target, in bits per second. */
export interface NetworkLimits {
  readonly startBitrate: number;
  readonly minBitrate: number;
  readonly maxBitrate: number;
}

/** A burst faster than the target, to learn whether the path carries more. */
export interface Probe {
  readonly id: number;
  /** The rate to send at, in bits per second. */
  readonly bitrate: number;
  /** Send at least so many. */
  readonly bytes: number;
}

/** The detector's word on the queue of the path (draft-ietf-rmcat-gcc-02, section 5.4). */
export type BandwidthUsage = 'normal' | 'overusing' | 'underusing';

/** What a sender needs to know of its path. Bit rates are bits per second of whole UDP payloads: headers included. */
export interface NetworkState {
  /** What everything sent on the path may take together. */
  readonly targetBitrate: number;
  /** The rate at which the pacer lets packets go. */
  readonly pacingBitrate: number;
  /** The capacity of the path as it was learnt; `undefined` while nothing was. */
  readonly estimate: number | undefined;
  readonly roundTripMs: number | undefined;
  /** Of the packets of the last seconds, 0 to 1. */
  readonly lossFraction: number;
  readonly usage: BandwidthUsage;
  /** Where the target comes from. */
  readonly source: 'start' | 'transport-feedback' | 'remb';
}
