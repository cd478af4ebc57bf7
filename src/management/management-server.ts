import type { AddressInfo } from 'node:net';

import { type INestApplicationContext, Logger, type LoggerService } from '@nestjs/common';
import { HttpAdapterHost, NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';

import { ProblemFilter } from '../common/index.js';
import type { Configuration } from '../config/index.js';
import { followRequests, requestIdOf } from '../logging/index.js';
import { ManagementListenError } from './management-listen.error.js';
import { ManagementModule } from './management.module.js';

const REQUEST_TIMEOUT_MS = 10_000;
/** No route takes a body. */
const MAX_BODY_BYTES = 1024;

/** The listener for orchestrators and monitoring. Its owner closes it, last of all, so that it can be asked until the end. */
export interface ManagementServer {
  /** With a slash at the end. */
  readonly url: string;
  close(): Promise<void>;
}

/**
 * The management listener: an application of its own with plain HTTP, without authentication, CORS or rate limits, in the same event
 * loop as the server, so that it answers when the server does.
 *
 * @param server whose providers the routes ask; need not listen yet
 * @returns undefined when no port is configured for it
 * @throws ManagementListenError
 */
export async function listenForManagement(
  server: INestApplicationContext,
  { host, management }: Pick<Configuration, 'host' | 'management'>,
  logger: LoggerService,
): Promise<ManagementServer | undefined> {
  if (management.port === undefined) return undefined;
  const app = await NestFactory.create<NestFastifyApplication>(
    ManagementModule.register(server),
    new FastifyAdapter({
      genReqId: requestIdOf,
      bodyLimit: MAX_BODY_BYTES,
      requestTimeout: REQUEST_TIMEOUT_MS,
      forceCloseConnections: true,
    }),
    { abortOnError: false, bodyParser: false, logger },
  );
  app.getHttpAdapter().getInstance().removeAllContentTypeParsers();
  followRequests(app);
  app.useGlobalFilters(new ProblemFilter(app.get(HttpAdapterHost)));
  const address = management.host ?? host;
  try {
    await app.listen(management.port, address);
  } catch (error) {
    await app.close();
    throw new ManagementListenError(address, management.port, error);
  }
  const { port } = app.getHttpServer().address() as AddressInfo;
  const url = `http://${address.includes(':') ? `[${address}]` : address}:${port}/`;
  Logger.log(`probes are answered at ${url}`, 'Management');
  return { url, close: () => app.close() };
}
