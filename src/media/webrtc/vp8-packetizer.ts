import type { RtpPayload } from './rtp-payload.js';

/** The descriptor's one byte (RFC 7741 section 4.2): a frame's first packet starts its partition, the others go on with it. */
const START = Buffer.from([0x10]);
const CONTINUATION = Buffer.from([0x00]);
const DESCRIPTOR_BYTES = 1;

/**
 * Splits a VP8 frame into RTP payloads of at most `maxBytes`, of equal size (RFC 7741). They carry no picture number: with one layer the sequence
 * numbers say what a receiver would read from it.
 */
export function packetizeVp8(frame: Buffer, maxBytes: number): RtpPayload[] {
  const count = Math.ceil(frame.length / (maxBytes - DESCRIPTOR_BYTES));
  return Array.from({ length: count }, (_, index) => ({
    prefix: index === 0 ? START : CONTINUATION,
    body: frame.subarray(Math.floor((index * frame.length) / count), Math.floor(((index + 1) * frame.length) / count)),
    marker: index === count - 1,
  }));
}
