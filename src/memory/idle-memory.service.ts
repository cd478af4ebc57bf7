import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

import { Injectable, Logger, type OnModuleDestroy, type OnModuleInit } from '@nestjs/common';
import { SessionSlots } from '../sessions/index.js';
import { trimNativeHeap } from './native-heap.js';

/** So long after the last session the next one is not on its way. */
const QUIET_MS = 2000;
/** Fewer leave too little to be worth a pause. */
const WORTH_SESSIONS = 10;

/**
 * Gives memory back when there is nothing to do. What a session leaves is garbage until V8 collects it, which a server without sessions has no
 * reason to do; and what is free then stays with the C library. Together that is 40 MiB after some hundred sessions. The pause it takes is a
 * tenth of a second, and nobody watches.
 */
@Injectable()
export class IdleMemory implements OnModuleInit, OnModuleDestroy {
  private readonly logger = new Logger(IdleMemory.name);
  private sessionsAtRelease = 0;
  private timer: NodeJS.Timeout | undefined;
  private released = 0;
  private stopWatching: (() => void) | undefined;

  constructor(private readonly slots: SessionSlots) {}

  onModuleInit(): void {
    this.stopWatching = this.slots.onIdle(() => {
      clearTimeout(this.timer);
      this.timer = setTimeout(() => this.look(), QUIET_MS).unref();
    });
  }

  onModuleDestroy(): void {
    this.stopWatching?.();
    clearTimeout(this.timer);
  }

  /** How often memory was given back. */
  get releases(): number {
    return this.released;
  }

  private look(): void {
    if (this.slots.inUse > 0 || this.slots.everTaken - this.sessionsAtRelease < WORTH_SESSIONS) return;
    this.sessionsAtRelease = this.slots.everTaken;
    const before = process.memoryUsage.rss();
    const startedAtMs = performance.now();
    collectGarbage();
    trimNativeHeap();
    this.released += 1;
    const [givenBack, tookMs] = [Math.max(0, before - process.memoryUsage.rss()), performance.now() - startedAtMs];
    this.logger.debug(`idle: gave back ${(givenBack / 2 ** 20).toFixed(1)} MiB in ${tookMs.toFixed(0)} ms`);
  }
}

/** Node has no call for it; a context that is made while V8 shows its own has. */
function collectGarbage(): void {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  setFlagsFromString('--no-expose-gc');
  collect();
}
