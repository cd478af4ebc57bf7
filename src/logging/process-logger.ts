import { isatty } from 'node:tty';

import { ConsoleLogger, type LoggerService, type LogLevel as NestLogLevel } from '@nestjs/common';
import { pino, type Logger as PinoLogger } from 'pino';

import type { Configuration, LogFormat, LogLevel } from '../config/index.js';
import { logLine, type LogFields, type LogLine } from './log-line.js';
import { requestFields } from './request-context.js';

const STDERR = 2;

const NEST_LEVELS: Readonly<Record<LogLevel, NestLogLevel[]>> = {
  error: ['fatal', 'error'],
  warn: ['fatal', 'error', 'warn'],
  info: ['fatal', 'error', 'warn', 'log'],
  debug: ['fatal', 'error', 'warn', 'log', 'debug', 'verbose'],
};

/** The names of levels that log collectors know. */
const PINO_LEVELS = { fatal: 'fatal', error: 'error', warn: 'warn', log: 'info', debug: 'debug', verbose: 'trace' } as const;

/** Nest's own account of its wiring: some fifty lines a start, of use only to who debugs the wiring. */
const WIRING_CONTEXTS: ReadonlySet<unknown> = new Set([
  'NestFactory',
  'InstanceLoader',
  'RoutesResolver',
  'RouterExplorer',
  'NestApplication',
]);

/**
 * The process's log, on stderr, so that stdout carries only what a program may read (the line that says where the server is): text for people,
 * or one JSON object a line for collectors. A line has the request in whose course it was written, and the fields that it was given:
 * `logger.log('opened', { session_id: 'demo-1' })`.
 */
export class ProcessLogger implements LoggerService {
  private readonly levels: ReadonlySet<NestLogLevel>;
  private readonly write: (line: LogLine) => void;

  constructor({ logLevel, logFormat }: Pick<Configuration, 'logLevel' | 'logFormat'>) {
    this.levels = new Set(NEST_LEVELS[logLevel]);
    this.write = WRITERS[logFormat]();
  }

  log(message: unknown, ...rest: unknown[]): void {
    this.take('log', message, rest);
  }

  fatal(message: unknown, ...rest: unknown[]): void {
    this.take('fatal', message, rest);
  }

  /** Nest logs a failure to listen before it throws it; the caller reports it, once. */
  error(message: unknown, ...rest: unknown[]): void {
    this.take('error', message, rest);
  }

  warn(message: unknown, ...rest: unknown[]): void {
    this.take('warn', message, rest);
  }

  debug(message: unknown, ...rest: unknown[]): void {
    this.take('debug', message, rest);
  }

  verbose(message: unknown, ...rest: unknown[]): void {
    this.take('verbose', message, rest);
  }

  private take(level: NestLogLevel, message: unknown, rest: readonly unknown[]): void {
    if (!this.levels.has(level)) return;
    const line = logLine(level, message, rest);
    const isWiring = (level === 'log' || level === 'error') && WIRING_CONTEXTS.has(line.context);
    if (isWiring && !this.levels.has('debug')) return;
    this.write({ ...line, fields: { ...line.fields, ...requestFields() } });
  }
}

const WRITERS: Readonly<Record<LogFormat, () => (line: LogLine) => void>> = { text: textWriter, json: jsonWriter };

/** Nest's own form, with the fields behind the text. */
function textWriter(): (line: LogLine) => void {
  const console = new StderrConsole({ logLevels: [...NEST_LEVELS.debug], colors: isatty(STDERR) });
  return ({ level, message, context, fields, stack }) => console.print(level, message, context, fields, stack);
}

class StderrConsole extends ConsoleLogger {
  print(level: NestLogLevel, message: unknown, context: string | undefined, fields: LogFields, stack: string | undefined): void {
    const pairs = Object.entries(fields).map(([name, value]) => ` ${name}=${value}`);
    // Behind the first line: a traceback is read from there.
    const text = typeof message === 'string' ? message.replace(/(?=\n|$)/u, () => pairs.join('')) : message;
    this.printMessages([text], context, level, 'stderr');
    if (stack !== undefined) this.printStackTrace(stack);
  }
}

/** Time first, the message last but for a stack; what a field holds never breaks the line, and an error keeps its causes. */
function jsonWriter(): (line: LogLine) => void {
  const logger: PinoLogger = pino(
    {
      level: 'trace',
      base: { pid: process.pid },
      messageKey: 'message',
      errorKey: 'error',
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    // Not a file descriptor, so that what is written here keeps its order with what others write to stderr.
    { write: (text) => process.stderr.write(text) },
  );
  return ({ level, message, context, fields, stack }) => {
    const error = message instanceof Error ? { error: message } : {};
    const text = message instanceof Error ? message.message : asText(message);
    logger[PINO_LEVELS[level]]({ context, ...fields, ...error, ...(stack === undefined ? {} : { stack }) }, text);
  };
}

function asText(message: unknown): string {
  if (typeof message === 'string') return message;
  try {
    return JSON.stringify(message) ?? String(message);
  } catch {
    return String(message);
  }
}
