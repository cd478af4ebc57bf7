import type { RtpPayload } from './rtp-payload.js';

/** NAL unit types (ITU-T H.264 table 7-1, RFC 6184 section 5.4). */
const ACCESS_UNIT_DELIMITER = 9;
const FILLER_DATA = 12;
const STAP_A = 24;
const FU_A = 28;
const TYPE_MASK = 0x1f;
const REFERENCE_MASK = 0x60;
const FRAGMENT_START = 0x80;
const FRAGMENT_END = 0x40;
const STAP_HEADER_BYTES = 1;
const STAP_SIZE_BYTES = 2;
const FU_HEADER_BYTES = 2;

const START_CODE = Buffer.from([0, 0, 1]);
const NOTHING = Buffer.alloc(0);

/**
 * Splits an H.264 access unit in Annex B into RTP payloads of at most `maxBytes` (RFC 6184, packetization mode 1): units that fit together
 * go together (STAP-A), one that does not fit goes in fragments of equal size (FU-A). The payloads are views of it where they can be. werift's
 * packetizer searches start codes byte by byte in JavaScript, which takes as long as the encryption.
 */
export function packetizeH264(accessUnit: Buffer, maxBytes: number): RtpPayload[] {
  const payloads: RtpPayload[] = [];
  let together: Buffer[] = [];
  let togetherBytes = STAP_HEADER_BYTES;
  const flush = (): void => {
    const [only] = together;
    if (only !== undefined) {
      payloads.push({ prefix: NOTHING, body: together.length === 1 ? only : aggregate(together), marker: false });
    }
    together = [];
    togetherBytes = STAP_HEADER_BYTES;
  };
  for (const unit of nalUnits(accessUnit)) {
    const bytes = STAP_SIZE_BYTES + unit.length;
    if (togetherBytes + bytes > maxBytes) flush();
    if (unit.length > maxBytes) {
      payloads.push(...fragment(unit, maxBytes));
    } else {
      together.push(unit);
      togetherBytes += bytes;
    }
  }
  flush();
  const last = payloads.at(-1);
  if (last !== undefined) payloads[payloads.length - 1] = { ...last, marker: true };
  return payloads;
}

/** The NAL units between start codes, without those that say nothing to a receiver of RTP. */
function nalUnits(accessUnit: Buffer): Buffer[] {
  const units: Buffer[] = [];
  let code = accessUnit.indexOf(START_CODE);
  while (code !== -1) {
    const start = code + START_CODE.length;
    code = accessUnit.indexOf(START_CODE, start);
    let end = code === -1 ? accessUnit.length : code;
    // Zeros before a start code belong to it, or trail the unit (ITU-T H.264 section B.1).
    while (end > start && accessUnit[end - 1] === 0) end -= 1;
    const type = (accessUnit[start] ?? 0) & TYPE_MASK;
    if (end > start && type !== ACCESS_UNIT_DELIMITER && type !== FILLER_DATA) units.push(accessUnit.subarray(start, end));
  }
  return units;
}

/** RFC 6184 section 5.7.1. */
function aggregate(units: readonly Buffer[]): Buffer {
  const total = units.reduce((sum, unit) => sum + STAP_SIZE_BYTES + unit.length, STAP_HEADER_BYTES);
  const payload = Buffer.allocUnsafe(total);
  const reference = Math.max(...units.map((unit) => (unit[0] ?? 0) & REFERENCE_MASK));
  payload[0] = reference | STAP_A;
  let at = STAP_HEADER_BYTES;
  for (const unit of units) {
    at = payload.writeUInt16BE(unit.length, at);
    payload.set(unit, at);
    at += unit.length;
  }
  return payload;
}

/** RFC 6184 section 5.8. The first byte of the unit is in the headers of its fragments. */
function fragment(unit: Buffer, maxBytes: number): RtpPayload[] {
  const first = unit[0] ?? 0;
  const indicator = (first & ~TYPE_MASK) | FU_A;
  const type = first & TYPE_MASK;
  const bytes = unit.length - 1;
  const count = Math.ceil(bytes / (maxBytes - FU_HEADER_BYTES));
  const middle = Buffer.from([indicator, type]);
  const fragments: RtpPayload[] = [];
  for (let index = 0; index < count; index += 1) {
    const from = 1 + Math.floor((index * bytes) / count);
    const to = 1 + Math.floor(((index + 1) * bytes) / count);
    const edge = (index === 0 ? FRAGMENT_START : 0) | (index === count - 1 ? FRAGMENT_END : 0);
    const prefix = edge === 0 ? middle : Buffer.from([indicator, type | edge]);
    fragments.push({ prefix, body: unit.subarray(from, to), marker: false });
  }
  return fragments;
}
