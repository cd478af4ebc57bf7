import type { LogLevel } from '@nestjs/common';

/** What a line tells beside its text, by names in the style of the API: `session_id`. */
export type LogFields = Readonly<Record<string, string | number>>;

/** One entry of the log. */
export interface LogLine {
  readonly level: LogLevel;
  readonly message: unknown;
  /** The part of the server that speaks. */
  readonly context: string | undefined;
  readonly fields: LogFields;
  readonly stack: string | undefined;
}

/**
 * What Nest's `Logger` hands on behind the message: a stack (of an error), fields, and last the context; each may be missing.
 *
 * @param rest as `logger.error(message, stack, { session_id: 'demo-1' })` of a logger with a context makes it
 */
export function logLine(level: LogLevel, message: unknown, rest: readonly unknown[]): LogLine {
  const texts = rest.filter((part) => typeof part === 'string');
  const fields: LogFields = Object.assign({}, ...rest.filter(isFields)) as LogFields;
  const last = rest.at(-1);
  return {
    level,
    message,
    context: typeof last === 'string' ? last : undefined,
    fields,
    stack: texts.length > 1 ? texts[0] : undefined,
  };
}

function isFields(part: unknown): part is LogFields {
  return typeof part === 'object' && part !== null && Object.getPrototypeOf(part) === Object.prototype;
}
