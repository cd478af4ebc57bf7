import { createContext, Script, type Context } from 'node:vm';

const CALL = new Script('work()');
/** On a machine that is busy with others; what has not had its time after so many is not tried again. */
const MAX_ATTEMPTS = 20;
/** Of the limit: who had so much of it had his time. */
const OWN_SHARE = 0.8;
const MICROSECONDS = 1000;
let context: Context | undefined;

/** The work took longer than it may. */
export class TimeLimitError extends Error {
  override readonly name = 'TimeLimitError';
}

/**
 * The result of work that runs at once, on this thread, and is ended when it has taken too much of the processor's time: also within a regular
 * expression that backtracks without end, which nothing else in JavaScript can interrupt. The work may be anywhere when it ends, and be begun
 * again because the machine had no time for it, so let it change nothing that is kept.
 *
 * @throws TimeLimitError, or what the work throws
 */
export function withTimeLimit<Result>(work: () => Result, limitMs: number): Result {
  const began = process.threadCpuUsage();
  for (let attempt = 1; ; attempt += 1) {
    try {
      return callWithin(work, limitMs);
    } catch (error) {
      if ((error as { code?: unknown } | undefined)?.code !== 'ERR_SCRIPT_EXECUTION_TIMEOUT') throw error;
      // Node counts the time of the clock on the wall; a thread that did not run meanwhile has not had its time.
      const { user, system } = process.threadCpuUsage(began);
      if ((user + system) / MICROSECONDS < limitMs * OWN_SHARE && attempt < MAX_ATTEMPTS) continue;
      throw new TimeLimitError(`it took longer than ${limitMs} ms`, { cause: error });
    }
  }
}

function callWithin<Result>(work: () => Result, timeoutMs: number): Result {
  // The context isolates nothing here; Node interrupts only what it runs in one.
  context ??= createContext({ work: undefined });
  context['work'] = work;
  try {
    return CALL.runInContext(context, { timeout: timeoutMs }) as Result;
  } finally {
    context['work'] = undefined;
  }
}
