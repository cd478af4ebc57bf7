/** `a - b` on the circle of 16-bit sequence numbers, −32768…32767 (RFC 3550 appendix A.1). Pure. */
export function sequenceDistance(a: number, b: number): number {
  return ((a - b + 0x8000) & 0xffff) - 0x8000;
}
