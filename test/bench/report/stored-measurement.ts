import type { Measurement } from '../figures.ts';
import type { Machine } from '../machine.ts';

/** A measurement and its circumstances. */
export interface StoredMeasurement extends Measurement {
  readonly machine: Machine;
}
