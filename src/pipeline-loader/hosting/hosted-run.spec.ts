import { describe, expect, it } from 'vitest';
import type { Chunk } from '../../common/index.js';
import type { ServerMessage } from '../protocol/messages.js';
import { HostedRun, type RunChannel } from './hosted-run.js';

/** A host whose pipeline yields something that is no chunk whenever it may. */
function garbageRun(): { run: HostedRun; yielded: () => number } {
  let count = 0;
  const channel: RunChannel = {
    pendingBytes: 0,
    send: async (message) => {
      if (message.type === 'close') run.over();
      if (message.type !== 'pull') return;
      for (let credit = message.credit; credit > 0; credit -= 1) {
        setImmediate(() => {
          count += 1;
          run.chunkArrived({ problem: 'no chunk' });
        });
      }
    },
    runClosed: () => undefined,
  };
  const run = new HostedRun(1, 'demo', false, channel, 1000);
  return { run, yielded: () => count };
}

/** A run whose host says what the test says, whenever it is asked. */
function toldRun(): { run: HostedRun; sent: ServerMessage[] } {
  const sent: ServerMessage[] = [];
  const channel: RunChannel = {
    pendingBytes: 0,
    send: async (message) => {
      sent.push(message);
      if (message.type === 'close') run.over();
    },
    runClosed: () => undefined,
  };
  const run = new HostedRun(1, 'demo', true, channel, 1000);
  return { run, sent };
}

const chunkAt = (yieldedAtMs: number, more: Partial<Chunk> = {}): Chunk => ({ pictures: [], metadata: {}, yieldedAtMs, ...more });

describe('HostedRun', () => {
  it('takes a chunk for yielded between the one before and its receipt, whatever the host says', async () => {
    const { run } = toldRun();
    const beforeMs = performance.now();
    const chunks = run.chunks()[Symbol.asyncIterator]();
    run.chunkArrived({ chunk: chunkAt(-1e9) });
    const first = (await chunks.next()).value;
    expect(first?.yieldedAtMs).toBeGreaterThanOrEqual(beforeMs);
    run.chunkArrived({ chunk: chunkAt(1e12, { appliedControls: ['a', 'b'], pushedAtMs: [1e12, undefined] }) });
    const second = (await chunks.next()).value;
    expect(second?.yieldedAtMs).toBeLessThanOrEqual(performance.now());
    expect(second?.yieldedAtMs).toBeGreaterThanOrEqual(first?.yieldedAtMs ?? Infinity);
    expect(second?.pushedAtMs).toEqual([second?.yieldedAtMs, undefined]);
    await run.close();
  });

  it('counts every picture that came, also those that nobody took', async () => {
    const { run } = toldRun();
    const chunks = run.chunks()[Symbol.asyncIterator]();
    const picture = { kind: 'encoded', data: Uint8Array.of(1) } as const;
    run.chunkArrived({ chunk: { pictures: [picture, picture], metadata: {} } });
    run.chunkArrived({ problem: 'no chunk' });
    await chunks.next();
    run.chunkArrived({ chunk: { pictures: [picture], metadata: {} } });
    expect(run.picturesReceived).toBe(3);
    await run.close();
    expect(run.picturesReceived).toBe(3);
  });

  it('tells the host the id of a message that has one', async () => {
    const { run, sent } = toldRun();
    run.push({ type: 'control', id: 7 }, '7');
    run.push('text');
    expect(sent).toEqual([
      { type: 'push', run: 1, message: { type: 'control', id: 7 }, control: '7' },
      { type: 'push', run: 1, message: 'text' },
    ]);
    await run.close();
  });

  it('takes at most 500 items a second, after a burst of 64, from a pipeline that never waits', async () => {
    const { run, yielded } = garbageRun();
    const iterator = run.chunks()[Symbol.asyncIterator]();
    const startMs = performance.now();
    const ended = iterator.next();
    await new Promise((resolve) => setTimeout(resolve, 300));
    const taken = yielded();
    const seconds = (performance.now() - startMs) / 1000;
    await run.close();
    await ended;
    expect(taken).toBeGreaterThan(64);
    // Two more are on their way while the last one waits.
    expect(taken).toBeLessThanOrEqual(64 + 500 * seconds + 3);
  });
});
