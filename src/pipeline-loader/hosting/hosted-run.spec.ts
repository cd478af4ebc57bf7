import { describe, expect, it } from 'vitest';
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

describe('HostedRun', () => {
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
