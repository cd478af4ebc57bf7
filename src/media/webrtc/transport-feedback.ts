/** What the receiver says became of one packet. */
export interface PacketArrival {
  /** Transport-wide, 16 bits. */
  readonly sequenceNumber: number;
  /** By the receiver's clock; undefined: not received. */
  readonly receivedAtMs: number | undefined;
}

/** SSRCs (8), base number (2), status count (2), reference time (3), feedback count (1). */
const FIXED_BYTES = 16;
/** Packets of one message: a receiver that says more has been silent for many seconds, or wants to keep us busy. */
const MAX_STATUSES = 8192;
const REFERENCE_UNIT_MS = 64;
const REFERENCE_TURN = 2 ** 24;
const DELTA_UNIT_MS = 0.25;

const NOT_RECEIVED = 0;
const SMALL_DELTA = 1;
const LARGE_DELTA = 2;

/**
 * Reads transport-wide feedback (draft-holmer-rmcat-transport-wide-cc-extensions-01 section 3.1), message after message of one receiver: their
 * 24-bit reference times turn every twelve days, and a message that was overtaken may lie before the turn.
 */
export class TransportFeedbackReader {
  /** The last reference time, counted on over its turns. */
  private reference: number | undefined;

  /**
   * One arrival for each packet of the message, in order of their numbers.
   * @param body of an RTCP packet of type 205 and format 15, from the sender's SSRC on.
   * @returns undefined where the message contradicts itself; what it says is then as good as lost.
   */
  read(body: Buffer): PacketArrival[] | undefined {
    if (body.length < FIXED_BYTES) return undefined;
    const first = body.readUInt16BE(8);
    const count = body.readUInt16BE(10);
    if (count > MAX_STATUSES) return undefined;
    const chunks = readStatuses(body, count);
    if (chunks === undefined) return undefined;
    const { statuses, deltasAt } = chunks;

    let receivedAtMs = this.unwrap(body.readUIntBE(12, 3)) * REFERENCE_UNIT_MS;
    const arrivals: PacketArrival[] = [];
    let at = deltasAt;
    for (const [index, status] of statuses.entries()) {
      const sequenceNumber = (first + index) & 0xffff;
      if (status === SMALL_DELTA && at + 1 <= body.length) {
        receivedAtMs += body.readUInt8(at) * DELTA_UNIT_MS;
        at += 1;
      } else if (status === LARGE_DELTA && at + 2 <= body.length) {
        receivedAtMs += body.readInt16BE(at) * DELTA_UNIT_MS;
        at += 2;
      } else if (status === NOT_RECEIVED) {
        arrivals.push({ sequenceNumber, receivedAtMs: undefined });
        continue;
      } else {
        return undefined;
      }
      arrivals.push({ sequenceNumber, receivedAtMs });
    }
    return arrivals;
  }

  private unwrap(reference: number): number {
    if (this.reference !== undefined) {
      const ahead = (reference - this.reference) & (REFERENCE_TURN - 1);
      this.reference += ahead < REFERENCE_TURN / 2 ? ahead : ahead - REFERENCE_TURN;
    } else {
      this.reference = reference;
    }
    return this.reference;
  }
}

/** The status of each of `count` packets, and where their times begin; undefined where the chunks end before. */
function readStatuses(body: Buffer, count: number): { statuses: readonly number[]; deltasAt: number } | undefined {
  const statuses: number[] = [];
  let at = FIXED_BYTES;
  while (statuses.length < count) {
    if (at + 2 > body.length) return undefined;
    const chunk = body.readUInt16BE(at);
    at += 2;
    const left = count - statuses.length;
    if (chunk >> 15 === 0) {
      const status = (chunk >> 13) & 3;
      const run = Math.min(chunk & 0x1fff, left);
      if (run === 0) return undefined;
      for (let index = 0; index < run; index += 1) statuses.push(status);
    } else {
      const bits = (chunk & 0x4000) === 0 ? 1 : 2;
      for (let shift = 14 - bits; shift >= 0 && statuses.length < count; shift -= bits) {
        statuses.push((chunk >> shift) & (bits === 1 ? 1 : 3));
      }
    }
  }
  return { statuses, deltasAt: at };
}
