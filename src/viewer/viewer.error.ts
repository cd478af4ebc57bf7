/** What kind of failure ends a viewing. */
export type ViewerErrorKind =
  /** The address leads to no server, or to one that does not answer as ours. */
  | 'unreachable'
  /** The server answered, and refused: no such task, no slot, no right. */
  | 'refused'
  /** The session was opened, and no picture came, or it ended before its time. */
  | 'broken'
  /** A file of this machine cannot be read or written. */
  | 'file';

/** A viewing cannot begin, or broke off. */
export class ViewerError extends Error {
  constructor(
    readonly kind: ViewerErrorKind,
    /** Without a full stop. */
    readonly what: string,
    /** A full sentence. */
    readonly remedy: string,
    options: { cause?: unknown } = {},
  ) {
    super(`${what}. ${remedy}`, options);
    this.name = 'ViewerError';
  }
}
