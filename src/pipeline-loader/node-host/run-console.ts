import { AsyncLocalStorage } from 'node:async_hooks';
import { format } from 'node:util';
import type { HostLogLevel, HostMessage } from '../protocol/messages.js';

/** As of a line on stdout. */
const MAX_CHARACTERS = 2000;
/** More than that goes the usual way, by stdout and stderr, where a flood is slowed down: the pipe is there for the media. */
const MAX_LINES_PER_SECOND = 200;

/** The methods of a console by the level of what they say. */
const LEVELS = { debug: 'debug', log: 'info', info: 'info', warn: 'warn', error: 'error' } as const satisfies Record<
  string,
  HostLogLevel
>;
type Method = keyof typeof LEVELS;

/** The run that the code of the pipeline works for, as far as it was called for one. */
const currentRun = new AsyncLocalStorage<number>();

/** Calls the pipeline for a run: what it says meanwhile, and in whatever it sets off, is said for that run. */
export function forRun<Result>(run: number, work: () => Result): Result {
  return currentRun.run(run, work);
}

/** Has what a pipeline says by `target` while it works for a run sent to the server's log, with its session and level. */
export function attributeConsole(
  target: Pick<Console, Method>,
  send: (message: HostMessage) => unknown,
  now: () => number = () => performance.now(),
): void {
  let secondBeganAt = Number.NEGATIVE_INFINITY;
  let lines = 0;
  const hasRoom = (): boolean => {
    if (now() - secondBeganAt >= 1000) {
      secondBeganAt = now();
      lines = 0;
    }
    lines += 1;
    return lines <= MAX_LINES_PER_SECOND;
  };
  for (const method of Object.keys(LEVELS) as Method[]) {
    const print = target[method].bind(target);
    target[method] = (...values: unknown[]) => {
      const run = currentRun.getStore();
      if (run === undefined || !hasRoom()) print(...values);
      else send({ type: 'log', level: LEVELS[method], run, text: shortened(format(...values)) });
    };
  }
}

function shortened(text: string): string {
  return text.length > MAX_CHARACTERS ? `${text.slice(0, MAX_CHARACTERS)}…` : text;
}
