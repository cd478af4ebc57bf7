import type { ProcessPort } from './server.port.js';

/**
 * A terminal sends Ctrl-C to the whole process group, and npm and `bin/telefuser.js` pass it on as well, so that one press arrives
 * several times. What comes within this time counts as the same signal.
 */
const SAME_SIGNAL_MS = 500;
const SIGNAL_NUMBERS = { SIGINT: 2, SIGTERM: 15 } as const;

/**
 * Calls `close` at the first SIGTERM or SIGINT; a second one ends the process at once with 128 + its number.
 *
 * Nest's own shutdown hooks are not used: they ignore a second signal, and as PID 1 they would wait for ever for a signal that the
 * kernel does not deliver to a process without a handler.
 */
export function closeOnSignal(process: ProcessPort, close: () => void, now: () => number = () => performance.now()): void {
  let firstAt: number | undefined;
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => {
      if (firstAt === undefined) {
        firstAt = now();
        close();
      } else if (now() - firstAt > SAME_SIGNAL_MS) {
        process.exit(128 + SIGNAL_NUMBERS[signal]);
      }
    });
  }
}
