/** How long to wait before the next try, milliseconds. Pure. */

export interface BackOff {
  readonly minDelayMs: number;
  readonly maxDelayMs: number | undefined;
}

/** While a network that was lost for a moment is to be found again quickly. */
const QUICK_MS = 15_000;
const QUICK_MAX_DELAY_MS = 1000;
const MAX_DELAY_MS = 10_000;

/**
 * Twice as long each time, from the second try on, with chance between half and the whole: of many viewers who lost the same server each comes
 * back at a moment of its own.
 * @param attempt number of failed tries, from 1
 * @param lostForMs since the connection was lost
 * @param askedMs what the server asked for (`Retry-After`); it is waited for in any case
 * @param chance from 0 to 1
 */
export function retryDelayMs(
  { minDelayMs, maxDelayMs }: BackOff,
  attempt: number,
  lostForMs: number,
  askedMs: number | undefined,
  chance: number,
): number {
  const most = maxDelayMs ?? (lostForMs < QUICK_MS ? QUICK_MAX_DELAY_MS : MAX_DELAY_MS);
  const doubled = Math.min(most, minDelayMs * 2 ** Math.min(attempt - 1, 30));
  return Math.max(doubled * (0.5 + chance / 2), askedMs ?? 0);
}
