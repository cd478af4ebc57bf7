import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PipelineFailedError } from '../pipeline-loader/index.js';
import { CLOSE_REASONS } from './close-reason.js';
import { chunk, expectClosed, live, settle, setUp, simulateTime, TIMEOUTS } from './session.testing.js';

simulateTime();

describe('a session from its answer to its client', () => {
  it('shows its id, mode and answer', () => {
    const { session } = setUp();
    expect([session.id, session.mode, session.answerSdp, session.state]).toEqual([
      'demo',
      'server_push',
      'v=0 answer',
      'negotiating',
    ]);
  });

  it('pulls the first chunk of a server push at once, and routes it when the client is connected', async () => {
    const { session, run, viewer } = setUp();
    session.begin();
    run.yields(chunk(0), chunk(1));
    await settle();
    expect(session.state).toBe('connecting');
    expect(run.pulled).toBe(1);
    expect(viewer.routed).toEqual([]);
    session.connectionStateChanged('connected');
    await settle();
    expect(session.state).toBe('live');
    expect(viewer.starts).toEqual([30]);
    expect(viewer.routed.map(({ index }) => index)).toEqual([0, 1]);
    await session.close('client_delete');
  });

  it('pulls nothing of a bidirectional run before its channel is open', async () => {
    const { session, run, viewer } = setUp('bidirectional');
    run.yields(chunk(0));
    session.begin();
    session.connectionStateChanged('connected');
    await settle();
    expect(run.pulled).toBe(0);
    session.channelOpened();
    await settle();
    expect(viewer.routed).toHaveLength(1);
    await session.close('client_delete');
  });

  it('takes what happened before anybody looked', async () => {
    const parts = setUp('bidirectional');
    parts.viewer.early = (observer) => {
      observer.connectionStateChanged('connected');
      parts.viewer.hasChannel = true;
      observer.channelOpened();
    };
    parts.session.begin();
    expect(parts.session.state).toBe('live');
    await settle(TIMEOUTS.channelMs + TIMEOUTS.connectMs);
    expect(parts.session.state).toBe('live');
    await parts.session.close('client_delete');
    expectClosed(parts, 'client_delete');
  });

  it('pulls nothing when the connection had failed before anybody looked', async () => {
    const parts = setUp();
    parts.viewer.early = (observer) => observer.connectionStateChanged('failed');
    parts.run.yields(chunk(0));
    parts.session.begin();
    await settle();
    expectClosed(parts, 'connection_failed');
    expect(parts.run.pulled).toBe(0);
  });
});

describe('a session closes', () => {
  it('with connect_timeout when no client comes', async () => {
    const parts = setUp();
    parts.session.begin();
    await settle(TIMEOUTS.connectMs - 1);
    expect(parts.session.state).toBe('connecting');
    await settle(1);
    expectClosed(parts, 'connect_timeout');
  });

  it('with channel_timeout when a bidirectional client opens no channel', async () => {
    const parts = setUp('bidirectional');
    parts.session.begin();
    parts.session.connectionStateChanged('connected');
    await settle(TIMEOUTS.channelMs - 1);
    expect(parts.session.state).toBe('live');
    await settle(1);
    expectClosed(parts, 'channel_timeout');
  });

  it('not for a missing channel in server push', async () => {
    const { session } = await live();
    await settle(TIMEOUTS.channelMs * 10);
    expect(session.state).toBe('live');
    await session.close('client_delete');
  });

  it('with disconnected when the client does not come back within the grace', async () => {
    const parts = await live();
    parts.session.connectionStateChanged('disconnected');
    expect(parts.session.state).toBe('disconnected');
    await settle(TIMEOUTS.disconnectedGraceMs - 1);
    expect(parts.session.state).toBe('disconnected');
    await settle(1);
    expectClosed(parts, 'disconnected');
  });

  it('not when the client comes back in time; each loss has its own grace, and the media clock starts only once', async () => {
    const { session, viewer } = await live();
    for (let times = 0; times < 3; times += 1) {
      session.connectionStateChanged('disconnected');
      await settle(TIMEOUTS.disconnectedGraceMs - 1);
      session.connectionStateChanged('connected');
      expect(session.state).toBe('live');
    }
    await settle(60_000);
    expect(session.state).toBe('live');
    expect(viewer.routed).toEqual([]);
    await session.close('client_delete');
  });

  it.each([
    ['connection_failed', 'failed'],
    ['connection_closed', 'closed'],
  ] as const)('with %s when the connection says %s', async (reason, state) => {
    const parts = await live();
    parts.session.connectionStateChanged(state);
    await settle();
    expect(parts.closedWith).toEqual([reason]);
    expectClosed(parts, reason);
  });

  it('with client_stop when the client says stop, in either mode', async () => {
    for (const mode of ['server_push', 'bidirectional'] as const) {
      const parts = await live(mode);
      parts.session.messageReceived('{"type":"stop"}');
      await settle();
      expectClosed(parts, 'client_stop');
      expect(parts.run.pushed).toEqual([]);
    }
  });

  it('with channel_closed when a bidirectional client closes its channel, and not in server push', async () => {
    const parts = await live('bidirectional');
    parts.session.channelClosed();
    await settle();
    expectClosed(parts, 'channel_closed');
    const push = await live();
    push.session.channelClosed();
    await settle();
    expect(push.session.state).toBe('live');
    await push.session.close('client_delete');
  });

  it.each(CLOSE_REASONS)('with %s when told so, before anything began too', async (reason) => {
    const begun = await live();
    await begun.session.close(reason);
    expect(begun.closedWith).toEqual([reason]);
    expectClosed(begun, reason);
    const fresh = setUp();
    await fresh.session.close(reason);
    expectClosed(fresh, reason);
  });

  it('once, for the first reason, however many come, and every caller waits for the end', async () => {
    const parts = await live('bidirectional');
    const held = Promise.withResolvers<void>();
    parts.viewer.closing = held.promise;
    const first = parts.session.close('client_delete');
    const second = parts.session.close('server_shutdown');
    parts.session.connectionStateChanged('closed');
    parts.session.channelClosed();
    parts.session.messageReceived('{"type":"stop"}');
    await settle(60_000);
    expect(parts.session.state).toBe('closing');
    expect(parts.closedWith).toEqual([]);
    held.resolve();
    await Promise.all([first, second]);
    expectClosed(parts, 'client_delete');
  });

  it('its viewer though the run hangs, and its run though the viewer hangs', async () => {
    const parts = await live();
    const [run, viewer] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    parts.run.closing = run.promise;
    parts.viewer.closing = viewer.promise;
    const close = parts.session.close('client_delete');
    await settle();
    expect([parts.run.closeCalls, parts.viewer.closeCalls]).toEqual([1, 1]);
    run.resolve();
    viewer.resolve();
    await close;
    expectClosed(parts, 'client_delete');
  });

  it('and gives everything back though closing fails', async () => {
    const parts = await live();
    parts.viewer.closing = Promise.reject(new Error('a socket would not close'));
    parts.run.closing = Promise.reject(new Error('a process would not end'));
    await expect(parts.session.close('client_delete')).resolves.toBeUndefined();
    expectClosed(parts, 'client_delete');
  });

  it('and lets the pipeline go in the middle of a chunk', async () => {
    const parts = setUp();
    parts.session.begin();
    parts.run.yields(chunk(0));
    await settle();
    await parts.session.close('client_delete');
    expect(parts.run.returned).toBe(true);
    expect(parts.viewer.routed).toEqual([]);
    expectClosed(parts, 'client_delete');
    expect(parts.messages('done')).toEqual([]);
  });
});

describe('any sequence of events', () => {
  it('ends in exactly one close, with nothing left', async () => {
    const event = fc.constantFrom(
      'connected',
      'disconnected',
      'channelOpened',
      'message',
      'chunk',
      'end',
      'fail',
      'wait',
      'longWait',
      'stop',
      'channelClosed',
      'failed',
      'closed',
      'delete',
    );
    await fc.assert(
      fc.asyncProperty(
        fc.array(event, { maxLength: 15 }),
        fc.constantFrom('server_push' as const, 'bidirectional' as const),
        async (events, mode) => {
          const parts = setUp(mode);
          const { session, run } = parts;
          session.begin();
          for (const name of events) {
            if (name === 'connected' || name === 'disconnected' || name === 'failed' || name === 'closed')
              session.connectionStateChanged(name);
            else if (name === 'channelOpened' || name === 'channelClosed') session[name]();
            else if (name === 'message') session.messageReceived('1');
            else if (name === 'stop') session.messageReceived('{"type":"stop"}');
            else if (name === 'chunk') run.yields(chunk(0));
            else if (name === 'end') run.yields('end');
            else if (name === 'fail') run.yields(new PipelineFailedError('x'));
            else if (name === 'delete') void session.close('client_delete');
            else await settle(name === 'wait' ? 10 : 4000);
            await settle();
          }
          await session.close('server_shutdown');
          expect(parts.closedWith).toHaveLength(1);
          expectClosed(parts, parts.closedWith[0] ?? 'completed');
          expect(parts.messages('done').length).toBeLessThanOrEqual(1);
          expect(run.pulled === 0 || run.returned).toBe(true);
          await settle(120_000);
          expect(parts.closedWith).toHaveLength(1);
        },
      ),
      { numRuns: 150 },
    );
  });
});
