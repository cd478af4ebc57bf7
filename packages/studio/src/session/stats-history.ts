import type { StreamStats } from '@telefuser/stream-client';
import { CHART_SAMPLES } from '../charts/series.ts';
import { Store } from './store.ts';

/** A sample has a few kilobytes; there may be sixteen sessions side by side, for days. */
export const MAX_SAMPLES = 600;

/** The statistics of a session, oldest first: all of the last minutes, and of the time before evenly as many as there is room for. */
export class StatsHistory {
  readonly samples = new Store<readonly StreamStats[]>([]);
  /** Those that no chart shows any more: each `#stride`th. */
  #old: readonly StreamStats[] = [];
  #recent: readonly StreamStats[] = [];
  #stride = 1;
  #left = 0;

  add(stats: StreamStats): void {
    const [leaving] = this.#recent.length < CHART_SAMPLES ? [] : this.#recent;
    this.#recent = [...this.#recent.slice(1 - CHART_SAMPLES), stats];
    if (leaving !== undefined) this.#keepOld(leaving);
    this.samples.set([...this.#old, ...this.#recent]);
  }

  clear(): void {
    this.#old = [];
    this.#recent = [];
    this.#stride = 1;
    this.#left = 0;
    this.samples.set([]);
  }

  #keepOld(stats: StreamStats): void {
    if (this.#left % this.#stride === 0) this.#old = [...this.#old, stats];
    this.#left += 1;
    if (this.#old.length <= MAX_SAMPLES - CHART_SAMPLES) return;
    this.#old = this.#old.filter((_, index) => index % 2 === 0);
    this.#stride *= 2;
  }
}
