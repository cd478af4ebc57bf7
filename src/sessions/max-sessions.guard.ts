import { createParamDecorator, Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import type { ServerResponse } from 'node:http';
import { Problem } from '../common/index.js';
import { ServiceFigures } from './service-figures.service.js';
import { SessionSlots, type SlotLease } from './session-slots.service.js';

const LEASES = new WeakMap<object, SlotLease>();

/**
 * Reserves a session slot for the request before its body is validated or anything is built, or answers 503. Whatever becomes of the
 * request, a slot that no session claimed is given back when the response ends.
 */
@Injectable()
export class MaxSessionsGuard implements CanActivate {
  constructor(
    private readonly slots: SessionSlots,
    private readonly figures: ServiceFigures,
  ) {}

  canActivate(context: ExecutionContext): boolean {
    const lease = this.slots.acquire();
    if (lease === undefined) {
      const problem = new Problem(
        'max-sessions',
        `All ${this.slots.max} sessions are taken. Try again later, or close a session first.`,
      );
      this.figures.offerRefused(problem);
      throw problem;
    }
    const http = context.switchToHttp();
    LEASES.set(http.getRequest<object>(), lease);
    const response = http.getResponse<{ raw: ServerResponse }>().raw;
    const giveBack = (): void => lease.releaseUnclaimed();
    response.once('finish', giveBack);
    response.once('close', giveBack);
    return true;
  }
}

/** The slot that `MaxSessionsGuard` reserved for this request. */
export const ReservedSlot = createParamDecorator((_: unknown, context: ExecutionContext): SlotLease => {
  const lease = LEASES.get(context.switchToHttp().getRequest<object>());
  if (lease === undefined) throw new Error('ReservedSlot needs MaxSessionsGuard on the same route');
  return lease;
});
