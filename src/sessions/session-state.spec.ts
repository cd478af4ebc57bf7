import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { nextState, SESSION_EVENTS, SESSION_STATES, type SessionState } from './session-state.js';

describe('nextState', () => {
  it('leads a session through its whole life', () => {
    let state: SessionState | undefined = 'negotiating';
    const seen: (SessionState | undefined)[] = [];
    for (const event of ['answered', 'connected', 'disconnected', 'connected', 'ended', 'close', 'closed'] as const) {
      state = nextState(state ?? 'closed', event);
      seen.push(state);
    }
    expect(seen).toEqual(['connecting', 'live', 'disconnected', 'live', 'done', 'closing', 'closed']);
  });

  it('lets every state but the last two be closed, and none leave the end', () => {
    for (const state of SESSION_STATES) {
      const expected = state === 'closing' || state === 'closed' ? undefined : 'closing';
      expect(nextState(state, 'close')).toBe(expected);
    }
    for (const event of SESSION_EVENTS) expect(nextState('closed', event)).toBeUndefined();
    expect(SESSION_EVENTS.filter((event) => nextState('closing', event) !== undefined)).toEqual(['closed']);
  });

  it('never leaves the states there are, and ends in two steps from anywhere, whatever happens before', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...SESSION_EVENTS)), (events) => {
        let state: SessionState = 'negotiating';
        for (const event of events) state = nextState(state, event) ?? state;
        expect(SESSION_STATES).toContain(state);
        state = nextState(state, 'close') ?? state;
        state = nextState(state, 'closed') ?? state;
        expect(state).toBe('closed');
      }),
    );
  });

  it('closes only after everything was ended in order', () => {
    expect(SESSION_STATES.filter((state) => nextState(state, 'closed') !== undefined)).toEqual(['closing']);
  });
});
