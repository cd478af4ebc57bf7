import { describe, expect, it, vi } from 'vitest';
import type { Chunk, MediaInput } from '../common/index.js';
import { chunk, expectClosed, live, settle, setUp, simulateTime } from './session.testing.js';

const CAMERA: MediaInput = { kind: 'video', pictures: [] };

simulateTime();

describe('what goes through a session', () => {
  it('hands input to a bidirectional pipeline as it is', async () => {
    const { session, run } = await live('bidirectional');
    const bytes = Uint8Array.of(1, 2);
    for (const message of ['{"type":"control"}', '[1]', '"text"', bytes]) session.messageReceived(message);
    expect(run.pushed).toEqual([{ type: 'control' }, [1], 'text', bytes]);
    expect(session.mediaReceived(CAMERA)).toBe(true);
    expect(run.media).toEqual([CAMERA]);
    await session.close('client_delete');
  });

  it('says that a server-push pipeline takes no input, and takes no camera for it', async () => {
    const { session, run, messages } = await live();
    session.messageReceived('{"type":"control"}');
    expect(messages('error')).toMatchObject([{ session_id: 'demo', code: 'not-bidirectional' }]);
    expect(session.mediaReceived(CAMERA)).toBe(false);
    expect([run.pushed, run.media]).toEqual([[], []]);
    await session.close('client_delete');
  });

  it('answers a bad message with an error and goes on', async () => {
    const { session, run, messages } = await live('bidirectional');
    session.messageReceived('{');
    session.messageReceived('x'.repeat(1001));
    session.messageReceived('['.repeat(9) + ']'.repeat(9));
    expect(messages('error').map(({ code }) => code)).toEqual(['malformed-message', 'message-too-large', 'message-too-deep']);
    session.messageReceived('1');
    expect(run.pushed).toEqual([1]);
    expect(session.state).toBe('live');
    await session.close('client_delete');
  });

  it('tells the client no more than ten such things in a second', async () => {
    const { session, run, messages } = await live('bidirectional');
    for (let count = 0; count < 1000; count += 1) {
      run.reportPushError('no such key');
      run.reportChunkError('frames_b64 is not a list');
      session.messageReceived('not JSON');
    }
    expect(messages('error').filter(({ code }) => code === 'push-failed').length + messages('chunk').length).toBe(10);
    expect(messages('error').filter(({ code }) => code !== 'push-failed')).toHaveLength(10);
    await vi.advanceTimersByTimeAsync(1000);
    run.reportPushError('again');
    expect(messages('error').at(-1)).toMatchObject({ detail: 'again' });
    await session.close('client_delete');
  });

  it('tells the client what its pipeline could not take or make, and goes on', async () => {
    const { session, run, messages } = await live('bidirectional');
    run.reportPushError('no such key');
    run.reportChunkError('frames_b64 is not a list');
    session.pictureRefused('The JPEG is damaged.');
    expect(messages('error')).toMatchObject([{ code: 'push-failed', detail: 'no such key' }]);
    expect(messages('chunk').map(({ error, data, index }) => [error, data, index])).toEqual([
      ['frames_b64 is not a list', null, null],
      ['The JPEG is damaged.', null, null],
    ]);
    expect(session.state).toBe('live');
    await session.close('client_delete');
  });

  it('tells the client of metadata that no data-channel message can carry, in its place', async () => {
    const { session, messages } = await live();
    session.chunkRouted({ pictures: [], index: 3, metadata: { text: 'x'.repeat(262_144) } }, undefined);
    expect(messages('chunk')).toEqual([
      expect.objectContaining({ data: null, error: expect.stringContaining('at most 262144') }),
    ]);
    await session.close('client_delete');
  });

  it('sends metadata with the time in seconds, and with or without an index', async () => {
    vi.setSystemTime(1_790_000_000_500);
    const { session, messages } = await live();
    session.chunkRouted({ pictures: [], index: 3, metadata: { prompt: 'x' } }, undefined);
    session.chunkRouted({ pictures: [], metadata: { status: 'warm' } }, undefined);
    expect(messages('chunk')).toEqual([
      { type: 'chunk', session_id: 'demo', index: 3, data: { prompt: 'x' }, timestamp: 1_790_000_000.5 },
      { type: 'chunk', session_id: 'demo', index: null, data: { status: 'warm' }, timestamp: 1_790_000_000.5 },
    ]);
    await session.close('client_delete');
  });

  it('is heard before the client is connected, and no more once the session closes', async () => {
    const parts = setUp('bidirectional');
    parts.session.begin();
    parts.session.messageReceived('"early"');
    expect(parts.run.pushed).toEqual(['early']);
    await parts.session.close('client_delete');
    const sent = parts.viewer.sent.length;
    parts.session.messageReceived('"late"');
    parts.session.messageReceived('{');
    parts.session.channelOpened();
    parts.session.connectionStateChanged('connected');
    parts.session.connectionStateChanged('disconnected');
    await settle(60_000);
    expect(parts.session.mediaReceived(CAMERA)).toBe(false);
    expect(parts.run.pushed).toEqual(['early']);
    expect(parts.run.pulled).toBe(0);
    expect(parts.viewer.sent).toHaveLength(sent);
    expectClosed(parts, 'client_delete');
  });

  it('ends with the closed message: what the pipeline says while it is closed is not sent', async () => {
    const parts = await live('bidirectional');
    const held = Promise.withResolvers<void>();
    parts.run.closing = held.promise;
    const close = parts.session.close('client_delete');
    parts.run.reportPushError('closing');
    parts.run.reportChunkError('closing');
    parts.session.pictureRefused('closing');
    parts.session.chunkRouted({ pictures: [], index: 1, metadata: { a: 1 } }, undefined);
    held.resolve();
    await close;
    expect(parts.viewer.sent.at(-1)).toMatchObject({ type: 'closed' });
  });
});

describe('a control message with an id', () => {
  const press = (id: unknown): string => JSON.stringify({ type: 'control', key: 'ArrowUp', action: 'press', id });
  const applies = (appliedControls: string[], more: Partial<Chunk> = {}): Chunk => ({ ...chunk(4), appliedControls, ...more });
  const times = { yieldedAtMs: undefined, routedAtMs: 0, encodeBeganAtMs: 0, encodedAtMs: 0 };

  it('reaches the pipeline as it is, with the id beside it', async () => {
    const { session, run } = await live('bidirectional');
    for (const id of ['a', 7, 'a', null, '', 1.5, { a: 1 }]) session.messageReceived(press(id));
    expect(run.pushed).toEqual(
      ['a', 7, 'a', null, '', 1.5, { a: 1 }].map((id) => ({ type: 'control', key: 'ArrowUp', action: 'press', id })),
    );
    // The second "a" is another's, and what is no id is not followed.
    expect(run.controls).toEqual(['a', '7', undefined, undefined, undefined, undefined, undefined]);
    await session.close('client_delete');
  });

  it('is named, as the client wrote it, by the message of the chunk that reflects it, once', async () => {
    const { session, messages } = await live('bidirectional');
    session.messageReceived(press(7));
    session.messageReceived(press('b'));
    session.chunkRouted(applies(['7', 'never sent', 'b']), 90_000);
    session.chunkRouted(applies(['7']), 93_000);
    expect(messages('chunk')).toEqual([
      {
        type: 'chunk',
        session_id: 'demo',
        index: 4,
        data: {},
        applied_controls: [7, 'b'],
        rtp_timestamp: 90_000,
        timestamp: expect.any(Number) as number,
      },
    ]);
    await session.close('client_delete');
  });

  it('is timed from its receipt to the frame that the client shows, half a round trip before its report', async () => {
    const { session, viewer, serviceLatencies } = await live('bidirectional');
    viewer.roundTripMs = 20;
    const receivedAtMs = performance.now();
    session.messageReceived(press('a'));
    session.chunkRouted(applies(['a'], { pushedAtMs: [receivedAtMs + 2], yieldedAtMs: receivedAtMs + 12 }), 1);
    const mark = { index: 4, appliedControls: ['a'], rtpTimestamp: 1 };
    session.pictureSent(
      {
        yieldedAtMs: receivedAtMs + 12,
        routedAtMs: receivedAtMs + 13,
        encodeBeganAtMs: receivedAtMs + 15,
        encodedAtMs: receivedAtMs + 20,
        sentAtMs: receivedAtMs + 21,
      },
      mark,
    );
    await settle(50);
    session.messageReceived('{"type":"shown","id":"a"}');
    for (const latencies of [session.stats.latencies, serviceLatencies.summaries()]) {
      const found = Object.fromEntries(Object.entries(latencies).map(([stage, { count, sumMs }]) => [stage, [count, sumMs]]));
      expect(found).toEqual({
        control_to_push: [1, 2],
        push_to_yield: [1, 10],
        yield_to_encode: [1, 3],
        encode: [1, 5],
        encode_to_send: [1, 1],
        yield_to_sent: [1, 9],
        control_to_sent: [1, 21],
        send_to_shown: [1, 19],
        control_to_shown: [1, 40],
      });
    }
    await session.close('client_delete');
  });

  it('tells of its first picture, once', async () => {
    const { session, firstFrames } = await live('server_push');
    const stages = { yieldedAtMs: undefined, routedAtMs: 1, encodeBeganAtMs: 2, encodedAtMs: 3 };
    session.pictureSent({ ...stages, sentAtMs: 4 }, undefined);
    session.pictureSent({ ...stages, sentAtMs: 5 }, undefined);
    expect(firstFrames).toEqual([4]);
    await session.close('client_delete');
  });

  it('takes reports in either form from its client, and leaves everything else of that type to the pipeline', async () => {
    const { session, run } = await live('bidirectional');
    const message = (fields: object): string => JSON.stringify({ type: 'shown', ...fields });
    // Nothing was named or sent, so these are the pipeline's.
    session.messageReceived(message({ id: 'a' }));
    session.messageReceived(message({ rtp_timestamp: 5 }));
    expect(run.pushed).toHaveLength(2);
    session.messageReceived(press('a'));
    session.pictureSent({ ...times, sentAtMs: 0 }, { index: undefined, appliedControls: ['a'], rtpTimestamp: 5 });
    run.pushed.length = 0;
    session.messageReceived(message({ id: 'unknown' }));
    session.messageReceived(message({ rtp_timestamp: 5 }));
    session.messageReceived(message({ rtp_timestamp: 5 }));
    expect(run.pushed).toEqual([]);
    expect(session.stats.latencies.send_to_shown.count).toBe(1);
    for (const fields of [{}, { id: 'a', more: 1 }, { id: null }, { rtp_timestamp: -1 }, { rtp_timestamp: 2 ** 32 }]) {
      session.messageReceived(message(fields));
    }
    expect(run.pushed).toHaveLength(5);
    await session.close('client_delete');
  });

  it('is no input for a server push, but a report is taken', async () => {
    const { session, messages } = await live();
    session.pictureSent({ ...times, sentAtMs: 0 }, { index: undefined, appliedControls: [], rtpTimestamp: 5 });
    session.messageReceived('{"type":"shown","rtp_timestamp":5}');
    expect(messages('error')).toEqual([]);
    expect(session.stats.latencies.send_to_shown.count).toBe(1);
    session.messageReceived(press('a'));
    expect(messages('error')).toMatchObject([{ code: 'not-bidirectional' }]);
    await session.close('client_delete');
  });
});
