import type { RTCSctpTransport } from 'werift';
import { acknowledgeInOrder } from './sctp-acknowledgements.js';
import { containSctpErrors } from './sctp-errors.js';
import { reachSctp } from './sctp-internals.js';
import { sendInTurn } from './sctp-outbound-queue.js';
import { recoverLosses } from './sctp-recovery.js';

/** Applies every mend of werift's SCTP. Call it once, when the description is set and before packets can come. */
export function mendSctp(transport: RTCSctpTransport): void {
  containSctpErrors(transport);
  const reached = reachSctp(transport);
  if (reached === undefined) return;
  sendInTurn(reached);
  acknowledgeInOrder(reached.sctp);
  recoverLosses(reached);
}
