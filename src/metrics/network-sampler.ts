import { Injectable, type OnModuleDestroy, type OnModuleInit } from '@nestjs/common';

import { Histogram } from '../common/index.js';
import { sentBytes, SessionRegistry, type Session } from '../sessions/index.js';

const PERIOD_MS = 1000;
const BITRATES = [100_000, 250_000, 500_000, 1e6, 1.5e6, 2e6, 3e6, 4e6, 6e6, 8e6, 12e6, 16e6, 32e6, 64e6];
const ROUND_TRIPS_MS = [2, 5, 10, 20, 30, 50, 75, 100, 150, 200, 300, 500, 1000, 2000];
const LOSSES = [0, 0.001, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5];

interface Reading {
  readonly atMs: number;
  readonly bytes: number;
}

/**
 * Looks once a second at the network of each connected session and keeps what it saw as distributions over all of them, so that a thousand
 * viewers make no more series than one.
 */
@Injectable()
export class NetworkSampler implements OnModuleInit, OnModuleDestroy {
  /** Milliseconds. */
  readonly roundTrips = new Histogram(ROUND_TRIPS_MS);
  /** Share of the packets, 0 to 1. */
  readonly losses = new Histogram(LOSSES);
  /** Bits a second that a viewer's network is thought to take. */
  readonly estimates = new Histogram(BITRATES);
  /** Bits a second that were sent to a viewer. */
  readonly bitrates = new Histogram(BITRATES);
  private readonly readings = new WeakMap<Session, Reading>();
  private timer: NodeJS.Timeout | undefined;

  constructor(private readonly registry: SessionRegistry) {}

  onModuleInit(): void {
    this.timer = setInterval(() => this.sample(performance.now()), PERIOD_MS);
    this.timer.unref();
  }

  onModuleDestroy(): void {
    clearInterval(this.timer);
  }

  /** One look at every session. */
  sample(nowMs: number): void {
    for (const session of this.registry.open()) if (session.state === 'live') this.observe(session, nowMs);
  }

  private observe(session: Session, nowMs: number): void {
    const { roundTripMs, lossFraction, estimate } = session.network;
    // Until the client has reported, neither is known.
    if (roundTripMs !== undefined) {
      this.roundTrips.record(roundTripMs);
      this.losses.record(lossFraction);
    }
    if (estimate !== undefined) this.estimates.record(estimate);
    const reading = { atMs: nowMs, bytes: sentBytes(session.traffic) };
    const last = this.readings.get(session);
    this.readings.set(session, reading);
    if (last !== undefined && nowMs > last.atMs)
      this.bitrates.record(((reading.bytes - last.bytes) * 8000) / (nowMs - last.atMs));
  }
}
