import { describe, expect, it } from 'vitest';
import { benchReport, formatBenchReport } from './bench-report.js';
import type { BenchedSession } from './bench-session.js';

const PLAN = { url: 'http://localhost:8088/', sessions: 3, seconds: 10 };
const NOTHING = { packets: 0, bytes: 0, lost: 0, frames: 0, firstFrameAtMs: undefined, lastFrameAtMs: undefined };
const NO_CONTROLS = { sent: 0, acknowledged: 0, acknowledgedMs: [], appliedMs: [] };

const played = (answerMs: number, frames: number): BenchedSession => ({
  opening: { answerMs, connectedMs: answerMs + 40, firstFrameMs: answerMs + 80 },
  video: { packets: 990, bytes: 2_480_000, lost: 10, frames, firstFrameAtMs: 0, lastFrameAtMs: 10_000 },
  audio: { packets: 500, bytes: 20_000, lost: 0, frames: 500, firstFrameAtMs: 0, lastFrameAtMs: 10_000 },
  controls: { sent: 3, acknowledged: 2, acknowledgedMs: [30, 40], appliedMs: [35, 45] },
  failure: undefined,
});
const refused: BenchedSession = {
  opening: { answerMs: undefined, connectedMs: undefined, firstFrameMs: undefined },
  video: NOTHING,
  audio: NOTHING,
  controls: NO_CONTROLS,
  failure: 'no slot',
};

describe('benchReport', () => {
  it('has the distribution of each figure over the sessions that have it, and every failure', () => {
    const report = benchReport(PLAN, [played(10, 241), played(20, 240), refused]);
    expect(report).toEqual({
      ...PLAN,
      succeeded: 2,
      success_rate: 2 / 3,
      offer_round_trip_ms: { min: 10, p50: 10, p95: 20, p99: 20, max: 20 },
      connected_ms: { min: 50, p50: 50, p95: 60, p99: 60, max: 60 },
      first_frame_ms: { min: 90, p50: 90, p95: 100, p99: 100, max: 100 },
      fps: { min: 23.9, p50: 23.9, p95: 24, p99: 24, max: 24 },
      kbps: { min: 2000, p50: 2000, p95: 2000, p99: 2000, max: 2000 },
      loss_percent: expect.objectContaining({ p50: 10 / 15 }),
      controls: {
        sent: 6,
        acknowledged: 4,
        acknowledged_ms: { min: 30, p50: 30, p95: 40, p99: 40, max: 40 },
        applied_ms: { min: 35, p50: 35, p95: 45, p99: 45, max: 45 },
      },
      failures: [{ reason: 'no slot', sessions: 1 }],
    });
    expect(formatBenchReport(report)).toEqual([
      '2 of 3 sessions of 10 s succeeded (66.7 %)',
      '4 of 6 controls acknowledged',
      '',
      expect.stringMatching(/^ +min +p50 +p95 +p99 +max$/u),
      expect.stringMatching(/^─+$/u),
      expect.stringMatching(/^offer round trip +10 ms +10 ms +20 ms +20 ms +20 ms$/u),
      expect.stringMatching(/^request to connected +50 ms/u),
      expect.stringMatching(/^request to first picture +90 ms/u),
      expect.stringMatching(/^pictures a second +23\.90 +23\.90 +24\.00/u),
      expect.stringMatching(/^received +2000 kbit\/s/u),
      expect.stringMatching(/^packets lost +0\.67 %/u),
      expect.stringMatching(/^control to acknowledgement +30 ms/u),
      expect.stringMatching(/^control to next picture +35 ms/u),
      '',
      '1 × no slot',
    ]);
  });

  it('has null for what there is none of', () => {
    const report = benchReport(PLAN, [refused]);
    expect(report).toMatchObject({
      succeeded: 0,
      success_rate: 0,
      fps: null,
      loss_percent: null,
      controls: { acknowledged_ms: null },
    });
    expect(formatBenchReport(report).join('\n')).toMatch(/pictures a second +– +– +– +– +–/u);
  });
});
