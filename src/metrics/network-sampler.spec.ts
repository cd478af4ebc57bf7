import { describe, expect, it } from 'vitest';

import type { Session, SessionRegistry } from '../sessions/index.js';
import { NetworkSampler } from './network-sampler.js';

const NO_TRAFFIC = {
  packets: 0,
  bytes: 0,
  retransmittedPackets: 0,
  retransmittedBytes: 0,
  probeBytes: 0,
  nacks: 0,
  plis: 0,
  firs: 0,
};

function sessionOf(bytes: number, network: Partial<Session['network']> = {}, state = 'live') {
  return { state, network: { lossFraction: 0, ...network }, traffic: { video: { ...NO_TRAFFIC, bytes }, audio: NO_TRAFFIC } };
}

function samplerOf(sessions: readonly unknown[]): NetworkSampler {
  return new NetworkSampler({ open: () => sessions } as unknown as SessionRegistry);
}

describe('NetworkSampler', () => {
  it('measures the bitrate of a session from look to look', () => {
    const session = sessionOf(1000);
    const sampler = samplerOf([session]);
    sampler.sample(5000);
    expect(sampler.bitrates.total).toBe(0);
    session.traffic.video.bytes += 250_000;
    sampler.sample(7000);
    expect([sampler.bitrates.total, sampler.bitrates.totalSum]).toEqual([1, 1_000_000]);
  });

  it('leaves out what is not known yet, and sessions that are not connected', () => {
    const known = sessionOf(0, { roundTripMs: 40, lossFraction: 0.25, estimate: 2_000_000 });
    const sampler = samplerOf([sessionOf(0), known, sessionOf(0, { roundTripMs: 1, estimate: 1 }, 'connecting')]);
    sampler.sample(0);
    expect([sampler.roundTrips.total, sampler.roundTrips.totalSum]).toEqual([1, 40]);
    expect([sampler.losses.total, sampler.losses.totalSum]).toEqual([1, 0.25]);
    expect([sampler.estimates.total, sampler.estimates.totalSum]).toEqual([1, 2_000_000]);
  });
});
