import { createParamDecorator, Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import type { ServerResponse } from 'node:http';
import { Problem, type ProblemCode } from '../common/index.js';
import { identityOf } from '../identity/index.js';
import { Drain } from './drain.service.js';
import { SessionSlots, type SlotLease } from './session-slots.service.js';

const LEASES = new WeakMap<object, SlotLease>();

/**
 * Reserves a session slot for the request before its body is validated or anything is built, or answers 503, as it does to every offer while the
 * server drains, and 429 when its tenant has as many as it may. Whatever becomes of the
 * request, a slot that no session claimed is given back when the response ends.
 */
@Injectable()
export class MaxSessionsGuard implements CanActivate {
  constructor(
    private readonly slots: SessionSlots,
    private readonly drain: Drain,
  ) {}

  canActivate(context: ExecutionContext): boolean {
    if (this.drain.deadlineMs !== undefined) {
      this.refuse(
        'draining',
        'This server is about to end and takes no new session. Try again: another one answers, or the next.',
      );
    }
    const http = context.switchToHttp();
    const request = http.getRequest<object>();
    const tenant = identityOf(request)?.tenant;
    if (tenant !== undefined && this.slots.isFullFor(tenant)) {
      this.refuse('tenant-quota', `All ${this.slots.maxOfTenant} sessions of the tenant are taken.`);
    }
    const lease = this.slots.acquire(tenant);
    if (lease === undefined) {
      this.refuse('max-sessions', `All ${this.slots.max} sessions are taken. Try again later, or close a session first.`);
    }
    LEASES.set(request, lease);
    const response = http.getResponse<{ raw: ServerResponse }>().raw;
    const giveBack = (): void => lease.releaseUnclaimed();
    response.once('finish', giveBack);
    response.once('close', giveBack);
    return true;
  }

  private refuse(code: ProblemCode, detail: string): never {
    throw new Problem(code, detail);
  }
}

/** The slot that `MaxSessionsGuard` reserved for this request. */
export const ReservedSlot = createParamDecorator((_: unknown, context: ExecutionContext): SlotLease => {
  const lease = LEASES.get(context.switchToHttp().getRequest<object>());
  if (lease === undefined) throw new Error('ReservedSlot needs MaxSessionsGuard on the same route');
  return lease;
});
