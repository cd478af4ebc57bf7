import { type ArgumentsHost, Catch, type ExceptionFilter, HttpException, Injectable, Logger } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';

import { PROBLEM_MEDIA_TYPE } from './api-problems.decorator.js';
import { PROBLEM_CATALOGUE, type ProblemCode } from './catalogue.js';
import { Problem } from './problem.js';

/** What the framework's own refusals (no route, bad JSON, too large …) are called in our catalogue. */
const CODE_OF_STATUS: ReadonlyMap<number, ProblemCode> = new Map([
  [404, 'not-found'],
  [405, 'not-found'],
  [409, 'session-conflict'],
  [413, 'body-too-large'],
  [415, 'unsupported-media-type'],
  [422, 'validation-failed'],
  [503, 'service-not-running'],
]);

/**
 * The one place where a failure becomes an answer: a `Problem` as it is, a refusal of Nest or Fastify by its status, and anything
 * else as `internal-error`, which is logged with its stack and answered without detail.
 */
@Injectable()
@Catch()
export class ProblemFilter implements ExceptionFilter {
  private readonly logger = new Logger('Http');

  /** @param refused is told of every failure, with the request that met it, before it is answered. */
  constructor(
    private readonly adapterHost: HttpAdapterHost,
    private readonly refused: (request: unknown, error: unknown) => void = () => undefined,
  ) {}

  catch(error: unknown, host: ArgumentsHost): void {
    const { httpAdapter } = this.adapterHost;
    const http = host.switchToHttp();
    const response: unknown = http.getResponse();
    const { id } = http.getRequest<{ readonly id?: string }>();
    const problem = toProblem(error);
    this.refused(http.getRequest<unknown>(), error);
    if (problem.code === 'internal-error') this.logUnexpected(error, host);
    // A stream that fails half-way has its status sent already; there is nothing left to answer with.
    if (httpAdapter.isHeadersSent(response) === true) {
      httpAdapter.end(response);
      return;
    }
    httpAdapter.setHeader(response, 'content-type', PROBLEM_MEDIA_TYPE);
    if (problem.retryAfterSeconds !== undefined)
      httpAdapter.setHeader(response, 'retry-after', String(problem.retryAfterSeconds));
    for (const [name, value] of Object.entries(problem.headers)) httpAdapter.setHeader(response, name, value);
    // As text, because Nest's Fastify adapter would set the content type back to plain JSON for an object with a `status`.
    httpAdapter.reply(response, JSON.stringify(problem.toDocument(id)), problem.status);
  }

  private logUnexpected(error: unknown, host: ArgumentsHost): void {
    const request = host.switchToHttp().getRequest<{ method?: string; url?: string }>();
    const what = `${request.method ?? '?'} ${(request.url ?? '?').slice(0, 200)}`;
    const cause = error instanceof Problem ? (error.cause ?? error) : error;
    this.logger.error(`${what} failed unexpectedly: ${String(cause)}`, cause instanceof Error ? cause.stack : undefined);
  }
}

/** Translates anything that was thrown into the problem that is answered. Pure. */
export function toProblem(error: unknown): Problem {
  if (error instanceof Problem) return error.code === 'internal-error' ? unexpected(error) : error;
  const status = statusOf(error);
  if (status === undefined || (status >= 500 && status !== 503)) return unexpected(error);
  return new Problem(CODE_OF_STATUS.get(status) ?? 'malformed-request', sentence((error as Error).message), { cause: error });
}

function unexpected(cause: unknown): Problem {
  return new Problem('internal-error', PROBLEM_CATALOGUE['internal-error'].example, { cause });
}

/** The status that Nest (`getStatus()`) or Fastify (`statusCode`, with a code `FST_…`) chose; undefined for any other error. */
function statusOf(error: unknown): number | undefined {
  if (error instanceof HttpException) return error.getStatus();
  if (!(error instanceof Error)) return undefined;
  const { code, statusCode } = error as Error & { code?: unknown; statusCode?: unknown };
  const isFastifys = typeof code === 'string' && code.startsWith('FST_') && typeof statusCode === 'number';
  return isFastifys && statusCode >= 400 ? statusCode : undefined;
}

function sentence(text: string): string {
  return /[.!?]$/u.test(text) ? text : `${text}.`;
}
