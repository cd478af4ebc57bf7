import type { StreamSession } from '@telefuser/stream-client';
import type { ControlKey } from '../controls/control-keys.ts';
import type { Failure } from './failure.ts';

/** Where a session is, for whoever looks at it. */
export type Phase =
  | { readonly name: 'idle' }
  | { readonly name: 'connecting'; readonly step: string }
  | { readonly name: 'live' }
  | { readonly name: 'reconnecting' }
  | { readonly name: 'ended'; readonly reason: string | undefined }
  | { readonly name: 'failed'; readonly failure: Failure };

export interface SessionView {
  readonly phase: Phase;
  /** The open session, and after its end the last one. */
  readonly session: StreamSession | undefined;
  readonly startedAtMs: number | undefined;
  /** When the server is about to end. */
  readonly goingAwayAtMs: number | undefined;
  /** Of the last control that was seen in the picture. */
  readonly latencyMs: number | undefined;
}

export interface Keys {
  /** Held by whoever steers. */
  readonly held: ReadonlySet<ControlKey>;
  /** Held, as far as the picture on the screen knows. */
  readonly shown: ReadonlySet<ControlKey>;
}
