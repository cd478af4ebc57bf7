import type { Measurement } from '../figures.ts';

/** Figures of a comparison are named `sender: figure`. The senders in their order. */
export function sendersOf({ figures }: Measurement): string[] {
  return [...new Set(figures.map(({ name }) => name.split(': ')[0] ?? ''))];
}
