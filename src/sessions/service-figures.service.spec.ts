import { describe, expect, it } from 'vitest';
import { Problem } from '../common/index.js';
import { sumLedgers, type FrameLedger } from './frame-ledger.js';
import { ServiceFigures } from './service-figures.service.js';
import type { SessionRegistry } from './session-registry.service.js';

function ledgerOf(generated: number, sent: number): FrameLedger {
  return { ...sumLedgers([]), generated, sent, queued: generated - sent };
}

describe('ServiceFigures', () => {
  it('adds the sessions that closed to those that are open', () => {
    const open = [ledgerOf(5, 4), ledgerOf(7, 7)];
    const figures = new ServiceFigures({ ledgers: () => open } as unknown as SessionRegistry);
    figures.sessionOpened();
    figures.sessionClosed('completed', ledgerOf(100, 100));
    figures.sessionClosed('completed', ledgerOf(10, 10));
    figures.sessionClosed('client_stop', ledgerOf(1, 1));
    expect(figures.frames).toMatchObject({ generated: 123, sent: 122, queued: 1 });
    expect(figures.sessionsClosed).toEqual({ completed: 2, client_stop: 1 });
    expect(figures.sessionsOpened).toBe(1);
  });

  it('counts offers by their result', () => {
    const figures = new ServiceFigures({ ledgers: () => [] } as unknown as SessionRegistry);
    figures.offerAnswered();
    figures.offerRefused(new Problem('invalid-sdp', 'No.'));
    figures.offerRefused(new Problem('invalid-sdp', 'No.'));
    figures.offerRefused(new Error('nobody expected this'));
    expect(figures.offerResults).toEqual({ answered: 1, 'invalid-sdp': 2, error: 1 });
  });
});
