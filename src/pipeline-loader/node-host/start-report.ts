import type { StartProgress } from '../protocol/messages.js';

/** A pipeline may report each of a million steps; the server hears of ten a second. */
const INTERVAL_MS = 100;
const MAX_CHARACTERS = 200;

/** What a pipeline says of its start, on its way to the server: thinned, the last word always among it. */
export class StartReport {
  #ended = false;
  #sentAtMs = Number.NEGATIVE_INFINITY;
  #waiting: StartProgress | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(private readonly send: (progress: StartProgress) => void) {}

  /** See `ReportProgress`. Never throws, whatever it is given: a start shall not fail because of a word about it. */
  say(fraction: unknown, message?: unknown): void {
    const progress = readProgress(fraction, message);
    if (this.#ended || progress === undefined) return;
    const waitMs = this.#sentAtMs + INTERVAL_MS - performance.now();
    if (waitMs <= 0) {
      this.#send(progress);
      return;
    }
    this.#waiting = progress;
    this.#timer ??= setTimeout(() => {
      if (this.#waiting !== undefined) this.#send(this.#waiting);
    }, waitMs);
  }

  /** The service has started; nothing is said of that any more. */
  end(): void {
    this.#ended = true;
    clearTimeout(this.#timer);
  }

  #send(progress: StartProgress): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#waiting = undefined;
    this.#sentAtMs = performance.now();
    this.send(progress);
  }
}

function readProgress(fraction: unknown, message: unknown): StartProgress | undefined {
  const known = typeof fraction === 'number' && Number.isFinite(fraction);
  const said = typeof message === 'string' && message.trim() !== '';
  if (!known && !said) return undefined;
  return {
    ...(known ? { fraction: Math.min(1, Math.max(0, fraction)) } : {}),
    ...(said ? { text: message.slice(0, MAX_CHARACTERS) } : {}),
  };
}
