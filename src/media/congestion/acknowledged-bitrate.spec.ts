import { describe, expect, it } from 'vitest';

import { AcknowledgedBitrate } from './acknowledged-bitrate.js';

/** 1250 bytes every 10 ms are 1 Mbps. */
function receive(acknowledged: AcknowledgedBitrate, fromMs: number, toMs: number, everyMs = 10): void {
  for (let atMs = fromMs; atMs < toMs; atMs += everyMs) acknowledged.add(1250, atMs);
}

describe('AcknowledgedBitrate', () => {
  it('says nothing before a quarter of a second was received', () => {
    const acknowledged = new AcknowledgedBitrate();
    receive(acknowledged, 0, 240);
    expect(acknowledged.bitrate).toBeUndefined();
    receive(acknowledged, 240, 270);
    expect(acknowledged.bitrate).toBeCloseTo(1_000_000, -2);
  });

  it('follows a change within its window, and the latest figure sooner', () => {
    const acknowledged = new AcknowledgedBitrate();
    receive(acknowledged, 0, 1000, 5);
    expect(acknowledged.bitrate).toBeCloseTo(2_000_000, -3);
    receive(acknowledged, 1000, 1130);
    expect(acknowledged.latest).toBeCloseTo(1_000_000, -3);
    expect(acknowledged.bitrate).toBeGreaterThan(1_200_000);
    receive(acknowledged, 1130, 1320);
    expect(acknowledged.bitrate).toBeCloseTo(1_000_000, -3);
  });

  it('starts again after a pause or a step of the clock, so that neither looks like a slow link', () => {
    const acknowledged = new AcknowledgedBitrate();
    receive(acknowledged, 0, 1000);
    receive(acknowledged, 5000, 5010);
    expect(acknowledged.bitrate).toBeUndefined();
    receive(acknowledged, 5010, 5300);
    expect(acknowledged.bitrate).toBeCloseTo(1_000_000, -2);
    receive(acknowledged, -10_000, -9990);
    expect(acknowledged.bitrate).toBeUndefined();
  });
});
