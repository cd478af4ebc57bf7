import type { ProcessPort } from './server.port.js';

/**
 * A terminal sends Ctrl-C to the whole process group, and npm and `bin/telefuser.js` pass it on as well, so that one press arrives
 * several times. What comes within this time counts as the same signal.
 */
const SAME_SIGNAL_MS = 500;
const SIGNAL_NUMBERS = { SIGINT: 2, SIGTERM: 15 } as const;

/** What the signals begin. */
export interface EndPhases {
  /** Resolves when nothing is left to wait for; `close` follows. */
  readonly drain: () => Promise<void>;
  /** Begins to close everything. */
  readonly close: () => void;
}

/**
 * Ends the process in steps: SIGTERM drains and then closes, SIGINT closes at once, since whoever presses Ctrl-C waits for it. A further signal,
 * whichever, cuts a drain short, and during the close it ends the process at once with 128 + its number.
 *
 * Nest's own shutdown hooks are not used: they ignore a second signal, and as PID 1 they would wait for ever for a signal that the
 * kernel does not deliver to a process without a handler.
 */
export function endOnSignal(
  process: ProcessPort,
  { drain, close }: EndPhases,
  now: () => number = () => performance.now(),
): void {
  let phase: 'serving' | 'draining' | 'closing' = 'serving';
  let lastAt = Number.NEGATIVE_INFINITY;
  const beginClose = (): void => {
    if (phase === 'closing') return;
    phase = 'closing';
    close();
  };
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => {
      if (now() - lastAt <= SAME_SIGNAL_MS) return;
      lastAt = now();
      if (phase === 'closing') {
        process.exit(128 + SIGNAL_NUMBERS[signal]);
      } else if (phase === 'serving' && signal === 'SIGTERM') {
        phase = 'draining';
        drain().then(beginClose, beginClose);
      } else {
        beginClose();
      }
    });
  }
}
