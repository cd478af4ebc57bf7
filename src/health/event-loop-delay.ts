import { Injectable, type OnModuleDestroy, type OnModuleInit } from '@nestjs/common';

import { type Histogram } from '../common/index.js';
import { LatencyHistogram } from '../sessions/index.js';

/** How often the loop is looked at, ms. */
const PERIOD_MS = 50;
/** What is told of the last time is put together from so many parts of it, the current one not counted. */
const KEPT_SLOTS = 5;
const SLOT_MS = 10_000;

/** By how much the loop that sends packets was late, in a window of time. */
export interface LoopDelay {
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
  readonly windowSeconds: number;
}

interface Slot {
  readonly beganAtMs: number;
  readonly delays: LatencyHistogram;
}

/**
 * Measures how late the event loop is: what waits in it are packets. Who reads it takes nothing from who reads it next, so there may be any
 * number of readers.
 */
@Injectable()
export class EventLoopDelay implements OnModuleInit, OnModuleDestroy {
  private readonly total = new LatencyHistogram();
  private slots: Slot[] = [{ beganAtMs: performance.now(), delays: new LatencyHistogram() }];
  private timer: NodeJS.Timeout | undefined;
  private lookedAtMs = performance.now();

  onModuleInit(): void {
    this.lookedAtMs = performance.now();
    this.timer = setInterval(() => this.look(), PERIOD_MS);
    this.timer.unref();
  }

  onModuleDestroy(): void {
    clearInterval(this.timer);
  }

  /** Every look since the start, milliseconds. */
  get sinceStart(): Histogram {
    return this.total;
  }

  /** The last minute; at the start what there is of it. */
  get lately(): LoopDelay {
    const all = new LatencyHistogram();
    for (const { delays } of this.slots) all.add(delays);
    const { p50Ms = 0, p99Ms = 0, maxMs = 0 } = all.summary();
    const beganAtMs = this.slots[0]?.beganAtMs ?? this.lookedAtMs;
    return { p50Ms, p99Ms, maxMs, windowSeconds: (performance.now() - beganAtMs) / 1000 };
  }

  private look(): void {
    const nowMs = performance.now();
    const delayMs = nowMs - this.lookedAtMs - PERIOD_MS;
    this.lookedAtMs = nowMs;
    this.total.record(delayMs);
    this.currentSlot(nowMs).delays.record(delayMs);
  }

  private currentSlot(nowMs: number): Slot {
    const last = this.slots.at(-1);
    if (last !== undefined && nowMs - last.beganAtMs < SLOT_MS) return last;
    const next = { beganAtMs: nowMs, delays: new LatencyHistogram() };
    this.slots = [...this.slots.slice(-KEPT_SLOTS), next];
    return next;
  }
}
