/** Where in its life a session is. */
export const SESSION_STATES = ['negotiating', 'connecting', 'live', 'disconnected', 'done', 'closing', 'closed'] as const;

export type SessionState = (typeof SESSION_STATES)[number];

/** What can happen to a session. */
export const SESSION_EVENTS = [
  /** The answer is made. */
  'answered',
  /** ICE and DTLS are up, or up again. */
  'connected',
  /** ICE lost the peer; it may come back. */
  'disconnected',
  /** The pipeline's stream ended and was played, or the pipeline failed. */
  'ended',
  /** Somebody or something ends the session. */
  'close',
  /** Everything the session owned is gone. */
  'closed',
] as const;

export type SessionEvent = (typeof SESSION_EVENTS)[number];

/** Every arrow of `docs/lifecycle.md`; what is not here cannot happen and is ignored. */
const TRANSITIONS: Readonly<Record<SessionState, Readonly<Partial<Record<SessionEvent, SessionState>>>>> = {
  negotiating: { answered: 'connecting', close: 'closing' },
  // A stream that ends or breaks before the client is connected waits for it.
  connecting: { connected: 'live', close: 'closing' },
  live: { disconnected: 'disconnected', ended: 'done', close: 'closing' },
  disconnected: { connected: 'live', ended: 'done', close: 'closing' },
  done: { close: 'closing' },
  closing: { closed: 'closed' },
  closed: {},
};

/** The state after `event`, or undefined when the event means nothing in this state. Pure. */
export function nextState(state: SessionState, event: SessionEvent): SessionState | undefined {
  return TRANSITIONS[state][event];
}
