import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ControlLedger, isAtOrAfter } from './control-ledger.js';
import type { ChunkMessage, ControlId } from './server-messages.js';
import { StreamError } from './stream-error.js';

const FRAME = 3750;

function chunk(index: number, rtpTimestamp: number | undefined, ...ids: ControlId[]): ChunkMessage {
  return {
    type: 'chunk',
    session_id: 'a',
    index,
    data: { index },
    applied_controls: ids,
    ...(rtpTimestamp === undefined ? {} : { rtp_timestamp: rtpTimestamp }),
    timestamp: 0,
  };
}

describe('ControlLedger', () => {
  it('follows a control to the frame that shows it', async () => {
    const ledger = new ControlLedger();
    const control = ledger.sent(ledger.nextId(), { key: 'ArrowUp' }, 1000);
    expect(control.id).toBe(1);
    expect(ledger.chunk(chunk(7, 5000, 1), 1020)).toEqual({ applied: [control], shown: [] });
    expect(await control.applied).toEqual({ acknowledgedMs: 20, chunk: 7, rtpTimestamp: 5000 });
    expect(ledger.frame(5000 - FRAME, 1030).shown).toEqual([]);
    expect(ledger.frame(5000, 1050)).toMatchObject({
      shown: [{ control, latencyMs: 50, rtpTimestamp: 5000 }],
      isFirstOfChunk: true,
    });
    expect(await control.shown).toBe(50);
    expect(ledger.frame(5000 + FRAME, 1090)).toMatchObject({ shown: [], isFirstOfChunk: false });
    expect(ledger.takeStats()).toEqual({
      sent: 1,
      applied: 1,
      shown: 1,
      toApplied: { count: 1, medianMs: 20, p95Ms: 20, maxMs: 20 },
      toShown: { count: 1, medianMs: 50, p95Ms: 50, maxMs: 50 },
    });
    expect(ledger.takeStats()).toMatchObject({ sent: 1, toApplied: undefined, toShown: undefined });
  });

  it('takes the next later frame for one that was dropped', async () => {
    const ledger = new ControlLedger();
    const control = ledger.sent('a', {}, 0);
    ledger.chunk(chunk(0, 5000, 'a'), 1);
    expect(ledger.frame(5000 + FRAME, 42)).toMatchObject({ shown: [{ latencyMs: 42 }], isFirstOfChunk: false });
    expect(await control.shown).toBe(42);
  });

  it('finds the frame that was on the screen before the word of its chunk came', async () => {
    const ledger = new ControlLedger();
    const control = ledger.sent('a', {}, 0);
    for (const [index, atMs] of [10, 50, 90].entries()) ledger.frame(5000 + index * FRAME, atMs);
    expect(ledger.chunk(chunk(1, 5000 + FRAME, 'a'), 95).shown).toEqual([{ control, latencyMs: 50, rtpTimestamp: 5000 + FRAME }]);
    expect(ledger.frame(5000 + 3 * FRAME, 130).chunk).toMatchObject({ index: 1 });
  });

  it('says which chunk a frame shows, not which came last', () => {
    const ledger = new ControlLedger();
    for (const index of [0, 1, 2]) ledger.chunk(chunk(index, index * FRAME), 0);
    expect(ledger.frame(0, 1).chunk?.index).toBe(0);
    expect(ledger.frame(2 * FRAME - 1, 2).chunk?.index).toBe(1);
    expect(ledger.frame(9 * FRAME, 3).chunk?.index).toBe(2);
  });

  it('goes on where RTP timestamps begin anew', () => {
    const ledger = new ControlLedger();
    ledger.sent('a', {}, 0);
    ledger.chunk(chunk(0, 10, 'a'), 1);
    expect(ledger.frame(2 ** 32 - 100, 2).shown).toEqual([]);
    expect(ledger.frame(12, 3).shown).toHaveLength(1);
  });

  it('rejects what waits when the session is lost, and counts from elsewhere then', async () => {
    const ledger = new ControlLedger();
    const [named, unnamed] = [ledger.sent('a', {}, 0), ledger.sent('b', {}, 0)];
    ledger.chunk(chunk(0, 5000, 'a'), 1);
    const lost = new StreamError('session-lost', 'gone');
    ledger.reset(lost);
    await expect(named.shown).rejects.toBe(lost);
    await expect(unnamed.applied).rejects.toBe(lost);
    expect(await named.applied).toMatchObject({ acknowledgedMs: 1 });
    expect(ledger.frame(100, 2)).toEqual({ shown: [], chunk: undefined, isFirstOfChunk: false });
  });

  it('does not wait for the picture of a chunk without one', async () => {
    const ledger = new ControlLedger();
    const control = ledger.sent('a', {}, 0);
    ledger.chunk(chunk(0, undefined, 'a'), 1);
    expect(await control.applied).toMatchObject({ rtpTimestamp: undefined });
    await expect(control.shown).rejects.toMatchObject({ code: 'session-lost' });
  });

  it('gives up the oldest of many that no pipeline names', async () => {
    const ledger = new ControlLedger();
    const first = ledger.sent(ledger.nextId(), {}, 0);
    for (let count = 0; count < 256; count += 1) ledger.sent(ledger.nextId(), {}, 0);
    await expect(first.applied).rejects.toMatchObject({ code: 'timeout' });
    expect(ledger.has(1)).toBe(false);
    expect(ledger.has(2)).toBe(true);
  });

  it('ignores ids that it never sent, or that were named before', () => {
    const ledger = new ControlLedger();
    ledger.sent(1, {}, 0);
    expect(ledger.chunk(chunk(0, 5000, '1', 2), 1).applied).toEqual([]);
    expect(ledger.chunk(chunk(0, 5000, 1), 1).applied).toHaveLength(1);
  });

  it('shows every named control at the first frame at or after its chunk, whatever the order of frames and words', () => {
    const event = fc.record({ isFrame: fc.boolean(), at: fc.integer({ min: 0, max: 40 }) });
    fc.assert(
      fc.property(fc.array(event, { maxLength: 60 }), fc.integer({ min: 0, max: 2 ** 32 - 1 }), (events, origin) => {
        const ledger = new ControlLedger();
        const shown: { id: ControlId; at: number }[] = [];
        const frames: number[] = [];
        const words: { id: number; at: number }[] = [];
        const timestamp = (at: number): number => (origin + at * FRAME) >>> 0;
        // Frames and chunks come in their order, each on its own way.
        const inOrder = (isFrame: boolean): number[] =>
          events
            .filter((one) => one.isFrame === isFrame)
            .map(({ at }) => at)
            .toSorted((a, b) => a - b);
        const waiting = { frames: [...new Set(inOrder(true))], words: inOrder(false) };
        for (const { isFrame } of events) {
          if (isFrame) {
            const at = waiting.frames.shift();
            if (at === undefined) continue;
            frames.push(at);
            for (const { control } of ledger.frame(timestamp(at), at).shown) shown.push({ id: control.id, at });
          } else {
            const at = waiting.words.shift() ?? 0;
            const control = ledger.sent(ledger.nextId(), {}, 0);
            words.push({ id: Number(control.id), at });
            for (const one of ledger.chunk(chunk(0, timestamp(at), control.id), 0).shown)
              shown.push({ id: one.control.id, at: one.latencyMs });
          }
        }
        const expected = words.flatMap(({ id, at }) => {
          const first = frames.find((frame) => frame >= at);
          return first === undefined ? [] : [{ id, at: first }];
        });
        const byId = (one: { id: ControlId }, other: { id: ControlId }): number => Number(one.id) - Number(other.id);
        expect(shown.toSorted(byId)).toEqual(expected.toSorted(byId));
      }),
    );
  });
});

describe('isAtOrAfter', () => {
  it('counts across the end of 32 bits', () => {
    expect([isAtOrAfter(5, 5), isAtOrAfter(5, 2 ** 32 - 5), isAtOrAfter(2 ** 32 - 5, 5)]).toEqual([true, true, false]);
  });
});
