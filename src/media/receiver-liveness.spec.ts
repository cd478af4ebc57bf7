import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ReceiverLiveness } from './receiver-liveness.js';

const MAX_SILENCE_MS = 4000;

describe('ReceiverLiveness', () => {
  it('notices a receiver that does not echo for too long, once, and its return', () => {
    const liveness = new ReceiverLiveness(MAX_SILENCE_MS);
    expect(liveness.observe(0, 10, 0)).toBeUndefined();
    expect(liveness.observe(30, 10, 1000)).toBeUndefined();
    expect(liveness.observe(60, 10, 4999)).toBeUndefined();
    expect(liveness.observe(90, 10, 5000)).toBe('silent');
    expect(liveness.observe(120, 10, 6000)).toBeUndefined();
    expect(liveness.observe(150, 11, 7000)).toBe('heard');
    expect(liveness.observe(180, 12, 8000)).toBeUndefined();
  });

  it('expects nothing of a receiver that is sent nothing', () => {
    const liveness = new ReceiverLiveness(MAX_SILENCE_MS);
    for (let nowMs = 0; nowMs < 60_000; nowMs += 1000) expect(liveness.observe(5, 10, nowMs)).toBeUndefined();
  });

  it('gives a receiver its time to answer the first packet after a pause', () => {
    const liveness = new ReceiverLiveness(MAX_SILENCE_MS);
    liveness.observe(5, 10, 0);
    liveness.observe(5, 10, 30_000);
    expect(liveness.observe(6, 10, 31_000)).toBeUndefined();
    expect(liveness.observe(7, 10, 34_999)).toBeUndefined();
    expect(liveness.observe(8, 10, 35_000)).toBe('silent');
  });

  it('never calls a receiver silent that is heard in every interval, and alternates its news', () => {
    const step = fc.record({ sent: fc.nat(100), heard: fc.boolean(), afterMs: fc.integer({ min: 0, max: 6000 }) });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
        const liveness = new ReceiverLiveness(MAX_SILENCE_MS);
        const news: string[] = [];
        let [sent, received, nowMs, lastHeardMs] = [0, 0, 0, 0];
        for (const { sent: more, heard, afterMs } of steps) {
          sent += more;
          nowMs += afterMs;
          if (heard) {
            received += 1;
            lastHeardMs = nowMs;
          }
          const change = liveness.observe(sent, received, nowMs);
          if (change !== undefined) news.push(change);
          if (change === 'silent') expect(nowMs - lastHeardMs).toBeGreaterThanOrEqual(MAX_SILENCE_MS);
          if (heard) expect(change).not.toBe('silent');
        }
        news.forEach((change, index) => expect(change).toBe(index % 2 === 0 ? 'silent' : 'heard'));
      }),
    );
  });
});
