import { aborted } from './stream-error.js';

/**
 * Resolves when one of `events` was fired and `isSo` holds; at once when it holds already. Rejects with `aborted`, or the signal's own `StreamError`.
 */
export function until(
  target: EventTarget,
  events: string | readonly string[],
  isSo: () => boolean,
  { signal }: { readonly signal?: AbortSignal | undefined } = {},
): Promise<void> {
  const names = typeof events === 'string' ? [events] : events;
  return new Promise((resolve, reject) => {
    const done = (): void => {
      for (const name of names) target.removeEventListener(name, look);
      signal?.removeEventListener('abort', stop);
    };
    const stop = (): void => {
      done();
      if (signal !== undefined) reject(aborted(signal));
    };
    const look = (): void => {
      if (!isSo()) return;
      done();
      resolve();
    };
    if (signal?.aborted === true) {
      stop();
      return;
    }
    for (const name of names) target.addEventListener(name, look);
    signal?.addEventListener('abort', stop);
    look();
  });
}

/** Resolves after a time; rejects as `until` does. `wake` ends the wait early. */
export function pause(ms: number, signal: AbortSignal, wake: EventTarget = new EventTarget(), event = 'wake'): Promise<void> {
  const clock = new EventTarget();
  let over = false;
  const end = (): void => {
    over = true;
    clock.dispatchEvent(new Event('over'));
  };
  const timer = setTimeout(end, ms);
  wake.addEventListener(event, end, { once: true });
  return until(clock, 'over', () => over, { signal }).finally(() => {
    clearTimeout(timer);
    wake.removeEventListener(event, end);
  });
}
