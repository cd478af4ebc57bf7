/** A block header's fields (RFC 2198 section 3): 14 bits of timestamp offset, 10 bits of length. */
const MAX_OFFSET = 2 ** 14 - 1;
const MAX_BLOCK_BYTES = 2 ** 10 - 1;
const BLOCK_HEADER_BYTES = 4;
const LAST_HEADER_BYTES = 1;
const FOLLOWS = 0x80;

/** Share of packets lost from which each packet carries the one before it, and from which it carries two. */
const LOSS_FOR_ONE = 0.03;
const LOSS_FOR_TWO = 0.12;
/** Redundancy goes when the loss is this share of what brought it. */
const RELEASE = 0.5;
/** Weight of the latest share: losses come in bursts, and a share is of a second or so. */
const REPORT_WEIGHT = 0.3;

/**
 * How many packets before it a packet of audio should carry, from the share of packets that the path loses: none on a clean path, where they would
 * only cost. Pure.
 */
export class RedundancyPolicy {
  private loss = 0;
  private depth = 0;

  /** 0, 1 or 2. */
  get copies(): number {
    return this.depth;
  }

  /** @param fractionLost 0 to 1, of the last second or so. */
  lossReported(fractionLost: number): void {
    // It rises with the first loss: a burst is over before an average has noticed it.
    this.loss = Math.max(this.loss + (fractionLost - this.loss) * REPORT_WEIGHT, fractionLost * (1 - REPORT_WEIGHT));
    const wanted = this.loss >= LOSS_FOR_TWO ? 2 : this.loss >= LOSS_FOR_ONE ? 1 : 0;
    const kept = this.loss >= LOSS_FOR_TWO * RELEASE ? 2 : this.loss >= LOSS_FOR_ONE * RELEASE ? 1 : 0;
    this.depth = Math.max(wanted, Math.min(kept, this.depth));
  }
}

interface Frame {
  readonly payload: Buffer;
  readonly timestamp: number;
}

/** Puts audio packets together with the ones before them (RED, RFC 2198), so that a lost one comes with its successor. Pure. */
export class AudioRedundancy {
  private readonly previous: Frame[] = [];

  /** @param payloadType of the blocks: the codec's own. */
  constructor(
    private readonly payloadType: number,
    private readonly maxPayloadBytes: number,
  ) {}

  /**
   * The payload of the RED packet for a frame; call it for every frame, in order.
   * @param copies previous frames that it should carry, 0 to 2. Fewer where they are too long or too long ago.
   * @returns undefined where the packet would carry none: the frame then goes by itself, under the codec's own payload type.
   */
  wrap(payload: Buffer, timestamp: number, copies: number): Buffer | undefined {
    const carried: Frame[] = [];
    let bytes = LAST_HEADER_BYTES + payload.length;
    for (const frame of this.previous.toReversed().slice(0, copies)) {
      bytes += BLOCK_HEADER_BYTES + frame.payload.length;
      const offset = (timestamp - frame.timestamp) >>> 0;
      if (offset > MAX_OFFSET || frame.payload.length > MAX_BLOCK_BYTES || bytes > this.maxPayloadBytes) break;
      carried.unshift(frame);
    }
    this.previous.push({ payload, timestamp });
    if (this.previous.length > 2) this.previous.shift();
    if (carried.length === 0) return undefined;
    const headers = carried.map((frame) => {
      const header = Buffer.alloc(BLOCK_HEADER_BYTES);
      const offset = (timestamp - frame.timestamp) >>> 0;
      header.writeUInt32BE((((FOLLOWS | this.payloadType) << 24) | (offset << 10) | frame.payload.length) >>> 0);
      return header;
    });
    return Buffer.concat([...headers, Buffer.from([this.payloadType]), ...carried.map((frame) => frame.payload), payload]);
  }
}
