import { isatty } from 'node:tty';

import { ConsoleLogger, type LogLevel as NestLogLevel } from '@nestjs/common';

import type { Configuration, LogLevel } from './config/index.js';

const STDERR = 2;

const NEST_LEVELS: Readonly<Record<LogLevel, NestLogLevel[]>> = {
  error: ['fatal', 'error'],
  warn: ['fatal', 'error', 'warn'],
  info: ['fatal', 'error', 'warn', 'log'],
  debug: ['fatal', 'error', 'warn', 'log', 'debug', 'verbose'],
};

/** Nest's own account of its wiring: some fifty lines a start, of use only to who debugs the wiring. */
const WIRING_CONTEXTS: ReadonlySet<unknown> = new Set([
  'NestFactory',
  'InstanceLoader',
  'RoutesResolver',
  'RouterExplorer',
  'NestApplication',
]);

/**
 * The process's log: text or one JSON object a line, on stderr, so that stdout carries only what a program may read (the line
 * that says where the server is).
 */
export class ProcessLogger extends ConsoleLogger {
  private readonly showsWiring: boolean;

  constructor({ logLevel, logFormat }: Pick<Configuration, 'logLevel' | 'logFormat'>) {
    super({
      logLevels: NEST_LEVELS[logLevel],
      json: logFormat === 'json',
      colors: logFormat === 'text' && isatty(STDERR),
    });
    this.showsWiring = logLevel === 'debug';
  }

  override log(message: unknown, ...rest: unknown[]): void {
    if (!this.showsWiring && WIRING_CONTEXTS.has(rest.at(-1))) return;
    super.log(message, ...rest);
  }

  /** Nest logs a failure to listen before it throws it; the caller reports it, once. */
  override error(message: unknown, ...rest: unknown[]): void {
    if (!this.showsWiring && WIRING_CONTEXTS.has(rest.at(-1))) return;
    super.error(message, ...rest);
  }

  protected override printMessages(
    messages: unknown[],
    context?: string,
    logLevel?: NestLogLevel,
    _stream?: 'stdout' | 'stderr',
    ...rest: [errorStack?: unknown, params?: Record<string, unknown>]
  ): void {
    super.printMessages(messages, context, logLevel, 'stderr', ...rest);
  }
}
