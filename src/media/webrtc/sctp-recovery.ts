import { tsnDistance, type SctpAssociation, type SctpDataChunk, type SctpSack, type SctpTransport } from './sctp-internals.js';

const DATA = 0;
/** The I bit: the receiver is not to delay its acknowledgement (RFC 9260 section 3.3.1). */
const IMMEDIATE = 0x08;
/** Reports of newer arrivals after which a chunk is taken for lost (RFC 9260 section 7.2.4). */
const MISSES_OF_A_LOSS = 3;

/**
 * Retransmission time-outs, in seconds. RFC 9260 section 16 has a minimum of 1 s, above the 200 ms by which a receiver may delay an
 * acknowledgement; where the last chunk asks for one at once there is no such delay to wait out. A lone control message that is lost, after
 * which nothing comes that could reveal it, is so repaired within two or three round trips instead of a second.
 */
const INITIAL_RTO = 0.5;
const MIN_RTO = 0.2;
/** Back-off ends here: ICE gives a dead path up within half a minute, one that comes back is to be noticed. */
const MAX_RTO = 3;
/** What a receiver's scheduling may add to a round trip. */
const MIN_VARIANCE = 0.1;

/** Seconds to wait for an acknowledgement (RFC 9260 section 6.3.1) from the smoothed round trip and its variation. */
export function retransmissionTimeout(smoothedRoundTrip: number, variation: number): number {
  return Math.min(MAX_RTO, Math.max(MIN_RTO, smoothedRoundTrip + Math.max(4 * variation, MIN_VARIANCE)));
}

/**
 * Finds and repairs losses as RFC 9260 sections 6.3 and 7.2 say. werift sends a chunk again at every third acknowledgement until it arrives,
 * and on a time-out what has arrived as well; it loses count of the bytes in flight on the way, until its window is shut; its time-out is a
 * second and does not back off; and while the client's window is zero it does not try (section 6.1, rule A).
 */
export function recoverLosses(transport: SctpTransport): void {
  const { sctp } = transport;
  const recovery = new LossRecovery(transport);
  const sendChunk = sctp.sendChunk.bind(sctp);
  const updateRto = sctp.updateRto.bind(sctp);
  sctp.rto = INITIAL_RTO;
  sctp.sendChunk = (chunk) => {
    if (chunk.type === DATA) recovery.sending(chunk as SctpDataChunk);
    return sendChunk(chunk);
  };
  sctp.updateRto = (roundTrip) => {
    updateRto(roundTrip);
    sctp.rto = retransmissionTimeout(sctp.srtt ?? roundTrip, sctp.rttvar ?? 0);
  };
  sctp.receiveSackChunk = (sack) => recovery.received(sack);
  sctp.timer3Expired = () => recovery.timedOut();
  // A client may ask that messages be given up after some retransmissions (RFC 3758). werift then gives up the oldest one, whichever that is,
  // and says so in a packet that is not repeated: the channel stalls. What we send is worth a retransmission more.
  sctp.maybeAbandon = () => false;
  Object.defineProperty(sctp, 'peerRwnd', {
    // One chunk may always be under way, lest the news of an open window be lost.
    get: () => Math.max(sctp.flightSize === 0 ? 1 : 0, sctp.peerAdvertisedRwnd - sctp.flightSize),
  });
}

interface Transmission {
  /** Counts what left, retransmissions too. */
  readonly order: number;
  readonly atMs: number;
}

/** What one acknowledgement has told. */
interface Acknowledged {
  bytes: number;
  /** The latest transmission known to have arrived. */
  newest: Transmission | undefined;
  /** Since the latest that was the only one of its chunk. */
  roundTripMs: number | undefined;
}

class LossRecovery {
  private readonly association: SctpAssociation;
  private readonly transmissions = new WeakMap<SctpDataChunk, Transmission>();
  private sent = 0;
  private minRoundTripMs = Infinity;

  constructor(private readonly transport: SctpTransport) {
    this.association = transport.sctp;
  }

  sending(chunk: SctpDataChunk): void {
    const { outboundQueue, flightSize, cwnd } = this.association;
    this.sent += 1;
    this.transmissions.set(chunk, { order: this.sent, atMs: performance.now() });
    const isLast = outboundQueue.length === 0 && this.transport.dataChannelQueue.length === 0;
    if (isLast || flightSize >= cwnd || chunk.sentCount > 1) chunk.flags |= IMMEDIATE;
  }

  async received(sack: SctpSack): Promise<void> {
    const { association } = this;
    const { lastSackedTsn: before, localTsn, outboundQueue, sentQueue } = association;
    const advance = tsnDistance(before, sack.cumulativeTsn);
    // Older than what is known, or of what was never sent.
    if (advance > tsnDistance(before, localTsn - 1 - outboundQueue.length)) return;
    const wasFull = association.flightSize >= association.cwnd;
    association.lastSackedTsn = sack.cumulativeTsn;
    association.peerAdvertisedRwnd = sack.advertisedRwnd;
    const acknowledged: Acknowledged = { bytes: 0, newest: undefined, roundTripMs: undefined };
    const arrived = sentQueue.findIndex(({ tsn }) => tsnDistance(before, tsn) > advance);
    for (const chunk of sentQueue.splice(0, arrived < 0 ? sentQueue.length : arrived)) this.acknowledge(chunk, acknowledged);
    this.readGaps(sack, acknowledged);
    this.measure(acknowledged);
    const lost = this.strike(sack, acknowledged, advance > 0);
    this.countFlight();
    this.adjustWindow({ lost, wasFull: wasFull && advance > 0, bytes: acknowledged.bytes });
    if (sentQueue.length === 0) association.timer3Cancel();
    else if (advance > 0) association.timer3Restart();
    association.updateAdvancedPeerAckPoint();
    void association.onSackReceived().catch(() => undefined);
    await association.transmit();
  }

  /** No acknowledgement came in time (RFC 9260 section 6.3.3): what is not known to have arrived is sent again, one chunk first. */
  timedOut(): void {
    const { association } = this;
    if (association.isStopped) return;
    association.timer3Handle = undefined;
    for (const chunk of association.sentQueue) {
      if (!chunk.acked && !association.maybeAbandon(chunk)) chunk.retransmit = true;
    }
    this.countFlight();
    association.updateAdvancedPeerAckPoint();
    association.fastRecoveryExit = undefined;
    association.partialBytesAcked = 0;
    association.ssthresh = this.halfWindow();
    association.cwnd = association.maxPayloadSize;
    association.rto = Math.min(MAX_RTO, 2 * association.rto);
    void association.transmit();
  }

  private acknowledge(chunk: SctpDataChunk, acknowledged: Acknowledged): void {
    if (chunk.acked) return;
    chunk.acked = true;
    chunk.retransmit = false;
    acknowledged.bytes += chunk.bookSize;
    const transmission = this.transmissions.get(chunk);
    if (transmission === undefined) return;
    const elapsedMs = performance.now() - transmission.atMs;
    // Of a chunk that was sent twice, either may have arrived; the second cannot have in less than a round trip.
    if (chunk.sentCount > 1 && elapsedMs < this.minRoundTripMs) return;
    if (transmission.order < (acknowledged.newest?.order ?? 0)) return;
    acknowledged.newest = transmission;
    if (chunk.sentCount === 1) acknowledged.roundTripMs = elapsedMs;
  }

  private measure({ roundTripMs }: Acknowledged): void {
    if (roundTripMs === undefined) return;
    this.minRoundTripMs = Math.min(this.minRoundTripMs, roundTripMs);
    this.association.updateRto(roundTripMs / 1000);
  }

  private readGaps({ cumulativeTsn, gaps }: SctpSack, acknowledged: Acknowledged): void {
    const { sentQueue } = this.association;
    const end = gaps.at(-1)?.[1] ?? 1;
    let block = 0;
    for (const chunk of sentQueue) {
      const offset = tsnDistance(cumulativeTsn, chunk.tsn);
      if (offset > end) break;
      while (block < gaps.length && (gaps[block]?.[1] ?? 0) < offset) block += 1;
      const first = gaps[block]?.[0];
      if (first !== undefined && offset >= first) this.acknowledge(chunk, acknowledged);
      // A receiver may think better of what it has not delivered (section 6.2).
      else chunk.acked = false;
    }
  }

  /** Counts a miss of every chunk that left before one that has now arrived; true if one is lost thereby. */
  private strike({ cumulativeTsn, gaps }: SctpSack, { newest }: Acknowledged, advanced: boolean): boolean {
    const { association } = this;
    const end = gaps.at(-1)?.[1] ?? 0;
    const recovering = advanced && association.fastRecoveryExit !== undefined;
    let lost = false;
    for (const chunk of association.sentQueue) {
      if (!isInFlight(chunk)) continue;
      const { order } = this.transmissions.get(chunk) ?? { order: Infinity };
      const overtaken = newest !== undefined && order < newest.order;
      const reported = recovering && chunk.sentCount === 1 && tsnDistance(cumulativeTsn, chunk.tsn) < end;
      if (!overtaken && !reported) continue;
      chunk.misses += 1;
      if (chunk.misses < MISSES_OF_A_LOSS) continue;
      chunk.misses = 0;
      if (!association.maybeAbandon(chunk)) chunk.retransmit = true;
      lost = true;
    }
    return lost;
  }

  private countFlight(): void {
    this.association.flightSize = this.association.sentQueue.reduce(
      (bytes, chunk) => bytes + (isInFlight(chunk) ? chunk.bookSize : 0),
      0,
    );
  }

  /** RFC 9260 sections 7.2.1 to 7.2.4. */
  private adjustWindow({ lost, wasFull, bytes }: { lost: boolean; wasFull: boolean; bytes: number }): void {
    const { association } = this;
    const { maxPayloadSize, fastRecoveryExit, lastSackedTsn, localTsn, outboundQueue } = association;
    if (fastRecoveryExit !== undefined) {
      if (tsnDistance(fastRecoveryExit, lastSackedTsn) >= 2 ** 31) return;
      association.fastRecoveryExit = undefined;
    } else if (wasFull && association.cwnd <= (association.ssthresh ?? Infinity)) {
      association.cwnd += Math.min(bytes, maxPayloadSize);
    } else if (wasFull) {
      association.partialBytesAcked += bytes;
      if (association.partialBytesAcked >= association.cwnd) {
        association.partialBytesAcked -= association.cwnd;
        association.cwnd += maxPayloadSize;
      }
    }
    if (!lost) return;
    association.ssthresh = association.cwnd = this.halfWindow();
    association.partialBytesAcked = 0;
    association.fastRecoveryExit = (localTsn - 1 - outboundQueue.length) >>> 0;
    association.fastRecoveryTransmit = true;
  }

  private halfWindow(): number {
    const { cwnd, maxPayloadSize } = this.association;
    return Math.max(Math.floor(cwnd / 2), 4 * maxPayloadSize);
  }
}

function isInFlight({ acked, abandoned, retransmit }: SctpDataChunk): boolean {
  return !acked && !abandoned && !retransmit;
}
