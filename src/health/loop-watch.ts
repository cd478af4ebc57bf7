import { Injectable, type OnModuleDestroy, type OnModuleInit } from '@nestjs/common';

const LOOK_EVERY_MS = 500;
/** A loop that is so late lets every picture stutter, and answers a probe with the usual timeout of a second too late. */
const LATE_MS = 1000;
/** What is late for so long, without a break, does not recover by itself. */
const STUCK_AFTER_MS = 30_000;

/** `late`: the loop runs, but what waits in it waits too long. `stuck`: it has done so for long. */
export type LoopState = 'in-time' | 'late' | 'stuck';

/** Judges the event loop by how late its looks are. Pure: time comes in. */
export class LoopLateness {
  private lateSinceMs: number | undefined;

  constructor(private lookedAtMs: number) {}

  /** Since when every look was late, by the last look. */
  look(nowMs: number): void {
    const lateMs = nowMs - this.lookedAtMs - LOOK_EVERY_MS;
    this.lookedAtMs = nowMs;
    // From the look and not from when it was due: a machine that slept for an hour was late once.
    if (lateMs < LATE_MS) this.lateSinceMs = undefined;
    else this.lateSinceMs ??= nowMs;
  }

  state(nowMs: number): LoopState {
    if (this.lateSinceMs === undefined) return 'in-time';
    return nowMs - this.lateSinceMs < STUCK_AFTER_MS ? 'late' : 'stuck';
  }
}

/**
 * Watches the loop that sends packets and answers probes. A loop that does not run at all cannot say so; that is seen by whoever gets no answer.
 * This is for one that runs and is of no use.
 */
@Injectable()
export class LoopWatch implements OnModuleInit, OnModuleDestroy {
  private readonly lateness = new LoopLateness(performance.now());
  private timer: NodeJS.Timeout | undefined;

  get state(): LoopState {
    return this.lateness.state(performance.now());
  }

  onModuleInit(): void {
    this.lateness.look(performance.now());
    this.timer = setInterval(() => this.lateness.look(performance.now()), LOOK_EVERY_MS).unref();
  }

  onModuleDestroy(): void {
    clearInterval(this.timer);
  }
}
