import type { ControlId } from './server-messages.js';

export interface ControlOptions {
  /** Default: a number that counts up. One that is on its way already must not be used again. */
  readonly id?: ControlId | undefined;
}

/** When a chunk was said to reflect a control. */
export interface AppliedControl {
  /** From sending it to the word of the server, milliseconds. */
  readonly acknowledgedMs: number;
  /** The number of the chunk. */
  readonly chunk: number | null;
  /** The picture that shows it has this RTP timestamp, or the next later one. Undefined when the chunk has none. */
  readonly rtpTimestamp: number | undefined;
}

/** A control that was sent. Its promises may be ignored. */
export interface Control {
  readonly id: ControlId;
  readonly message: Readonly<Record<string, unknown>>;
  /** `performance.now()`. */
  readonly sentAtMs: number;
  /** Resolves when a chunk reflects it. Rejects with `session-lost` or `closed`; a pipeline that names no controls never settles it before. */
  readonly applied: Promise<AppliedControl>;
  /** Resolves with the milliseconds from `sentAtMs` until the picture was due on the screen of an attached element. Rejects as `applied`. */
  readonly shown: Promise<number>;
}
