import type { RTCSctpTransport } from 'werift';

/** A DATA chunk (RFC 9260 section 3.3.1) as werift keeps it until the peer has acknowledged it. */
export interface SctpDataChunk {
  readonly type: number;
  flags: number;
  readonly tsn: number;
  readonly streamId: number;
  userData: Buffer;
  /** Bytes that count against the windows. */
  readonly bookSize: number;
  acked: boolean;
  abandoned: boolean;
  /** To be sent again as soon as the window allows. */
  retransmit: boolean;
  /** How often the peer has shown that it got something newer. */
  misses: number;
  readonly sentCount: number;
}

/** RFC 9260 section 3.3.4. Blocks are first and last offset from `cumulativeTsn`. */
export interface SctpSack {
  readonly cumulativeTsn: number;
  readonly advertisedRwnd: number;
  readonly gaps: readonly (readonly [number, number])[];
}

/** What werift's packets are made of. */
export interface SctpChunk {
  readonly type: number;
  readonly bytes: Buffer;
}

/** What werift's association declares private and our mends of it use; the names are its own. Times in seconds. */
export interface SctpAssociation {
  readonly mtu: number;
  readonly maxPayloadSize: number;
  readonly isStopped: boolean;
  readonly associationState: number;
  readonly localTsn: number;
  readonly sentQueue: SctpDataChunk[];
  readonly outboundQueue: readonly SctpDataChunk[];
  readonly inboundStreams: Readonly<Record<number, { readonly reassembly: readonly unknown[] }>>;
  readonly sackMisOrdered: Set<number>;
  readonly srtt: number | undefined;
  readonly rttvar: number | undefined;
  readonly advertisedRwnd: number;
  sackDuplicates: number[];
  sackNeeded: boolean;
  sackImmediate: boolean;
  sackPacketCount: number;
  lastReceivedTsn: number | undefined;
  lastSackedTsn: number;
  peerAdvertisedRwnd: number;
  cwnd: number;
  ssthresh: number | undefined;
  partialBytesAcked: number;
  flightSize: number;
  fastRecoveryExit: number | undefined;
  fastRecoveryTransmit: boolean;
  rto: number;
  timer3Handle: NodeJS.Timeout | undefined;
  onSackReceived(): Promise<void>;
  sendChunk(chunk: SctpChunk | SctpDataChunk): Promise<void>;
  sendSack(): Promise<void>;
  receiveDataChunk(chunk: SctpDataChunk): void;
  receiveSackChunk(sack: SctpSack): Promise<void>;
  markReceived(tsn: number): boolean;
  updateRto(roundTrip: number): void;
  maybeAbandon(chunk: SctpDataChunk): boolean;
  updateAdvancedPeerAckPoint(): void;
  timer3Expired(): void;
  timer3Restart(): void;
  timer3Cancel(): void;
  transmit(): Promise<void>;
}

/** The same of the transport that feeds it. */
export interface SctpTransport {
  readonly sctp: SctpAssociation;
  /** Messages that the association has not taken yet. */
  readonly dataChannelQueue: readonly unknown[];
  dataChannelFlush(): Promise<void>;
}

const METHODS = [
  'onSackReceived',
  'sendChunk',
  'sendSack',
  'receiveDataChunk',
  'receiveSackChunk',
  'markReceived',
  'updateRto',
  'maybeAbandon',
  'updateAdvancedPeerAckPoint',
  'timer3Expired',
  'timer3Restart',
  'timer3Cancel',
  'transmit',
] as const satisfies readonly (keyof SctpAssociation)[];

const NUMBERS = [
  'mtu',
  'maxPayloadSize',
  'associationState',
  'localTsn',
  'lastSackedTsn',
  'advertisedRwnd',
  'peerAdvertisedRwnd',
  'cwnd',
  'partialBytesAcked',
  'flightSize',
  'rto',
] as const satisfies readonly (keyof SctpAssociation)[];

/** The internals; undefined where another version of werift has others: it is then left as it is. */
export function reachSctp(transport: RTCSctpTransport): SctpTransport | undefined {
  const reached = transport as unknown as SctpTransport;
  const { sctp } = reached;
  const known =
    typeof reached.dataChannelFlush === 'function' &&
    Array.isArray(reached.dataChannelQueue) &&
    METHODS.every((name) => typeof sctp[name] === 'function') &&
    NUMBERS.every((name) => typeof sctp[name] === 'number') &&
    Array.isArray(sctp.sentQueue) &&
    Array.isArray(sctp.outboundQueue) &&
    sctp.sackMisOrdered instanceof Set;
  return known ? reached : undefined;
}

/** How far a transmission sequence number is after another one; they count modulo 2^32. */
export function tsnDistance(from: number, to: number): number {
  return (to - from) >>> 0;
}
