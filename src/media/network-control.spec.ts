import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { NetworkControl } from './network-control.js';
import { RateControl } from './rate-control.js';
import type { OutboundRtp } from './webrtc/index.js';

/** A connection that only counts what it is told. */
class FakeConnection {
  readonly video: OutboundRtp;
  readonly audio: OutboundRtp;
  pacing: number[] = [];
  probes: { readonly id: number; readonly bitrate: number; readonly bytes: number }[] = [];
  readonly counts = { video: counts(), audio: counts() };

  constructor() {
    this.video = { stats: this.counts.video } as OutboundRtp;
    this.audio = { stats: this.counts.audio } as OutboundRtp;
  }

  setPacing(bitrate: number): void {
    this.pacing.push(bitrate);
  }

  sendProbe(probe: { readonly id: number; readonly bitrate: number; readonly bytes: number }): boolean {
    this.probes.push(probe);
    return true;
  }
}

function counts() {
  return { packets: 0, bytes: 0, retransmittedPackets: 0, retransmittedBytes: 0, nacks: 0, plis: 0, firs: 0 };
}

const LIMITS = { start: 1_000_000, ceiling: 4_000_000 };

describe('NetworkControl', () => {
  let connection: FakeConnection;
  let rate: RateControl;
  let control: NetworkControl;

  beforeEach(() => {
    vi.useFakeTimers();
    connection = new FakeConnection();
    rate = new RateControl(LIMITS);
    control = new NetworkControl(connection, rate);
  });
  afterEach(() => {
    control.close();
    vi.useRealTimers();
  });

  /** Sends packets of 1000 bytes every 8 ms (1 Mbps), each of which arrives after `delayMs` (by the receiver's own clock). */
  const play = (milliseconds: number, delayMs: (sentAtMs: number) => number): void => {
    let sequenceNumber = 0;
    let waiting: { sequenceNumber: number; receivedAtMs: number }[] = [];
    for (let elapsed = 0; elapsed < milliseconds; elapsed += 8) {
      vi.advanceTimersByTime(8);
      const sentAtMs = performance.now();
      control.packetSent({ sequenceNumber, bytes: 1000, sentAtMs, probe: undefined });
      waiting.push({ sequenceNumber, receivedAtMs: 5000 + sentAtMs + delayMs(elapsed) });
      sequenceNumber = (sequenceNumber + 1) & 0xffff;
      if (elapsed % 56 === 0) {
        control.feedbackReceived({ type: 'arrivals', arrivals: waiting });
        waiting = [];
      }
    }
  };

  it('paces from the first packet on, faster than the target', () => {
    expect(connection.pacing.at(-1)).toBeGreaterThan(rate.networkLimits.startBitrate);
  });

  it('gives the encoder less when packets take longer and longer', () => {
    control.start();
    play(3000, () => 20);
    const before = rate.bitrate;
    play(3000, (elapsed) => 20 + elapsed / 5);
    expect(rate.bitrate).toBeLessThan(before * 0.8);
    expect(control.state.source).toBe('transport-feedback');
  });

  it('probes for more while the path is clear, and hands the probes to the connection', () => {
    control.start();
    play(2000, () => 20);
    expect(connection.probes.length).toBeGreaterThan(0);
    expect(connection.probes[0]?.bitrate).toBeGreaterThan(rate.networkLimits.startBitrate);
  });

  it('follows the receiver’s estimate where no packet is reported', () => {
    control.start();
    control.feedbackReceived({ type: 'estimate', bitrate: 500_000 });
    expect(control.state.source).toBe('remb');
    expect(rate.bitrate).toBeLessThan(500_000);
  });

  it('takes what sound and repairs really use from the pictures, and no more', () => {
    control.start();
    const reserved = rate.bitrate;
    for (let second = 0; second < 3; second += 1) {
      connection.counts.audio.bytes += 6000;
      vi.advanceTimersByTime(1000);
    }
    const silent = rate.bitrate;
    expect(silent).toBeGreaterThan(reserved * 1.02);
    for (let second = 0; second < 3; second += 1) {
      connection.counts.audio.bytes += 6000;
      connection.counts.video.retransmittedBytes += 25_000;
      vi.advanceTimersByTime(1000);
    }
    expect(rate.bitrate).toBeLessThan(silent - 150_000);
  });

  it('does nothing more once closed', () => {
    control.start();
    control.close();
    expect(vi.getTimerCount()).toBe(0);
  });
});
