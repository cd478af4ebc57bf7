import { Injectable } from '@nestjs/common';
import { Configuration } from '../config/index.js';

/**
 * One reserved session slot. It belongs to the request until a session claims it, and is given back exactly once: by the session when it has
 * closed, or by the request when it ends without one.
 */
export class SlotLease {
  private claimed = false;
  private released = false;

  constructor(private readonly giveBack: () => void) {}

  /** The session takes the slot over; from now on only `release()` gives it back. Throws when it was given back already. */
  claim(): void {
    if (this.released) throw new Error('the slot was given back before a session claimed it');
    this.claimed = true;
  }

  /** Gives the slot back. Further calls do nothing. */
  release(): void {
    if (this.released) return;
    this.released = true;
    this.giveBack();
  }

  /** Gives the slot back unless a session has claimed it. */
  releaseUnclaimed(): void {
    if (!this.claimed) this.release();
  }
}

/** Counts session slots. A slot is taken before anything is built for a session. */
@Injectable()
export class SessionSlots {
  private taken = 0;
  private total = 0;
  private readonly takenByTenant = new Map<string, number>();
  private readonly idleListeners = new Set<() => void>();

  constructor(private readonly configuration: Configuration) {}

  get inUse(): number {
    return this.taken;
  }

  /** Slots that were ever taken. */
  get everTaken(): number {
    return this.total;
  }

  get max(): number {
    return this.configuration.maxSessions;
  }

  /** Most slots that one tenant may have; undefined: as many as there are. */
  get maxOfTenant(): number | undefined {
    const { mode, tenantMaxSessions } = this.configuration.auth;
    return mode === 'none' || tenantMaxSessions === 0 ? undefined : tenantMaxSessions;
  }

  /** Whether a tenant has as many slots as it may. */
  isFullFor(tenant: string): boolean {
    return (this.takenByTenant.get(tenant) ?? 0) >= (this.maxOfTenant ?? Infinity);
  }

  /**
   * Undefined when all slots are taken.
   * @param tenant whose slot it is; undefined: nobody's in particular.
   */
  acquire(tenant?: string): SlotLease | undefined {
    if (this.taken >= this.max) return undefined;
    this.count(tenant, 1);
    this.total += 1;
    return new SlotLease(() => {
      this.count(tenant, -1);
      if (this.taken === 0) for (const listener of [...this.idleListeners]) listener();
    });
  }

  /** Resolves when no slot is taken; at once if none is. */
  async idle(): Promise<void> {
    if (this.taken === 0) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    const stop = this.onIdle(resolve);
    await promise;
    stop();
  }

  /** Calls whenever the last slot is given back, until the function it returns is called. */
  onIdle(listener: () => void): () => void {
    this.idleListeners.add(listener);
    return () => void this.idleListeners.delete(listener);
  }

  private count(tenant: string | undefined, change: 1 | -1): void {
    this.taken += change;
    if (tenant === undefined) return;
    const taken = (this.takenByTenant.get(tenant) ?? 0) + change;
    // A tenant without a slot is forgotten, so that there are never more of them than slots.
    if (taken === 0) this.takenByTenant.delete(tenant);
    else this.takenByTenant.set(tenant, taken);
  }
}
