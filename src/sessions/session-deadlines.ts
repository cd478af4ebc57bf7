import type { CloseReason } from './close-reason.js';

/** What ends a session by itself when its time has come. */
type DeadlineName = 'connect' | 'channel' | 'grace' | 'crash' | 'done';

/** The deadlines of a session that run now, one of each name. */
export class SessionDeadlines {
  private readonly timers = new Map<DeadlineName, NodeJS.Timeout>();
  private closed = false;

  /** @param missed told of the reason of a deadline that came. */
  constructor(private readonly missed: (reason: CloseReason) => void) {}

  /** Sets a deadline, in place of the one of that name. Nothing once the session closes. */
  set(name: DeadlineName, delayMs: number, reason: CloseReason): void {
    this.clear(name);
    if (this.closed) return;
    this.timers.set(
      name,
      setTimeout(() => this.missed(reason), delayMs),
    );
  }

  clear(name: DeadlineName): void {
    clearTimeout(this.timers.get(name));
    this.timers.delete(name);
  }

  /** No deadline comes any more. */
  close(): void {
    this.closed = true;
    for (const timer of this.timers.values()) clearTimeout(timer);
    this.timers.clear();
  }
}
