/** Errors of one kind that the client is told of: a channel that is full of them would hold up everything else of the server. */
const MAX_ERRORS_PER_SECOND = 10;

/** So many errors in a second, and no more. */
export class ErrorBudget {
  private count = 0;
  private sinceMs = -Infinity;

  /** Of this second. */
  get taken(): number {
    return this.count;
  }

  take(): boolean {
    const nowMs = performance.now();
    if (nowMs - this.sinceMs >= 1000) {
      this.sinceMs = nowMs;
      this.count = 0;
    }
    if (this.count >= MAX_ERRORS_PER_SECOND) return false;
    this.count += 1;
    return true;
  }
}
