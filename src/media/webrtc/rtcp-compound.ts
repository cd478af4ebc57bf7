/** One packet of a compound RTCP packet (RFC 3550 section 6.1). */
export interface RtcpElement {
  /** Packet type: 205 transport-layer feedback, 206 payload-specific feedback, … */
  readonly type: number;
  /** The five bits beside the version: the feedback message type (RFC 4585 section 6.1), or a count. */
  readonly format: number;
  /** What follows the first word, without padding. */
  readonly body: Buffer;
  /** All of it, as it came. */
  readonly bytes: Buffer;
}

const VERSION = 2;
const HEADER_BYTES = 4;

/**
 * The parts of a compound packet, in order; one that is cut short, or is no RTCP, ends it. What is too short for a packet at the end belongs to
 * the last one: werift as a receiver sends transport-wide feedback without padding, with its length rounded down. Nothing is copied.
 */
export function splitCompound(compound: Buffer): RtcpElement[] {
  const elements: RtcpElement[] = [];
  for (let at = 0; at + HEADER_BYTES <= compound.length;) {
    const first = compound.readUInt8(at);
    const said = at + HEADER_BYTES + compound.readUInt16BE(at + 2) * 4;
    if (first >> 6 !== VERSION || said > compound.length) break;
    const end = compound.length - said < HEADER_BYTES ? compound.length : said;
    const padded = (first & 0x20) !== 0;
    const padding = padded && end > at + HEADER_BYTES ? compound.readUInt8(end - 1) : 0;
    elements.push({
      type: compound.readUInt8(at + 1),
      format: first & 0x1f,
      body: compound.subarray(at + HEADER_BYTES, Math.max(at + HEADER_BYTES, end - padding)),
      bytes: compound.subarray(at, end),
    });
    at = end;
  }
  return elements;
}
