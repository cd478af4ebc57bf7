/** What the relay's process and its owner say to one another. */
import type { Address } from './candidates.ts';
import type { LinkProfile } from './link.ts';

/** A path between a client and a server. */
export interface PathProfile {
  /** From the server to the client. */
  readonly down: LinkProfile;
  /** From the client to the server. */
  readonly up: LinkProfile;
  /** The same seed loses the same packets. */
  readonly seed: number;
}

/** What happened in one direction during one interval. Bytes are those on the link, IP and UDP headers included. */
export interface DirectionSample {
  /** Bits a second, at the end of the interval; Infinity when nothing limits. */
  readonly capacity: number;
  /** Came to the link. */
  readonly offeredBytes: number;
  /** Left it. */
  readonly deliveredBytes: number;
  readonly offeredPackets: number;
  readonly lostPackets: number;
  readonly droppedPackets: number;
  /** For each packet that was taken: how long until its last bit left the queue, ms. */
  readonly queuedMs: readonly number[];
}

export interface PathSample {
  /** End of the interval, milliseconds since 1970. */
  readonly atUnixMs: number;
  /** Its length: a busy machine makes it longer than {@link SAMPLE_INTERVAL_MS}. */
  readonly intervalMs: number;
  readonly down: DirectionSample;
  readonly up: DirectionSample;
}

export interface PathReport {
  /** When the first RTP packet of the server came, which starts the schedule of the capacity. */
  readonly mediaBeganUnixMs: number | undefined;
  /** One every {@link SAMPLE_INTERVAL_MS}, at most {@link MAX_SAMPLES}: the oldest go. */
  readonly samples: readonly PathSample[];
}

export const SAMPLE_INTERVAL_MS = 100;
export const MAX_SAMPLES = 20_000;

export type RelayRequest =
  | { readonly type: 'open'; readonly id: number; readonly host: string; readonly path: PathProfile }
  | { readonly type: 'connect'; readonly id: number; readonly server: Address }
  | { readonly type: 'report'; readonly id: number }
  | { readonly type: 'close'; readonly id: number };

export type RelayReply =
  | { readonly id: number; readonly type: 'opened'; readonly clientSide: Address; readonly serverSide: Address }
  | { readonly id: number; readonly type: 'connected' }
  | { readonly id: number; readonly type: 'reported'; readonly report: PathReport }
  | { readonly id: number; readonly type: 'closed' }
  | { readonly id: number; readonly type: 'failed'; readonly message: string };
