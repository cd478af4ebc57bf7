import type { ExitReason } from './exit-codes.js';

/** The command cannot do what it was asked to. Printed as one line: what happened, and what to do about it. */
export class CommandError extends Error {
  constructor(
    readonly reason: ExitReason,
    /** Without a full stop; it may be a question. */
    readonly what: string,
    /** A full sentence. */
    readonly remedy: string,
    options: { cause?: unknown } = {},
  ) {
    super(`${what}${what.endsWith('?') ? '' : '.'} ${remedy}`, options);
    this.name = 'CommandError';
  }
}
