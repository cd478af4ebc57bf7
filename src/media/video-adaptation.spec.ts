import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { QUANTISER_RANGES, VideoAdaptation, type VideoPlan, type VideoSource } from './video-adaptation.js';

const H264 = QUANTISER_RANGES.H264;
const SOURCE: VideoSource = { width: 832, height: 480, fps: 24 };

/** How bits grow in this content with pictures a second and with pixels; the adaptation only assumes what they are. */
interface Content {
  /** Bits a second of the whole source at a quantiser that is just poor. */
  readonly poorBitrate: number;
  readonly fpsExponent: number;
  readonly pixelsExponent: number;
}

const USUAL: Content = { poorBitrate: 300_000, fpsExponent: 0.7, pixelsExponent: 0.8 };

/** An encoder that keeps to its bitrate by its quantiser, on content of which 6 steps of it double the bits. */
class SimulatedViewer {
  readonly adaptation = new VideoAdaptation(H264);
  readonly plans: { readonly atMs: number; readonly plan: VideoPlan; readonly quantiser: number }[] = [];
  private nowMs = 0;
  private pictures = 0;

  constructor(
    public content: Content,
    public source: VideoSource = SOURCE,
  ) {}

  /** @param bitrate at a time since the call. */
  run(seconds: number, bitrate: (elapsedMs: number) => number): this {
    const startMs = this.nowMs;
    const frameMs = 1000 / this.source.fps;
    for (; this.nowMs < startMs + seconds * 1000; this.nowMs += frameMs) {
      const rate = bitrate(this.nowMs - startMs);
      const plan = this.adaptation.plan(this.source, rate, this.nowMs);
      this.pictures += 1;
      const { poorBitrate, fpsExponent, pixelsExponent } = this.content;
      const cost = poorBitrate * plan.frameRateDivisor ** -fpsExponent * plan.scale ** (2 * pixelsExponent);
      const quantiser = Math.min(51, Math.max(10, H264.poor + 6 * Math.log2(cost / rate)));
      this.plans.push({ atMs: this.nowMs, plan, quantiser });
      if (this.pictures % plan.frameRateDivisor !== 0) continue;
      const bytes = ((cost * 2 ** ((H264.poor - quantiser) / 6)) / this.source.fps / 8) * plan.frameRateDivisor;
      this.adaptation.pictureEncoded({ bytes, keyframe: false, quantiser }, this.nowMs);
    }
    return this;
  }

  get last(): VideoPlan {
    return this.plans.at(-1)?.plan ?? { frameRateDivisor: 0, scale: 0 };
  }

  /** Times at which the plan changed. */
  changes(fromMs = 0): number[] {
    return this.plans.flatMap(({ atMs, plan }, index) => {
      const before = this.plans[index - 1]?.plan ?? plan;
      return atMs >= fromMs && (before.scale !== plan.scale || before.frameRateDivisor !== plan.frameRateDivisor) ? [atMs] : [];
    });
  }
}

const WHOLE: VideoPlan = { frameRateDivisor: 1, scale: 1 };

describe('VideoAdaptation', () => {
  it('sends the whole source while its pictures are not poor', () => {
    expect(new SimulatedViewer(USUAL).run(60, () => 1_200_000).changes()).toEqual([]);
    expect(new SimulatedViewer(USUAL).run(60, () => 320_000).last).toEqual(WHOLE);
  });

  it('gives up pictures a second first, then size, and stays at 12 pictures a second of 24', () => {
    const plans = [300_000, 240_000, 150_000, 100_000, 60_000].map(
      (bitrate) => new SimulatedViewer(USUAL).run(30, () => bitrate).last,
    );
    expect(plans[0]).toEqual(WHOLE);
    expect(plans[1]).toEqual({ frameRateDivisor: 2, scale: 1 });
    expect(plans.slice(2).every(({ frameRateDivisor }) => frameRateDivisor === 2)).toBe(true);
    const scales = plans.map(({ scale }) => scale);
    expect(scales).toEqual([...scales].sort((a, b) => b - a));
    expect(scales.at(-1)).toBeLessThan(0.6);
  });

  it('shows at least ten pictures a second of any source that has them', () => {
    fc.assert(
      fc.property(fc.integer({ min: 10, max: 120 }), fc.integer({ min: 40_000, max: 400_000 }), (fps, bitrate) => {
        const viewer = new SimulatedViewer({ ...USUAL, poorBitrate: 3_000_000 }, { ...SOURCE, fps });
        expect(fps / viewer.run(20, () => bitrate).last.frameRateDivisor).toBeGreaterThanOrEqual(Math.min(fps, 10));
      }),
    );
  });

  it('makes no picture smaller than can be recognised', () => {
    const { scale } = new SimulatedViewer({ ...USUAL, poorBitrate: 10_000_000 }).run(30, () => 40_000).last;
    expect(SOURCE.height * scale).toBeGreaterThanOrEqual(144);
    const small = new SimulatedViewer({ ...USUAL, poorBitrate: 10_000_000 }, { width: 160, height: 120, fps: 24 });
    expect(small.run(30, () => 40_000).last.scale).toBe(1);
  });

  it('begins with less of a source that is known to be too large for the rate', () => {
    const adaptation = new VideoAdaptation(H264);
    const plan = adaptation.plan({ width: 3840, height: 2160, fps: 30 }, 1_000_000, 0);
    expect(plan.frameRateDivisor).toBe(2);
    expect(plan.scale).toBeLessThan(1);
    expect(new VideoAdaptation(H264).plan(SOURCE, 1_000_000, 0)).toEqual(WHOLE);
  });

  it('goes down within a second of a fall, straight to the step that fits', () => {
    const viewer = new SimulatedViewer(USUAL).run(10, () => 1_200_000).run(10, () => 80_000);
    const [first, ...others] = viewer.changes();
    expect((first ?? 0) - 10_000).toBeLessThan(1000);
    expect(others.length).toBeLessThanOrEqual(1);
  });

  it('does not mind a dip of half a second', () => {
    const dip = (elapsedMs: number): number => (elapsedMs % 5000 > 4600 ? 230_000 : 1_000_000);
    expect(new SimulatedViewer(USUAL).run(60, dip).changes()).toEqual([]);
  });

  it('comes back one step at a time, each after it was affordable for seconds', () => {
    const viewer = new SimulatedViewer(USUAL).run(10, () => 80_000).run(60, () => 1_200_000);
    expect(viewer.last).toEqual(WHOLE);
    const times = viewer.changes(10_000);
    expect((times[0] ?? 0) - 10_000).toBeGreaterThanOrEqual(4000);
    times.slice(1).forEach((atMs, index) => expect(atMs - (times[index] ?? 0)).toBeGreaterThanOrEqual(4000));
  });

  it('follows the content: what moves more is sent with less, and comes back when it is still', () => {
    const viewer = new SimulatedViewer(USUAL).run(10, () => 400_000);
    viewer.content = { ...USUAL, poorBitrate: 2_000_000 };
    viewer.run(20, () => 400_000);
    expect(viewer.last.frameRateDivisor).toBe(2);
    viewer.content = { ...USUAL, poorBitrate: 100_000 };
    expect(viewer.run(60, () => 400_000).last).toEqual(WHOLE);
  });

  it('takes another pace and size over without forgetting the content', () => {
    const viewer = new SimulatedViewer({ ...USUAL, poorBitrate: 2_000_000 }).run(10, () => 400_000);
    const before = viewer.last;
    viewer.source = { ...SOURCE, fps: 30 };
    viewer.content = { ...viewer.content, poorBitrate: 2_000_000 * (30 / 24) ** 0.7 };
    const startMs = viewer.plans.at(-1)?.atMs ?? 0;
    viewer.run(5, () => 400_000);
    expect(viewer.last.frameRateDivisor).toBe(2);
    expect(viewer.last.scale).toBeLessThanOrEqual(before.scale);
    expect(viewer.changes(startMs + 100).length).toBeLessThanOrEqual(1);
  });

  it('knows without quantisers only whether the rate fits the source', () => {
    const adaptation = new VideoAdaptation(undefined);
    for (let nowMs = 0; nowMs < 10_000; nowMs += 40) adaptation.plan(SOURCE, 1_000_000, nowMs);
    adaptation.pictureEncoded({ bytes: 100_000, keyframe: false, quantiser: undefined }, 10_000);
    expect(adaptation.plan(SOURCE, 1_000_000, 10_000)).toEqual(WHOLE);
    for (let nowMs = 10_000; nowMs < 12_000; nowMs += 40) adaptation.plan(SOURCE, 60_000, nowMs);
    expect(adaptation.plan(SOURCE, 60_000, 12_000).frameRateDivisor).toBe(2);
  });

  it('does not oscillate, whatever the content and however the estimate wavers', () => {
    const content = fc.record({
      poorBitrate: fc.integer({ min: 60_000, max: 5_000_000 }),
      fpsExponent: fc.double({ min: 0.3, max: 1, noNaN: true }),
      pixelsExponent: fc.double({ min: 0.6, max: 1, noNaN: true }),
    });
    const noise = fc.array(fc.double({ min: 0.75, max: 1.25, noNaN: true }), { minLength: 7, maxLength: 60 });
    fc.assert(
      fc.property(
        content,
        fc.integer({ min: 80_000, max: 3_000_000 }),
        noise,
        fc.integer({ min: 50, max: 2000 }),
        (about, bitrate, factors, everyMs) => {
          const wavering = (elapsedMs: number): number =>
            bitrate * (factors[Math.floor(elapsedMs / everyMs) % factors.length] ?? 1);
          const viewer = new SimulatedViewer(about).run(240, wavering);
          // On the way to its place it may take several steps; then each try to go up that fails doubles the time until the next.
          expect(viewer.changes().length).toBeLessThanOrEqual(14);
          expect(viewer.changes(120_000).length).toBeLessThanOrEqual(4);
        },
      ),
      { numRuns: 200 },
    );
  });

  it('gives a better network no less of the same content', () => {
    const area = ({ frameRateDivisor, scale }: VideoPlan): number => scale / frameRateDivisor;
    fc.assert(
      fc.property(
        fc.integer({ min: 60_000, max: 5_000_000 }),
        fc.integer({ min: 60_000, max: 2_000_000 }),
        fc.double({ min: 2, max: 4, noNaN: true }),
        (poorBitrate, bitrate, factor) => {
          const [worse, better] = [bitrate, bitrate * factor].map((rate) =>
            new SimulatedViewer({ ...USUAL, poorBitrate }).run(60, () => rate),
          );
          expect(area(better?.last ?? WHOLE)).toBeGreaterThanOrEqual(area(worse?.last ?? WHOLE));
        },
      ),
      { numRuns: 100 },
    );
  });
});
