import { Injectable, type OnModuleDestroy, type OnModuleInit } from '@nestjs/common';
import { monitorEventLoopDelay } from 'node:perf_hooks';

/** How often the loop is looked at, ms. */
const RESOLUTION_MS = 10;

/** By how much the loop that sends packets was late, in a window of time. */
export interface LoopDelay {
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
  readonly windowSeconds: number;
}

/** Measures how late the event loop is: what waits in it are packets. */
@Injectable()
export class EventLoopDelay implements OnModuleInit, OnModuleDestroy {
  private readonly histogram = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  private sinceMs = performance.now();

  onModuleInit(): void {
    this.histogram.enable();
    this.sinceMs = performance.now();
  }

  onModuleDestroy(): void {
    this.histogram.disable();
  }

  /** The delay since the last call, or since the start; the next window begins now. */
  take(): LoopDelay {
    const nowMs = performance.now();
    const { histogram } = this;
    const window = {
      p50Ms: lateness(histogram.percentile(50)),
      p99Ms: lateness(histogram.percentile(99)),
      maxMs: lateness(histogram.max),
      windowSeconds: (nowMs - this.sinceMs) / 1000,
    };
    histogram.reset();
    this.sinceMs = nowMs;
    return window;
  }
}

/** The histogram holds the whole time from one look to the next, in nanoseconds. */
function lateness(nanoseconds: number): number {
  return Math.max(0, nanoseconds / 1e6 - RESOLUTION_MS);
}
