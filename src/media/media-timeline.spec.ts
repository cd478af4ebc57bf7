import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MediaTimeline, type QueuePolicy } from './media-timeline.js';

const HOUR_MS = 3_600_000;
const MAX_LEAD_MS = 100;
const LOSSLESS: QueuePolicy = { delivery: 'lossless', queueMs: 1000 };
const LATEST: QueuePolicy = { delivery: 'latest', queueMs: MAX_LEAD_MS };
/** Most of its own duration that interactive media may be early (the smaller of half a frame and 25 ms). */
const MAX_EARLY_MS = 25;

interface Arrival {
  readonly frames: number;
  readonly fps: number;
  readonly afterMs: number;
}

const arrivals = fc.array(
  fc.record({
    frames: fc.integer({ min: 1, max: 40 }),
    fps: fc.constantFrom(1, 12, 23.976, 24, 30, 60, 240),
    afterMs: fc.oneof(fc.constant(0), fc.double({ min: 0, max: 3000, noNaN: true })),
  }),
  { minLength: 1, maxLength: 100 },
);

describe('MediaTimeline with lossless', () => {
  it('never overlaps two chunks, never goes back, never skips, and never places media before now', () => {
    fc.assert(
      fc.property(arrivals, (chunks: Arrival[]) => {
        const timeline = new MediaTimeline();
        let nowMs = 0;
        let endMs = 0;
        for (const { frames, fps, afterMs } of chunks) {
          nowMs += afterMs;
          const { startMs, skipMs } = timeline.place((frames * 1000) / fps, nowMs, 1000 / fps, LOSSLESS);
          expect(skipMs).toBe(0);
          expect(startMs).toBeGreaterThanOrEqual(endMs);
          expect(startMs).toBeGreaterThanOrEqual(nowMs);
          // There is no gap unless the chunk was late.
          if (endMs >= nowMs) expect(startMs).toBe(endMs);
          endMs = startMs + (frames * 1000) / fps;
          expect(timeline.endMs).toBe(endMs);
        }
      }),
    );
  });

  it('places a late chunk now, and the next behind it', () => {
    const timeline = new MediaTimeline();
    expect(timeline.place(1000, 0, 40, LOSSLESS).startMs).toBe(0);
    expect(timeline.place(1000, 1700, 40, LOSSLESS).startMs).toBe(1700);
    expect(timeline.place(1000, 1800, 40, LOSSLESS).startMs).toBe(2700);
  });

  it('does not drift within an hour of 32-frame chunks that come ahead of time', () => {
    const timeline = new MediaTimeline();
    const durationMs = (32 * 1000) / 24;
    const chunks = HOUR_MS / durationMs;
    for (let index = 0; index < chunks; index += 1)
      timeline.place(durationMs, Math.max(0, index * durationMs - 900), 1000 / 24, LOSSLESS);
    expect(timeline.endMs).toBeCloseTo(HOUR_MS, 3);
  });
});

describe('MediaTimeline with latest', () => {
  it('never holds more than the lead, or one frame, before a chunk, whatever comes', () => {
    fc.assert(
      fc.property(arrivals, (chunks: Arrival[]) => {
        const timeline = new MediaTimeline();
        let nowMs = 0;
        for (const { frames, fps, afterMs } of chunks) {
          nowMs += afterMs;
          const frameMs = 1000 / fps;
          const endBefore = timeline.endMs;
          const { startMs, skipMs } = timeline.place(frames * frameMs, nowMs, frameMs, LATEST);
          expect(startMs).toBeGreaterThanOrEqual(nowMs);
          expect(startMs - nowMs).toBeLessThanOrEqual(Math.max(MAX_LEAD_MS, frameMs) + 1e-6);
          expect(skipMs).toBeGreaterThanOrEqual(0);
          // What is skipped is what would have been waiting beyond the lead: never more than was queued.
          expect(skipMs).toBeLessThanOrEqual(Math.max(0, endBefore - nowMs));
          // A chunk begins before the end of those before it only by the little it may be early.
          const remainingEnd = endBefore - skipMs;
          if (startMs > nowMs) expect(startMs).toBeGreaterThanOrEqual(remainingEnd - Math.min(frameMs / 2, MAX_EARLY_MS) - 1e-6);
        }
      }),
    );
  });

  it('sends a frame at once when nothing waits', () => {
    const timeline = new MediaTimeline();
    expect(timeline.place(40, 500, 40, LATEST)).toEqual({ startMs: 500, skipMs: 0 });
    expect(timeline.place(40, 700, 40, LATEST)).toEqual({ startMs: 700, skipMs: 0 });
  });

  it('lets a punctual frame with jitter pass without a wait', () => {
    const timeline = new MediaTimeline();
    const frameMs = 1000 / 30;
    const jitter = [0, 4, -6, 9, -3, 0, 7, -8];
    for (let index = 0; index < 300; index += 1) {
      const nowMs = 10 + index * frameMs + (jitter[index % jitter.length] ?? 0);
      const { startMs, skipMs } = timeline.place(frameMs, nowMs, frameMs, LATEST);
      expect(skipMs).toBe(0);
      expect(startMs - nowMs).toBeLessThanOrEqual(6);
    }
  });

  it('gets rid of the delay that one late frame caused', () => {
    const timeline = new MediaTimeline();
    const frameMs = 1000 / 24;
    const waits = Array.from({ length: 96 }, (_, index) => {
      const nowMs = index * frameMs + (index === 10 ? 70 : 0);
      // The two frames after the late one come right behind it.
      const arrivalMs = Math.max(nowMs, index > 10 && index < 12 ? 10 * frameMs + 70 : 0);
      const { startMs, skipMs } = timeline.place(frameMs, arrivalMs, frameMs, LATEST);
      expect(skipMs).toBe(0);
      return startMs - arrivalMs;
    });
    expect(Math.max(...waits.slice(11, 14))).toBeGreaterThan(40);
    expect(Math.max(...waits.slice(72))).toBeLessThan(1);
  });

  it('holds a producer that is twice too fast to its pace over an hour', () => {
    const timeline = new MediaTimeline();
    const frameMs = 1000 / 24;
    let skippedMs = 0;
    let placed = 0;
    for (let nowMs = 0; nowMs < HOUR_MS; nowMs += frameMs / 2) {
      skippedMs += timeline.place(frameMs, nowMs, frameMs, LATEST).skipMs;
      placed += 1;
    }
    const shown = placed - skippedMs / frameMs;
    expect(shown / (HOUR_MS / 1000)).toBeCloseTo(24, 2);
    expect(timeline.endMs - HOUR_MS).toBeLessThanOrEqual(MAX_LEAD_MS + frameMs + 1e-6);
  });

  it('does not drift within an hour of punctual frames', () => {
    const timeline = new MediaTimeline();
    const frameMs = 1000 / 24;
    let skipped = 0;
    for (let index = 0; index < 24 * 3600; index += 1)
      skipped += timeline.place(frameMs, index * frameMs, frameMs, LATEST).skipMs;
    expect(skipped).toBe(0);
    expect(Math.abs(timeline.endMs - HOUR_MS)).toBeLessThan(1);
  });
});

describe('MediaTimeline with a policy that changes', () => {
  const policies = fc.record({
    delivery: fc.constantFrom('lossless' as const, 'latest' as const),
    queueMs: fc.constantFrom(0, 50, 100, 1000, 5000),
  });

  it('never places media before now or over what must be kept, and never drops what must be kept', () => {
    const step = fc.tuple(
      arrivals.map(([first]) => first ?? { frames: 1, fps: 24, afterMs: 0 }),
      policies,
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const timeline = new MediaTimeline();
        let [nowMs, keptUntilMs] = [0, 0];
        for (const [{ frames, fps, afterMs }, policy] of steps) {
          nowMs += afterMs;
          const endBefore = timeline.endMs;
          const { startMs, skipMs } = timeline.place((frames * 1000) / fps, nowMs, 1000 / fps, policy);
          expect(startMs).toBeGreaterThanOrEqual(Math.max(nowMs, keptUntilMs));
          expect(skipMs).toBeLessThanOrEqual(Math.max(0, endBefore - Math.max(nowMs, keptUntilMs)) + 1e-6);
          if (policy.delivery === 'lossless') {
            expect(skipMs).toBe(0);
            if (endBefore >= nowMs) expect(startMs).toBe(endBefore);
            keptUntilMs = timeline.endMs;
          }
        }
      }),
    );
  });

  it('plays what is queued when it turns to latest, then the newest, and is within the new queue from there on', () => {
    const timeline = new MediaTimeline();
    const frameMs = 1000 / 24;
    timeline.place(64 * frameMs, 0, frameMs, LOSSLESS);
    const endOfBurst = timeline.endMs;
    // A frame every 41.7 ms from the middle of the burst on: each takes the place of the one before.
    const placements = Array.from({ length: 60 }, (_, index) => {
      const nowMs = endOfBurst / 2 + index * frameMs;
      return { nowMs, ...timeline.place(frameMs, nowMs, frameMs, LATEST) };
    });
    const during = placements.filter(({ nowMs }) => nowMs < endOfBurst - MAX_LEAD_MS - frameMs);
    expect(during.length).toBeGreaterThan(20);
    expect(during.every(({ startMs }) => startMs === endOfBurst)).toBe(true);
    for (const { nowMs, startMs } of placements.slice(during.length)) {
      expect(startMs).toBeGreaterThanOrEqual(Math.max(nowMs, endOfBurst));
      if (nowMs > endOfBurst) expect(startMs - nowMs).toBeLessThanOrEqual(MAX_LEAD_MS);
    }
  });

  it('turns to lossless behind what waits, without a gap', () => {
    const timeline = new MediaTimeline();
    timeline.place(200, 0, 40, LATEST);
    expect(timeline.place(400, 120, 40, LOSSLESS)).toEqual({ startMs: 200, skipMs: 0 });
    expect(timeline.place(400, 200, 40, LOSSLESS).startMs).toBe(600);
  });

  it('plays a burst of 64 frames every 2.67 s evenly once running, though each comes a little earlier or later', () => {
    const frameMs = 1000 / 24;
    fc.assert(
      fc.property(fc.array(fc.double({ min: 0, max: 15, noNaN: true }), { minLength: 20, maxLength: 20 }), (jitterMs) => {
        const timeline = new MediaTimeline();
        let endMs = 0;
        const gaps = jitterMs.map((lateMs, index) => {
          const { startMs } = timeline.place(64 * frameMs, index * 64 * frameMs + lateMs, frameMs, LOSSLESS);
          const gapMs = startMs - endMs;
          endMs = timeline.endMs;
          return gapMs;
        });
        expect(Math.max(...gaps.slice(1))).toBeLessThanOrEqual(frameMs / 2);
      }),
    );
  });
});
