import 'reflect-metadata';

import type { AddressInfo } from 'node:net';

import { Logger } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';

import { AppModule, type AppOptions } from './app.module.js';
import { configureApp, createHttpAdapter } from './app.setup.js';
import { ProcessLogger } from './logging/index.js';
import { listenForManagement, type ManagementServer } from './management/index.js';
import { findPipelineFile, PipelineService, type StreamMode } from './pipeline-loader/index.js';
import { Drain } from './sessions/index.js';
import { ServerCertificate } from './tls/index.js';

/** A server that listens. Its pipeline may still be starting. */
export interface RunningServer {
  readonly app: NestFastifyApplication;
  /** Where a browser on this machine finds the page, with a slash at the end. */
  readonly url: string;
  /** The management listener, with a slash at the end; undefined when there is none. */
  readonly managementUrl: string | undefined;
  /** Resolves when the pipeline is ready; rejects with a `PipelineStartError`. Ignoring it is safe. */
  readonly pipelineStarted: Promise<{ readonly mode: StreamMode }>;
  /**
   * Refuses offers, tells the clients, and lets open sessions go on. Resolves when none is left, at once or at the deadline; `close()` is the
   * caller's affair, and cuts it short. Idempotent.
   */
  drain(): Promise<void>;
  /** Closes sessions, stops listening, then stops the pipeline. Idempotent. */
  close(): Promise<void>;
}

/**
 * Starts the server: listens at once, while the pipeline starts in the background. It installs no signal handler and never ends the
 * process; both are the caller's affair.
 *
 * @throws PipelineStartError (`not-found` …) before anything is started when there is no pipeline at the path; the listen error
 *   (`EADDRINUSE` …), and everything that was started is closed by then.
 */
export async function serve(options: AppOptions): Promise<RunningServer> {
  const { configuration, pipeline } = options;
  await findPipelineFile(pipeline.path);
  const logger = new ProcessLogger(configuration);
  const certificate = await ServerCertificate.open(configuration);
  const adapter = createHttpAdapter(configuration, certificate?.pair);
  const app = await NestFactory.create<NestFastifyApplication>(AppModule.register(options), adapter, {
    abortOnError: false,
    bodyParser: false,
    logger,
  });
  certificate?.follow(app.getHttpServer());
  let management: ManagementServer | undefined;
  let closed: Promise<void> | undefined;
  const close = (): Promise<void> => (closed ??= closeAll(app, management, certificate));
  try {
    configureApp(app);
    // First, so that nothing of the pipeline has been started when it cannot.
    management = await listenForManagement(app, configuration, logger);
    await app.listen(configuration.port, configuration.host);
  } catch (error) {
    await close().catch((reason: unknown) => Logger.error(`Closing failed too: ${String(reason)}`, 'Main'));
    throw error;
  }
  const pipelineStarted = whenReady(app.get(PipelineService, { strict: false }));
  pipelineStarted.catch(() => undefined);
  const scheme = certificate === undefined ? 'http' : 'https';
  const url = urlOf(scheme, app.getHttpServer().address() as AddressInfo, configuration.host);
  const drain = app.get(Drain, { strict: false });
  return { app, url, managementUrl: management?.url, pipelineStarted, drain: () => drain.begin(), close };
}

/** The management listener last, so that it can be asked until the end. */
async function closeAll(
  app: NestFastifyApplication,
  management: ManagementServer | undefined,
  certificate: ServerCertificate | undefined,
): Promise<void> {
  try {
    await app.close();
  } finally {
    certificate?.close();
    await management?.close();
  }
}

async function whenReady(pipeline: PipelineService): Promise<{ readonly mode: StreamMode }> {
  await pipeline.started();
  if (pipeline.mode === undefined) throw new Error('The pipeline is ready, but has no mode');
  return { mode: pipeline.mode };
}

function urlOf(scheme: 'http' | 'https', { port }: AddressInfo, host: string): string {
  if (host === '0.0.0.0' || host === '::') return `${scheme}://localhost:${port}/`;
  return `${scheme}://${host.includes(':') ? `[${host}]` : host}:${port}/`;
}
