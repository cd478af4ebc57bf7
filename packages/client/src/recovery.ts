import { retryDelayMs } from './back-off.js';
import { textOf } from './http-api.js';
import type { LogEvent, ReconnectOptions } from './options.js';
import { StreamError, throwIfAborted } from './stream-error.js';
import { pause } from './waiting.js';

const GIVE_UP_AFTER_MS = 120_000;
const MIN_DELAY_MS = 100;
const ATTEMPT_TIMEOUT_MS = 2000;
/** Restarts that the server answered and that found no path; then the session itself is in doubt. */
const MAX_PATHLESS_RESTARTS = 2;

/** What a way back is made of. */
export interface RecoverySteps {
  /** Whether media can flow. */
  isConnected(): boolean;
  /** The same session by another path; `timeoutMs` is for the server's answer. @throws StreamError */
  restartIce(signal: AbortSignal, timeoutMs: number): Promise<void>;
  /** Another session in its place. @throws StreamError */
  openAnother(signal: AbortSignal, timeoutMs: number): Promise<void>;
  log(event: LogEvent, message: string, error?: StreamError): void;
}

/** What was lost, and what came before. */
export interface Loss {
  readonly error: StreamError;
  /** When the trouble began, `performance.now()`. */
  readonly sinceMs: number;
  /** Sessions in a row that were opened since, and lost soon after. */
  readonly shortLives: number;
}

export type RecoveryOutcome = 'recovered' | 'restarted' | 'reopened';

/**
 * Finds the way back after a connection was lost: first by restarting ICE, by which the session goes on, and where the server no longer has the
 * session by opening another. It tries again and again, at first in quick succession, until it succeeds, is refused for good, or gives up. Sessions that
 * are lost as soon as they are opened count as failed tries, so that a pipeline that always crashes is not asked without pause, nor for ever.
 */
export class Recovery {
  readonly #steps: RecoverySteps;
  readonly #options: ReconnectOptions;
  readonly #wake = new EventTarget();
  #attempt = new AbortController();
  #canRestart: boolean;
  /** A restart was sent, and nobody knows whether the server has it: then it uses the old path for a few seconds only. */
  #isUnanswered = false;

  /** @param isGone whether the server has the session no longer */
  constructor(steps: RecoverySteps, options: ReconnectOptions, isGone: boolean) {
    this.#steps = steps;
    this.#options = options;
    this.#canRestart = !isGone;
  }

  /** The server has the session no longer. */
  sessionGone(error: StreamError): void {
    if (!this.#canRestart) return;
    this.#canRestart = false;
    this.#attempt.abort(error);
    this.wake();
  }

  /** Something has changed: a wait ends here. */
  wake(): void {
    this.#wake.dispatchEvent(new Event('wake'));
  }

  /** @throws StreamError `reconnect-failed`, one that another try would not mend, or what `signal` was aborted with */
  async run(signal: AbortSignal, { error: lostBy, sinceMs, shortLives }: Loss): Promise<RecoveryOutcome> {
    const { giveUpAfterMs = GIVE_UP_AFTER_MS, minDelayMs = MIN_DELAY_MS, maxDelayMs } = this.#options;
    let failures = shortLives;
    const wait = async (error: StreamError): Promise<void> => {
      const lostForMs = performance.now() - sinceMs;
      if (lostForMs >= giveUpAfterMs) throw gaveUp(lostForMs, error);
      const delayMs = retryDelayMs({ minDelayMs, maxDelayMs }, failures, lostForMs, error.retryAfterMs, Math.random());
      this.#steps.log('waiting', `The next try is in ${Math.round(delayMs)} ms.`);
      await pause(delayMs, signal, this.#wake);
    };
    if (failures > 0) await wait(lostBy);
    for (let pathless = 0; ;) {
      const isRestart = this.#canRestart;
      try {
        return await this.#try(signal);
      } catch (cause) {
        throwIfAborted(signal);
        const error = cause instanceof StreamError ? cause : new StreamError('connection-failed', `${textOf(cause)}.`, { cause });
        this.#steps.log(
          'attempt-failed',
          `${isRestart ? 'Restarting ICE' : 'Opening another session'} failed: ${error.message}`,
          error,
        );
        if (isRestart) {
          if (error.code === 'connection-failed') pathless += 1;
          // What the server refused, it refuses again; what did not reach it may reach it later.
          if (!isForLater(error) || pathless >= MAX_PATHLESS_RESTARTS) {
            this.#canRestart = false;
            continue;
          }
        } else if (!error.retryable) throw error;
        failures += 1;
        await wait(error);
      }
    }
  }

  async #try(signal: AbortSignal): Promise<RecoveryOutcome> {
    const { attemptTimeoutMs = ATTEMPT_TIMEOUT_MS } = this.#options;
    if (!this.#canRestart) {
      this.#steps.log('opening-another-session', 'The session is gone: another one is opened with the same parameters.');
      await this.#steps.openAnother(signal, attemptTimeoutMs);
      return 'reopened';
    }
    if (this.#steps.isConnected() && !this.#isUnanswered) return 'recovered';
    this.#attempt = new AbortController();
    this.#isUnanswered = true;
    this.#steps.log('restarting-ice', 'Another path to the server is looked for.');
    await this.#steps.restartIce(AbortSignal.any([signal, this.#attempt.signal]), attemptTimeoutMs);
    return 'restarted';
  }
}

/** Whether a restart may succeed later, although it failed now. */
function isForLater({ code, problem }: StreamError): boolean {
  if (code === 'rate-limited' || code === 'identity-unavailable') return true;
  return problem === undefined && ['server-unreachable', 'timeout', 'connection-failed'].includes(code);
}

function gaveUp(lostForMs: number, cause: StreamError): StreamError {
  const seconds = Math.round(lostForMs / 1000);
  return new StreamError(
    'reconnect-failed',
    `The connection was lost ${seconds} seconds ago and did not come back: ${cause.message}`,
    {
      cause,
    },
  );
}
