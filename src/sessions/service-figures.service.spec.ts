import { describe, expect, it } from 'vitest';
import { Problem } from '../common/index.js';
import { sumLedgers, type FrameLedger } from './frame-ledger.js';
import { ServiceFigures, type FinishedSession } from './service-figures.service.js';
import type { SessionRegistry } from './session-registry.service.js';
import { sumTraffic } from './traffic.js';

function ledgerOf(generated: number, sent: number): FrameLedger {
  return { ...sumLedgers([]), generated, sent, queued: generated - sent };
}

function sessionOf(mode: FinishedSession['mode'], frames: FrameLedger, bytes = 0): FinishedSession {
  const none = sumTraffic([]);
  return { mode, frames, traffic: { ...none, video: { ...none.video, bytes } }, ageMs: 12_000 };
}

function figuresWith(open: readonly FinishedSession[]): ServiceFigures {
  return new ServiceFigures({ open: () => open } as unknown as SessionRegistry);
}

describe('ServiceFigures', () => {
  it('adds the sessions that closed to those that are open', () => {
    const figures = figuresWith([sessionOf('server_push', ledgerOf(5, 4), 10), sessionOf('server_push', ledgerOf(7, 7), 20)]);
    figures.sessionOpened('server_push');
    figures.sessionClosed('completed', sessionOf('server_push', ledgerOf(100, 100), 1000));
    figures.sessionClosed('completed', sessionOf('bidirectional', ledgerOf(10, 10)));
    figures.sessionClosed('client_stop', sessionOf('server_push', ledgerOf(1, 1)));
    expect(figures.frames).toMatchObject({ generated: 123, sent: 122, queued: 1 });
    expect(figures.traffic.video.bytes).toBe(1030);
    expect(figures.sessionsClosed).toEqual({ completed: 2, client_stop: 1 });
    expect(figures.sessionsOpened).toBe(1);
    expect(figures.of('server_push').closed).toEqual(
      new Map([
        ['completed', 1],
        ['client_stop', 1],
      ]),
    );
    expect(figures.of('server_push').durationsSeconds.cumulative([5, 15])).toEqual([
      { bound: 5, count: 0 },
      { bound: 15, count: 2 },
    ]);
  });

  it('counts offers by their result, and times those that were answered', () => {
    const figures = figuresWith([]);
    figures.offerAnswered(17);
    figures.offerRefused(new Problem('invalid-sdp', 'No.'));
    figures.offerRefused(new Problem('invalid-sdp', 'No.'));
    figures.offerRefused(new Error('nobody expected this'));
    expect(figures.offerResults).toEqual({ answered: 1, 'invalid-sdp': 2, error: 1 });
    expect(figures.offerDurations.summary()).toMatchObject({ count: 1, sumMs: 17 });
  });

  it('times the first picture by mode', () => {
    const figures = figuresWith([]);
    figures.firstFrameSent('bidirectional', 120);
    expect(figures.of('bidirectional').timeToFirstFrame.summary()).toMatchObject({ count: 1, maxMs: 120 });
    expect(figures.of('server_push').timeToFirstFrame.total).toBe(0);
  });
});
