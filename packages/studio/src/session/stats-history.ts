import type { StreamStats } from '@telefuser/stream-client';
import { Store } from './store.ts';

/** An hour of one sample a second; then the oldest go. */
const MAX_SAMPLES = 3600;

/** All statistics of a session, oldest first. */
export class StatsHistory {
  readonly samples = new Store<readonly StreamStats[]>([]);

  add(stats: StreamStats): void {
    this.samples.update((samples) => [...samples.slice(1 - MAX_SAMPLES), stats]);
  }

  clear(): void {
    this.samples.set([]);
  }
}
