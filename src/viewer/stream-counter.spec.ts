import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { StreamCounter } from './stream-counter.js';

const PACKETS_A_FRAME = 3;

/** Packet `index` of a video stream of three packets a frame. */
function packet(index: number, first = 0): Parameters<StreamCounter['count']>[0] {
  return {
    kind: 'video',
    sequenceNumber: (first + index) & 0xffff,
    timestamp: (Math.floor(index / PACKETS_A_FRAME) * 3750) >>> 0,
    marker: index % PACKETS_A_FRAME === PACKETS_A_FRAME - 1,
    payloadBytes: 100,
  };
}

describe('StreamCounter', () => {
  it('counts frames by their last packet, each once, and loses nothing of what comes late or twice', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 0xffff }),
        fc.array(fc.double({ min: 0, max: 20, noNaN: true }), { minLength: 30, maxLength: 90 }),
        (first, moves) => {
          const whole = moves.length - (moves.length % PACKETS_A_FRAME);
          const arrivals = Array.from({ length: whole }, (_, index) => ({
            index,
            at: index === 0 ? -1 : index + (moves[index] ?? 0),
          }));
          arrivals.sort((a, b) => a.at - b.at);
          const counter = new StreamCounter();
          const ended = arrivals.flatMap(({ index }) => [
            counter.count(packet(index, first), 0),
            counter.count(packet(index, first), 0),
          ]);
          expect(counter.counts).toMatchObject({ packets: whole, bytes: whole * 100, lost: 0 });
          // Two markers of neighbours may come in any order; each ends its own frame.
          expect(ended.filter(Boolean)).toHaveLength(whole / PACKETS_A_FRAME);
          expect(counter.counts.frames).toBe(whole / PACKETS_A_FRAME);
        },
      ),
    );
  });

  it('counts what never came as lost, also beyond what it remembers', () => {
    const counter = new StreamCounter();
    counter.count(packet(0), 0);
    counter.count(packet(5), 0);
    expect(counter.counts).toMatchObject({ packets: 2, lost: 4 });
    counter.count(packet(3), 0);
    expect(counter.counts).toMatchObject({ packets: 3, lost: 3 });
    for (let index = 2500; index <= 5000; index += 2500) counter.count(packet(index), 0);
    expect(counter.counts).toMatchObject({ packets: 5, lost: 5000 - 4 });
  });

  it('says when the first and the last frame were complete, and takes padding for none', () => {
    const counter = new StreamCounter();
    expect(counter.counts).toMatchObject({ firstFrameAtMs: undefined, lastFrameAtMs: undefined });
    for (let index = 0; index < 9; index += 1) counter.count(packet(index), index);
    counter.count({ ...packet(11), sequenceNumber: 9, payloadBytes: 0 }, 9);
    expect(counter.counts).toMatchObject({ frames: 3, firstFrameAtMs: 2, lastFrameAtMs: 8 });
  });

  it('takes a sender that begins again elsewhere for no loss', () => {
    const counter = new StreamCounter();
    counter.count(packet(0, 1000), 0);
    counter.count(packet(3, 40_000), 0);
    counter.count(packet(6, 20_000), 0);
    expect(counter.counts).toMatchObject({ packets: 3, lost: 0 });
  });
});
