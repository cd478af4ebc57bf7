import { Injectable, Logger } from '@nestjs/common';
import { Configuration } from '../config/index.js';
import { SessionRegistry } from './session-registry.service.js';
import { SessionSlots } from './session-slots.service.js';

/**
 * The last phase of a server that was asked to end: from `begin()` on no offer is taken, while what is open goes on until it ends by itself, or
 * until the deadline. Whoever begins it closes the application afterwards.
 *
 * It is no shutdown hook of Nest, because Nest runs those when everything else is being closed already: readiness would stay up for as long as
 * the drain takes.
 */
@Injectable()
export class Drain {
  private readonly logger = new Logger(Drain.name);
  private deadline: number | undefined;
  private draining: Promise<void> | undefined;

  constructor(
    private readonly configuration: Configuration,
    private readonly slots: SessionSlots,
    private readonly registry: SessionRegistry,
  ) {}

  /** When the last sessions are closed, milliseconds since 1970; undefined unless the server drains. */
  get deadlineMs(): number | undefined {
    return this.deadline;
  }

  /**
   * Refuses offers from now on and tells every client until when it may stay. Idempotent.
   *
   * @returns resolves when no slot is taken (offers that were being answered count), at once if none is, or when the deadline has come and
   * what is left of the sessions is being closed (`drain_deadline`)
   */
  begin(): Promise<void> {
    return (this.draining ??= this.run());
  }

  private async run(): Promise<void> {
    const timeoutMs = this.configuration.drain.timeoutSeconds * 1000;
    this.deadline = Date.now() + timeoutMs;
    // Without time to leave there is nothing to announce; the sessions are closed with the application.
    if (this.slots.inUse === 0 || timeoutMs === 0) return;
    const until = new Date(this.deadline).toISOString();
    this.logger.log(`${this.slots.inUse} sessions go on, until ${until} at most; a second signal ends them now`);
    this.registry.announceEnd(this.deadline);
    if (await this.idleWithin(timeoutMs)) return this.logger.log('the last session has ended');
    this.logger.warn(`the deadline has come; closing ${this.slots.inUse} sessions`);
    // Not waited for: whoever closes the application waits for its sessions, and for no longer than it should.
    void this.registry.closeAll('drain_deadline');
  }

  /** Whether every slot was given back in time. */
  private async idleWithin(timeoutMs: number): Promise<boolean> {
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const timer = setTimeout(() => resolve(false), timeoutMs);
    void this.slots.idle().then(() => resolve(true));
    const idle = await promise;
    clearTimeout(timer);
    return idle;
  }
}
