import { describe, expect, it } from 'vitest';
import type { FrameRecord, Recording, SoundRecord, StatsSample } from '../../support/probe-page.ts';
import type { PathSample } from '../../support/relay/udp-relay.ts';
import { networkChart, networkFigures, type NetworkRecord } from './network-quality.ts';

const SOURCE = { fps: 25, frames: 240 };
const SECONDS = 13;
const ORIGIN_MS = 1_000_000;
/** Media begins two seconds after the page's clock. */
const BEGAN_MS = 2000;

const frame = (index: number, change: Partial<FrameRecord> = {}): FrameRecord => ({
  arrivalMs: BEGAN_MS + index * 40,
  presentedMs: BEGAN_MS + index * 40 + 15,
  counter: index % SOURCE.frames,
  rtpTimestamp: index * 3600,
  width: 832,
  height: 480,
  lumas: [30],
  ...change,
});
const block = (index: number): SoundRecord => ({ pulledMs: BEGAN_MS + index * 10, level: 0.01, beepShare: 0, channels: 2 });
const stats = (index: number, change: Partial<StatsSample> = {}): StatsSample => ({
  atMs: BEGAN_MS + index * 100,
  roundTripMs: 20,
  frameWidth: 832,
  frameHeight: 480,
  framesDecoded: 0,
  videoPacketsLost: 0,
  nackCount: 0,
  pliCount: 0,
  freezeCount: 0,
  totalFreezesMs: 0,
  videoJitterBufferMs: 0,
  videoJitterBufferEmitted: 0,
  concealedSamples: 0,
  silentConcealedSamples: 0,
  concealmentEvents: 0,
  totalSamplesReceived: index * 4800,
  ...change,
});
const path = (index: number): PathSample => {
  const direction = {
    capacity: 2e6,
    offeredBytes: 12_500,
    deliveredBytes: 12_500,
    offeredPackets: 10,
    lostPackets: 0,
    droppedPackets: 0,
  };
  return {
    atUnixMs: ORIGIN_MS + BEGAN_MS + (index + 1) * 100,
    intervalMs: 100,
    down: { ...direction, queuedMs: [index === 0 ? 90 : 30] },
    up: { ...direction, queuedMs: [] },
  };
};

function record(change: Partial<Recording> = {}): NetworkRecord {
  const many = <T>(count: number, make: (index: number) => T): T[] => Array.from({ length: count }, (_, index) => make(index));
  const recording: Recording = {
    frames: many(SECONDS * 25 + 1, frame),
    blocks: many(SECONDS * 100, block),
    samples: many(SECONDS * 10 + 1, stats),
    onsetsMs: [],
    messages: [],
    states: [],
    events: [],
    connectionState: 'connected',
    nowMs: 0,
    timeOriginMs: ORIGIN_MS,
    stats: [],
    ...change,
  };
  return {
    recording,
    report: { mediaBeganUnixMs: ORIGIN_MS + BEGAN_MS, samples: many(SECONDS * 10, path) },
    down: { delayMs: 25, capacity: [{ atMs: 0, bitsPerSecond: 2e6 }] },
    up: { delayMs: 25 },
    seconds: SECONDS,
  };
}

const base = record().recording;
const figures = (change: Partial<Recording> = {}) => networkFigures(record(change), SOURCE);

describe('networkFigures', () => {
  it('finds nothing wrong with a stream that is whole', () => {
    const found = figures();
    expect(found.shownFps).toBeCloseTo(25);
    expect(found.shownPercent).toBeCloseTo(100);
    expect(found.longestFreezeMs).toBeCloseTo(40);
    expect(found.linkUsePercent).toBeCloseTo(50);
    expect(found.audioGapMs).toBe(0);
    expect([found.smallestHeight, found.usualHeight]).toEqual([480, 480]);
    expect([found.downSeconds, found.upSeconds]).toEqual([Number.NaN, Number.NaN]);
  });

  it('adds the queue to the delay of the path', () => {
    expect(figures().roundTripP95Ms).toBe(80);
  });

  it('sees a freeze in the middle, and one that never ends, but none of the first three seconds', () => {
    const without = (fromMs: number, toMs: number) =>
      base.frames.filter(({ arrivalMs }) => arrivalMs - BEGAN_MS <= fromMs || arrivalMs - BEGAN_MS >= toMs);
    expect(figures({ frames: without(5000, 6000) }).longestFreezeMs).toBeCloseTo(1000);
    expect(figures({ frames: without(10_000, Infinity) }).longestFreezeMs).toBeCloseTo(3000);
    expect(figures({ frames: without(500, 2500) }).longestFreezeMs).toBeCloseTo(40);
    expect(figures({ frames: [] }).longestFreezeMs).toBeCloseTo(10_000);
  });

  it('does not count a picture twice, but one that it cannot read', () => {
    const held = base.frames.map((one, index) =>
      index % 2 === 1 ? { ...one, counter: base.frames[index - 1]?.counter ?? null } : one,
    );
    expect(figures({ frames: held }).shownFps).toBeCloseTo(12.5, 0);
    expect(figures({ frames: base.frames.map((one) => ({ ...one, counter: null })) }).shownFps).toBeCloseTo(25);
  });

  it('takes the longer of silence and concealment for the gap in the sound', () => {
    const silent = base.blocks.map((one, index) => (index >= 500 && index < 508 ? { ...one, level: 0 } : one));
    expect(figures({ blocks: silent }).audioGapMs).toBe(80);
    // Two readings in a row have concealment: 4800 samples in all.
    const concealed = base.samples.map((_, index) =>
      stats(index, { concealedSamples: [0, 1200, 4800][Math.min(2, Math.max(0, index - 59))] ?? 0 }),
    );
    expect(figures({ samples: concealed }).audioGapMs).toBe(100);
    expect(figures({ blocks: [] }).audioGapMs).toBeNaN();
  });

  it('draws what it measured', () => {
    const chart = networkChart(record(), 'x', 'X');
    expect(chart.seconds).toHaveLength(26);
    const [rates, queue, frames] = chart.panels;
    expect(rates?.series.map(({ name, values }) => [name, values[5]])).toEqual([
      ['link', 2],
      ['carried', 1],
    ]);
    expect(queue?.series[0]?.values.slice(0, 2)).toEqual([90, 30]);
    expect(frames?.series[0]?.values[5]).toBeGreaterThan(22);
  });
});
