import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { DeliveryMode, EncodedPicture } from '../common/index.js';
import { FrameQueue, type FrameGate } from './frame-queue.js';

const PICTURE: EncodedPicture = { kind: 'encoded', data: new Uint8Array() };
const OPEN: FrameGate = { frameRateDivisor: 1, queuedMs: 0 };
const FRAME_MS = 40;

function queueOf(count: number, delivery: DeliveryMode = 'latest'): FrameQueue {
  const queue = new FrameQueue();
  queue.enqueue(Array.from({ length: count }, () => PICTURE), 0, FRAME_MS, delivery, { routedAtMs: 0 }); // prettier-ignore
  return queue;
}

/** Media times at which pictures are shown, if the queue is asked whenever it wants to be. */
function play(queue: FrameQueue, gate: (nowMs: number) => FrameGate): { shown: number[]; congested: number; late: number } {
  const shown: number[] = [];
  let [nowMs, congested, late] = [0, 0, 0];
  for (;;) {
    const taken = queue.take(nowMs, gate(nowMs));
    congested += taken.congested;
    late += taken.late;
    if (taken.frame !== undefined) shown.push(taken.frame.mediaMs);
    else if (taken.waitMs === undefined) return { shown, congested, late };
    else nowMs += taken.waitMs;
  }
}

describe('FrameQueue', () => {
  it('shows every picture at its time while nothing holds it back', () => {
    expect(play(queueOf(5), () => OPEN)).toEqual({ shown: [0, 40, 80, 120, 160], congested: 0, late: 0 });
  });

  it.each([2, 3, 4])('shows one of %i, evenly apart, and the last of all', (frameRateDivisor) => {
    const { shown, congested } = play(queueOf(25), () => ({ frameRateDivisor, queuedMs: 0 }));
    const turns = shown.filter((mediaMs) => mediaMs % (frameRateDivisor * FRAME_MS) === 0);
    expect(turns).toEqual(
      Array.from({ length: Math.ceil(25 / frameRateDivisor) }, (_, index) => index * frameRateDivisor * FRAME_MS),
    );
    expect(shown.at(-1)).toBe(24 * FRAME_MS);
    expect(shown.length + congested).toBe(25);
  });

  it('lets nothing go that would wait for the network longer than about a picture, and then the newest', () => {
    // The network is busy until 130 ms.
    const { shown, congested } = play(queueOf(5), (nowMs) => ({ frameRateDivisor: 1, queuedMs: Math.max(0, 130 - nowMs) }));
    expect(shown).toEqual([80, 120, 160]);
    expect(congested).toBe(2);
  });

  it('accounts for every picture under any gate, at any time, and shows them in order', () => {
    const step = fc.oneof(
      fc.record({
        kind: fc.constant('enqueue' as const),
        count: fc.integer({ min: 1, max: 5 }),
        inMs: fc.integer({ min: -200, max: 200 }),
        frameMs: fc.constantFrom(10, 40, 41.67),
        delivery: fc.constantFrom<DeliveryMode>('lossless', 'latest'),
      }),
      fc.record({ kind: fc.constant('skip' as const), ms: fc.integer({ min: 1, max: 200 }) }),
      fc.record({
        kind: fc.constant('take' as const),
        afterMs: fc.integer({ min: 0, max: 100 }),
        frameRateDivisor: fc.integer({ min: 1, max: 5 }),
        queuedMs: fc.integer({ min: 0, max: 500 }),
      }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const queue = new FrameQueue();
        let [given, shown, dropped, nowMs] = [0, 0, 0, 0];
        for (const action of steps) {
          if (action.kind === 'enqueue') {
            given += action.count;
            const pictures = Array.from({ length: action.count }, () => PICTURE);
            queue.enqueue(pictures, nowMs + action.inMs, action.frameMs, action.delivery, { routedAtMs: nowMs });
          } else if (action.kind === 'skip') dropped += queue.skip(action.ms, nowMs);
          else {
            nowMs += action.afterMs;
            const { frame, waitMs, late, congested } = queue.take(nowMs, action);
            dropped += late + congested;
            if (frame !== undefined) shown += 1;
            if (waitMs !== undefined) expect(waitMs).toBeGreaterThan(0);
            expect(frame === undefined && waitMs === undefined).toBe(frame === undefined && queue.length === 0);
          }
          expect(shown + dropped + queue.length).toBe(given);
        }
        dropped += queue.clear();
        expect(shown + dropped).toBe(given);
      }),
    );
  });
});
