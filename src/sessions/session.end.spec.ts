import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PipelineCrashedError, PipelineFailedError } from '../pipeline-loader/index.js';
import type { FrameLedger } from './frame-ledger.js';
import { chunk, expectClosed, live, settle, setUp, simulateTime, TIMEOUTS } from './session.testing.js';

simulateTime();

describe('a session of a server that is about to end', () => {
  const DEADLINE_MS = 1_795_392_000_500;
  const GOING_AWAY = {
    type: 'going_away',
    session_id: 'demo',
    deadline: 1_795_392_000.5,
    timestamp: expect.any(Number) as number,
  };

  it.each(['server_push', 'bidirectional'] as const)('tells its client, and goes on (%s)', async (mode) => {
    const { session, viewer, messages } = await live(mode);
    viewer.hasChannel = true;
    session.announceEnd(DEADLINE_MS);
    await settle();
    expect(messages('going_away')).toEqual([GOING_AWAY]);
    expect(session.state).toBe('live');
    await session.close('drain_deadline');
    expect(messages('closed')).toMatchObject([{ reason: 'drain_deadline' }]);
  });

  it('tells a client that opens its channel later, once', async () => {
    const { session, viewer, messages } = await live();
    session.announceEnd(DEADLINE_MS);
    expect(messages('going_away')).toEqual([]);
    viewer.hasChannel = true;
    session.channelOpened();
    expect(messages('going_away')).toEqual([GOING_AWAY]);
    await session.close('client_delete');
  });
});

describe('the end of a stream', () => {
  it('is told when all was played, and closes the session after a grace', async () => {
    const parts = await live();
    const played = Promise.withResolvers<void>();
    parts.viewer.draining = played.promise;
    parts.run.yields(chunk(0), chunk(1), 'end');
    await settle(60_000);
    expect(parts.messages('done')).toEqual([]);
    expect(parts.session.state).toBe('live');
    played.resolve();
    await settle();
    expect(parts.messages('done')).toEqual([
      { type: 'done', session_id: 'demo', total_chunks: 2, timestamp: expect.any(Number) as number },
    ]);
    expect(parts.session.state).toBe('done');
    await settle(TIMEOUTS.doneGraceMs - 1);
    expect(parts.closedWith).toEqual([]);
    await settle(1);
    expectClosed(parts, 'completed');
    expect(parts.messages('done')).toHaveLength(1);
  });

  it.each([
    ['pipeline_failed', new PipelineFailedError('division by zero'), 'division by zero', TIMEOUTS.doneGraceMs],
    // Nothing comes any more from a process that is gone: its client is to look for another at once.
    [
      'pipeline_crashed',
      new PipelineCrashedError('the process ended with signal SIGKILL'),
      'the process ended with signal SIGKILL',
      0,
    ],
    ['pipeline_failed', new Error('anything else'), 'anything else', TIMEOUTS.doneGraceMs],
  ] as const)('says why with %s', async (reason, error, message, graceMs) => {
    const parts = await live('bidirectional');
    parts.run.yields(chunk(0), error);
    await settle();
    expect(parts.messages('chunk')).toEqual([
      { type: 'chunk', session_id: 'demo', index: null, data: null, error: message, timestamp: expect.any(Number) as number },
    ]);
    expect(parts.messages('done')).toEqual([
      { type: 'done', session_id: 'demo', total_chunks: 1, timestamp: expect.any(Number) as number },
    ]);
    if (graceMs > 0) {
      expect(parts.session.state).toBe('done');
      await settle(graceMs);
    }
    expectClosed(parts, reason);
  });

  it('tells a client of a crash that is still connecting, when it is connected', async () => {
    const parts = setUp();
    parts.session.begin();
    parts.run.yields(new PipelineCrashedError('gone'));
    await settle(2999);
    expect(parts.closedWith).toEqual([]);
    parts.session.connectionStateChanged('connected');
    await settle();
    expectClosed(parts, 'pipeline_crashed');
    expect(parts.messages('done')).toHaveLength(1);
  });

  it('waits three seconds for a client that is to be told of a crash', async () => {
    const parts = setUp();
    parts.session.begin();
    parts.run.yields(new PipelineCrashedError('gone'));
    await settle(2999);
    expect(parts.closedWith).toEqual([]);
    await settle(1);
    expectClosed(parts, 'pipeline_crashed');
  });

  it('waits for a client that is not there yet', async () => {
    const parts = setUp();
    parts.session.begin();
    parts.run.yields(new PipelineFailedError('no weights'));
    await settle(TIMEOUTS.doneGraceMs * 3);
    expect(parts.session.state).toBe('connecting');
    expect(parts.messages('done')).toEqual([]);
    parts.session.connectionStateChanged('connected');
    await settle();
    expect(parts.messages('done')).toHaveLength(1);
    await settle(TIMEOUTS.doneGraceMs);
    expectClosed(parts, 'pipeline_failed');
  });

  it('is over with connect_timeout when that client never comes', async () => {
    const parts = setUp();
    parts.session.begin();
    parts.run.yields('end');
    await settle(TIMEOUTS.connectMs);
    expectClosed(parts, 'connect_timeout');
    expect(parts.messages('done')).toEqual([]);
  });

  it('can be cut short', async () => {
    const parts = await live();
    parts.run.yields('end');
    await settle();
    expect(parts.session.state).toBe('done');
    parts.session.messageReceived('{"type":"stop"}');
    await settle();
    expectClosed(parts, 'client_stop');
  });

  it('reaches a client that is away for a moment', async () => {
    const parts = await live();
    parts.session.connectionStateChanged('disconnected');
    parts.run.yields('end');
    await settle();
    expect(parts.session.state).toBe('done');
    await settle(TIMEOUTS.doneGraceMs);
    expectClosed(parts, 'completed');
  });
});

describe('the account of the pictures', () => {
  const balance = ({ generated, sent, queued, dropped }: FrameLedger): [number, number] => [
    generated,
    sent + queued + Object.values(dropped).reduce((sum, count) => sum + count, 0),
  ];

  it('counts those that wait for a client, and closes with them', async () => {
    const { session, run } = setUp();
    session.begin();
    run.yields(chunk(0), chunk(1));
    await settle();
    expect(session.frames).toMatchObject({ generated: 2, queued: 2, sent: 0 });
    await session.close('client_delete');
    expect(session.frames).toMatchObject({ generated: 2, queued: 0, sent: 0, dropped: { closed: 2 } });
  });

  it('counts those of a client that takes no video', async () => {
    const { session, run, viewer } = await live();
    viewer.takesVideo = false;
    run.yields(chunk(0), chunk(1));
    await settle();
    expect(session.frames).toMatchObject({ generated: 2, queued: 0, dropped: { no_track: 2, closed: 0 } });
    await session.close('client_delete');
    expect(session.frames).toMatchObject({ generated: 2, queued: 0, dropped: { no_track: 2, closed: 0 } });
  });

  it('adds up at every moment, whatever happens', async () => {
    const event = fc.oneof(
      { weight: 3, arbitrary: fc.nat({ max: 5 }).map((pictures) => ({ pictures })) },
      fc.nat({ max: 8 }).map((plays) => ({ plays })),
      fc.constantFrom('connected' as const, 'fail' as const, 'crash' as const, 'end' as const, 'close' as const),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(event, { maxLength: 20 }), fc.boolean(), async (events, takesVideo) => {
        const { session, run, viewer } = setUp();
        viewer.takesVideo = takesVideo;
        session.begin();
        let generated = 0;
        for (const what of events) {
          if (typeof what === 'object' && 'pictures' in what) {
            generated += what.pictures;
            const picture = { kind: 'encoded' as const, data: new Uint8Array() };
            run.yields({ pictures: Array.from({ length: what.pictures }, () => picture), metadata: {} });
          } else if (typeof what === 'object') viewer.plays(what.plays);
          else if (what === 'connected') session.connectionStateChanged('connected');
          else if (what === 'close') void session.close('client_delete');
          else if (what === 'end') run.yields('end');
          else run.yields(what === 'crash' ? new PipelineCrashedError('gone') : new PipelineFailedError('no'));
          expect(balance(session.frames)).toEqual([generated, generated]);
          await settle();
          expect(balance(session.frames)).toEqual([generated, generated]);
        }
        await session.close('server_shutdown');
        expect(balance(session.frames)).toEqual([generated, generated]);
        expect(session.frames.queued).toBe(0);
        await settle(120_000);
      }),
      { numRuns: 200 },
    );
  });
});
