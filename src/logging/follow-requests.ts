import { Logger } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';

import { inRequest } from './request-context.js';

type FastifyInstance = ReturnType<ReturnType<NestFastifyApplication['getHttpAdapter']>['getInstance']>;

const MAX_PATH_CHARACTERS = 200;

/**
 * Gives every answer its request's id, every line that is written in the course of a request the same, and each request a line at the level
 * `debug`. The adapter must have been created with `genReqId: requestIdOf`.
 */
export function followRequests(app: NestFastifyApplication): void {
  const fastify: FastifyInstance = app.getHttpAdapter().getInstance();
  const logger = new Logger('Http');
  fastify.addHook('onRequest', (request, reply, done) => {
    reply.header('x-request-id', request.id);
    inRequest(request.id, done);
  });
  // Once more behind the body: it comes in events of the socket, which know nothing of the request.
  fastify.addHook('preValidation', (request, _reply, done) => inRequest(request.id, done));
  fastify.addHook('onResponse', (request, reply, done) => {
    const path = pathOf(request.url);
    const durationMs = Math.round(reply.elapsedTime * 10) / 10;
    logger.debug(`${request.method} ${path} answered ${reply.statusCode} after ${durationMs} ms`, {
      method: request.method,
      path,
      status: reply.statusCode,
      duration_ms: durationMs,
      request_id: request.id,
    });
    done();
  });
}

/** Without the query, which may hold a secret. */
function pathOf(url: string): string {
  return (url.split('?', 1)[0] ?? '').slice(0, MAX_PATH_CHARACTERS);
}
