/**
 * Notices that a receiver has gone although its connection looks alive. A browser whose process was killed sends no goodbye, and ICE takes
 * half a minute to find out (RFC 7675 section 5.1); but a receiver of RTP reports on it all the time (RFC 3550 section 6.2). Pure.
 */
export class ReceiverLiveness {
  private lastReceived = 0;
  private heard = false;
  private sentAtLastHeard = 0;
  /** When the first packet went out that was not echoed yet: while nothing is sent a receiver has nothing to report on. */
  private unansweredSinceMs: number | undefined;
  private silent = false;

  constructor(private readonly maxSilenceMs: number) {}

  /**
   * @param sent media packets sent so far.
   * @param received packets of any kind received so far.
   * @returns `silent` when media went out for too long without any echo, `heard` when one came after all, else undefined.
   */
  observe(sent: number, received: number, nowMs: number): 'silent' | 'heard' | undefined {
    if (received !== this.lastReceived || !this.heard) {
      this.lastReceived = received;
      this.heard = true;
      this.sentAtLastHeard = sent;
      this.unansweredSinceMs = undefined;
      const wasSilent = this.silent;
      this.silent = false;
      return wasSilent ? 'heard' : undefined;
    }
    if (sent !== this.sentAtLastHeard) this.unansweredSinceMs ??= nowMs;
    if (this.silent || this.unansweredSinceMs === undefined || nowMs - this.unansweredSinceMs < this.maxSilenceMs)
      return undefined;
    this.silent = true;
    return 'silent';
  }
}
