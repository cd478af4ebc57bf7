/** Seconds between the NTP epoch (1900) and the Unix epoch (1970), RFC 5905 section 6. */
const NTP_UNIX_OFFSET_SECONDS = 2_208_988_800;

/** The receiver's figures are rounded, so that on a short way the result can fall a little below zero. */
const MAX_ROUNDING_MS = 2;
const MAX_ROUND_TRIP_MS = 60_000;

/** A wall-clock instant (milliseconds since 1970) as a 64-bit NTP timestamp, 32.32 fixed point (RFC 3550 section 4). */
export function ntpTimestamp(unixMs: number): bigint {
  const seconds = Math.floor(unixMs / 1000);
  const fraction = Math.floor(((unixMs - seconds * 1000) / 1000) * 2 ** 32);
  // NTP's seconds wrap in 2036 (RFC 5905 section 6, "era").
  return BigInt.asUintN(64, (BigInt(seconds + NTP_UNIX_OFFSET_SECONDS) << 32n) | BigInt(fraction));
}

/** The wall-clock instant (milliseconds since 1970) of a 64-bit NTP timestamp; those before 1968 are taken for the era that begins in 2036. */
export function unixMsOf(ntp: bigint): number {
  const seconds = Number(ntp >> 32n);
  const eraSeconds = seconds < 2 ** 31 ? 2 ** 32 : 0;
  return (seconds + eraSeconds - NTP_UNIX_OFFSET_SECONDS) * 1000 + (Number(ntp & 0xffff_ffffn) * 1000) / 2 ** 32;
}

/** The middle 32 bits of an NTP timestamp: what `LSR` carries (RFC 3550 section 6.4.1). */
export function compactNtp(ntp: bigint): number {
  return Number((ntp >> 16n) & 0xffff_ffffn);
}

/**
 * Round trip in milliseconds from a reception report (RFC 3550 section 6.4.1, `A - LSR - DLSR`), or undefined when the report knows no
 * sender report of ours yet or the result is no sane figure.
 */
export function roundTripMs(nowUnixMs: number, lsr: number, dlsr: number): number | undefined {
  if (lsr === 0) return undefined;
  const elapsed = (compactNtp(ntpTimestamp(nowUnixMs)) - lsr - dlsr) | 0;
  const milliseconds = (elapsed / 65_536) * 1000;
  if (milliseconds < -MAX_ROUNDING_MS || milliseconds >= MAX_ROUND_TRIP_MS) return undefined;
  return Math.max(0, milliseconds);
}
