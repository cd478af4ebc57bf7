import { createContext, Script, type Context } from 'node:vm';

const CALL = new Script('work()');
let context: Context | undefined;

/** The work took longer than it may. */
export class TimeLimitError extends Error {
  override readonly name = 'TimeLimitError';
}

/**
 * The result of work that runs at once, on this thread, and is ended when it takes too long: also within a regular expression that backtracks
 * without end, which nothing else in JavaScript can interrupt. The work may be anywhere when it ends, so let it change nothing that is kept.
 *
 * @throws TimeLimitError, or what the work throws
 */
export function withTimeLimit<Result>(work: () => Result, limitMs: number): Result {
  // The context isolates nothing here; Node interrupts only what it runs in one.
  context ??= createContext({ work: undefined });
  context['work'] = work;
  try {
    return CALL.runInContext(context, { timeout: limitMs }) as Result;
  } catch (error) {
    if ((error as { code?: unknown } | undefined)?.code !== 'ERR_SCRIPT_EXECUTION_TIMEOUT') throw error;
    throw new TimeLimitError(`it took longer than ${limitMs} ms`, { cause: error });
  } finally {
    context['work'] = undefined;
  }
}
