import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FRAME_DROP_REASONS, frameLedger, ledgerInWords, sumLedgers, type FrameLedger } from './frame-ledger.js';

const NONE = { superseded: 0, late: 0, congested: 0, undecodable: 0, failed: 0, closed: 0 };

const accounted = ({ sent, queued, dropped }: FrameLedger): number =>
  sent + queued + FRAME_DROP_REASONS.reduce((sum, reason) => sum + dropped[reason], 0);

/** Any session, by what became of its pictures. */
const ledger = fc
  .record({
    unrouted: fc.nat(100),
    untracked: fc.nat(100),
    sent: fc.nat(1000),
    queued: fc.nat(100),
    superseded: fc.nat(100),
    closed: fc.nat(100),
    over: fc.boolean(),
  })
  .map(({ unrouted, untracked, sent, queued, superseded, closed, over }) => {
    const received = sent + queued + superseded + closed;
    const track = { received, sent, queued, keyframes: 0, dropped: { ...NONE, superseded, closed } };
    const routed = received + untracked;
    return frameLedger({ generated: routed + unrouted, routed, untracked, track, over });
  });

describe('a frame ledger', () => {
  it('adds up, of one session and of many', () => {
    fc.assert(
      fc.property(fc.array(ledger), (ledgers) => {
        for (const one of ledgers) expect(accounted(one)).toBe(one.generated);
        const sum = sumLedgers(ledgers);
        expect(accounted(sum)).toBe(sum.generated);
        expect(sum.generated).toBe(ledgers.reduce((total, { generated }) => total + generated, 0));
      }),
    );
  });

  it('counts what never reached the viewer as queued until the session is over', () => {
    const places = { generated: 5, routed: 3, untracked: 3, track: undefined };
    expect(frameLedger({ ...places, over: false })).toMatchObject({ queued: 2, dropped: { no_track: 3, closed: 0 } });
    expect(frameLedger({ ...places, over: true })).toMatchObject({ queued: 0, dropped: { no_track: 3, closed: 2 } });
  });

  it('reads as a clause of the log line', () => {
    const track = { received: 9, sent: 6, queued: 1, keyframes: 1, dropped: { ...NONE, late: 2 } };
    const places = { generated: 10, routed: 9, untracked: 0, track };
    expect(ledgerInWords(frameLedger({ ...places, over: true }))).toBe(
      '; frames: 10 generated, 6 sent, 1 queued, 2 late, 1 closed',
    );
    expect(ledgerInWords(sumLedgers([]))).toBe('');
  });
});
