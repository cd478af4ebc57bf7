import { tsnDistance, type SctpAssociation, type SctpDataChunk } from './sctp-internals.js';

const SACK = 3;
/** Bytes of an SCTP common header and of a SACK without its blocks (RFC 9260 sections 3.1 and 3.3.4). */
const SACK_HEADERS_BYTES = 12 + 16;
/** A gap block counts from the cumulative TSN in 16 bits. */
const MAX_OFFSET = 0xffff;
/** Chunks beyond a gap, and chunks that wait to be whole messages in order: what a client may make us hold beside the window's bytes. */
const MAX_HELD_CHUNKS = 4096;

/**
 * Keeps what has arrived, and tells the client, as RFC 9260 sections 6.2 and 6.7 say. werift orders the numbers as text, for every packet, and
 * counts them without regard to their wrapping; it writes as many blocks as there are, in a packet of any size; and it takes chunks that the
 * window has no room for, without end.
 */
export function acknowledgeInOrder(association: SctpAssociation): void {
  const receive = association.receiveDataChunk.bind(association);
  const inbox = new Inbox(association);
  association.receiveDataChunk = (chunk) => {
    // What is not taken is as if it were lost: the client hears what we have, and sends it again.
    if (!inbox.admits(chunk)) {
      association.sackNeeded = association.sackImmediate = true;
      return;
    }
    try {
      // A slice of the whole packet, which would be held with it: of many tiny chunks that is far more than the window counts.
      chunk.userData = Buffer.from(chunk.userData);
      receive(chunk);
    } finally {
      inbox.count(chunk.streamId);
    }
  };
  association.markReceived = (tsn) => markReceived(association, tsn);
  association.sendSack = async () => {
    if (association.isStopped || !association.sackNeeded || association.lastReceivedTsn === undefined) return;
    const bytes = encodeSack({
      cumulativeTsn: association.lastReceivedTsn,
      advertisedRwnd: Math.max(0, association.advertisedRwnd),
      received: association.sackMisOrdered,
      duplicates: association.sackDuplicates,
      maxBytes: association.mtu,
    });
    // Before the packet is away: what arrives meanwhile wants another one.
    association.sackDuplicates = [];
    association.sackNeeded = association.sackImmediate = false;
    association.sackPacketCount = 0;
    await association.sendChunk({ type: SACK, bytes }).catch(() => undefined);
  };
}

/** Decides which chunks there is room for. */
class Inbox {
  private readonly windowBytes: number;
  /** Chunks held for each stream that has any, and their sum. */
  private readonly chunks = new Map<number, number>();
  private held = 0;

  constructor(private readonly association: SctpAssociation) {
    this.windowBytes = association.advertisedRwnd;
  }

  admits({ tsn, userData }: SctpDataChunk): boolean {
    const { lastReceivedTsn, advertisedRwnd, sackMisOrdered } = this.association;
    if (lastReceivedTsn === undefined) return false;
    const offset = tsnDistance(lastReceivedTsn, tsn);
    if (isOld(offset)) return true;
    // The next in line may be what all others wait for: it has a window of its own.
    const isNext = offset === 1;
    if (offset > MAX_OFFSET || userData.length > advertisedRwnd + (isNext ? this.windowBytes : 0)) return false;
    // Unordered messages are delivered at once; their numbers are kept, and told with every packet.
    if (!isNext && sackMisOrdered.size >= MAX_HELD_CHUNKS) return false;
    const limit = (isNext ? 2 : 1) * MAX_HELD_CHUNKS;
    // A stream that was reset or skipped ahead holds less than was counted.
    if (this.held >= limit) for (const streamId of this.chunks.keys()) this.count(streamId);
    return this.held < limit;
  }

  /** Takes note of what a stream holds now. */
  count(streamId: number): void {
    const before = this.chunks.get(streamId) ?? 0;
    const now = this.association.inboundStreams[streamId]?.reassembly.length ?? 0;
    this.held += now - before;
    if (now === 0) this.chunks.delete(streamId);
    else this.chunks.set(streamId, now);
  }
}

/** Whether a number that is `offset` after the cumulative one has been received with it. */
function isOld(offset: number): boolean {
  return offset === 0 || offset >= 2 ** 31;
}

/** Notes an arrival; true if it is a duplicate. */
function markReceived(association: SctpAssociation, tsn: number): boolean {
  const { sackMisOrdered: ahead } = association;
  let last = association.lastReceivedTsn ?? tsn;
  if (isOld(tsnDistance(last, tsn)) || ahead.has(tsn)) {
    association.sackDuplicates.push(tsn);
    return true;
  }
  ahead.add(tsn);
  for (let next = (last + 1) >>> 0; ahead.delete(next); next = (next + 1) >>> 0) last = next;
  association.lastReceivedTsn = last;
  return false;
}

export interface SackContent {
  readonly cumulativeTsn: number;
  readonly advertisedRwnd: number;
  /** Numbers received after the cumulative one, in any order. */
  readonly received: Iterable<number>;
  readonly duplicates: readonly number[];
  /** Of the packet that carries it. */
  readonly maxBytes: number;
}

/** A SACK chunk (RFC 9260 section 3.3.4): the gap blocks nearest to the cumulative number, then duplicates, as far as there is room. */
export function encodeSack({ cumulativeTsn, advertisedRwnd, received, duplicates, maxBytes }: SackContent): Buffer {
  const offsets = Array.from(received, (tsn) => tsnDistance(cumulativeTsn, tsn))
    .filter((offset) => offset > 0 && offset <= MAX_OFFSET)
    .sort((a, b) => a - b);
  const blocks: [number, number][] = [];
  for (const offset of offsets) {
    const block = blocks.at(-1);
    if (block !== undefined && offset <= block[1] + 1) block[1] = offset;
    else blocks.push([offset, offset]);
  }
  const room = Math.floor((maxBytes - SACK_HEADERS_BYTES) / 4);
  const told = blocks.slice(0, room);
  const repeated = duplicates.slice(0, room - told.length);
  const bytes = Buffer.alloc(16 + 4 * (told.length + repeated.length));
  bytes.writeUInt8(SACK, 0);
  bytes.writeUInt16BE(bytes.length, 2);
  bytes.writeUInt32BE(cumulativeTsn, 4);
  bytes.writeUInt32BE(advertisedRwnd, 8);
  bytes.writeUInt16BE(told.length, 12);
  bytes.writeUInt16BE(repeated.length, 14);
  let position = 16;
  for (const [first, last] of told) {
    bytes.writeUInt16BE(first, position);
    position = bytes.writeUInt16BE(last, position + 2);
  }
  for (const tsn of repeated) position = bytes.writeUInt32BE(tsn, position);
  return bytes;
}
