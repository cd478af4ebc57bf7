import { setTimeout as sleep } from 'node:timers/promises';

/** Deadline of a wait that names none: a machine may be slow, and have other tests to run. */
const DEFAULT_TIMEOUT_MS = 15_000;
const POLL_INTERVAL_MS = 10;

/**
 * Polls `probe` until it returns something that is neither undefined nor false, and returns that.
 *
 * @param what completes "timed out waiting for …"; a function says what is there instead.
 * @throws after `timeoutMs`.
 */
export async function waitFor<T>(
  what: string | (() => string),
  probe: () => T | Promise<T>,
  timeoutMs = DEFAULT_TIMEOUT_MS,
): Promise<Exclude<T, undefined | false>> {
  const endsAt = performance.now() + timeoutMs;
  for (;;) {
    const result = await probe();
    if (result !== undefined && result !== false) return result as Exclude<T, undefined | false>;
    if (performance.now() >= endsAt)
      throw new Error(`timed out after ${timeoutMs} ms waiting for ${typeof what === 'string' ? what : what()}`);
    await sleep(POLL_INTERVAL_MS);
  }
}

/** The promise's result, or an error that names what did not come. */
export async function within<T>(what: string, promise: Promise<T>, timeoutMs = DEFAULT_TIMEOUT_MS): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`timed out after ${timeoutMs} ms waiting for ${what}`)), timeoutMs);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
