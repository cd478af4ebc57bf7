import { type Configuration, loadConfiguration, readEnvironment } from '../config/index.js';
import type { Invocation } from './arguments.js';
import { CommandError } from './command.error.js';
import type { ExitReason } from './exit-codes.js';
import { describeFailure } from './failures.js';
import type { ListeningServer, ProcessPort, Server } from './server.port.js';
import { endOnSignal } from './shutdown.js';

type StreamServe = Extract<Invocation, { kind: 'stream-serve' }>;

/**
 * Serves a pipeline until a signal comes or the pipeline cannot be started. Resolves with why it ended, when everything is closed.
 *
 * @throws ConfigurationError, CommandError, or what `serve` throws before it listens.
 */
export async function streamServe(
  invocation: StreamServe,
  process: ProcessPort,
  { serve }: Pick<Server, 'serve'>,
): Promise<ExitReason> {
  const configuration = configure(invocation);
  const stopping = new AbortController();
  const stopped = once(stopping.signal);
  let server: ListeningServer | undefined;
  endOnSignal(process, { drain: async () => server?.drain(), close: () => stopping.abort() });

  try {
    server = await serve({
      configuration,
      pipeline: {
        path: invocation.pipelinePath,
        skipValidation: invocation.skipValidation,
        gpuNum: invocation.gpuNum,
        options: invocation.options,
      },
    });
  } catch (error) {
    return reportFailure(error, process, configuration);
  }
  const failed = announce(server, invocation, process, configuration, stopping.signal);
  const reason = await Promise.race([stopped, failed]);
  try {
    await closeWithin(closeDeadlineMs(configuration), server);
  } catch (error) {
    reportFailure(error, process, configuration);
    return reason === 'ok' ? 'unexpected' : reason;
  }
  return reason;
}

/** @throws ConfigurationError */
function configure({ flags, assets }: StreamServe): Configuration {
  const environment = readEnvironment();
  const configuration = loadConfiguration(environment, flags);
  if (assets.length === 0) return configuration;
  const value = JSON.stringify([...configuration.pipelineAssets, ...assets]);
  return loadConfiguration(environment, [...flags, { flag: '--asset', variable: 'TELEFUSER_PIPELINE_ASSETS', value }]);
}

/** Sessions are closed first and then the pipeline, each within the pipeline's close timeout; the rest needs moments. */
function closeDeadlineMs({ pipelineCloseTimeoutSeconds }: Configuration): number {
  return (2 * pipelineCloseTimeoutSeconds + 5) * 1000;
}

async function closeWithin(deadlineMs: number, server: ListeningServer): Promise<void> {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => {
    reject(new CommandError('unexpected', `the server did not close within ${deadlineMs / 1000} s`, 'It was ended as it is.'));
  }, deadlineMs);
  try {
    await Promise.race([server.close(), late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Prints that the pipeline plays, or why it does not. Resolves only when the process is to end for it. */
async function announce(
  server: ListeningServer,
  { pipelinePath }: StreamServe,
  process: ProcessPort,
  configuration: Configuration,
  stopping: AbortSignal,
): Promise<ExitReason> {
  try {
    const { mode } = await server.pipelineStarted;
    process.stdout.write(`Ready: ${server.url} plays ${pipelinePath} (${mode.replace('_', ' ')})\n`);
  } catch (error) {
    // A pipeline that was stopped while it started did not fail.
    if (stopping.aborted) return 'ok';
    const reason = reportFailure(error, process, configuration);
    if (configuration.exitOnStartFailure) return reason;
  }
  return new Promise<never>(() => undefined);
}

async function once(signal: AbortSignal): Promise<'ok'> {
  return new Promise((resolve) => {
    signal.addEventListener('abort', () => resolve('ok'), { once: true });
  });
}

/** Prints one line on stderr; the stack only follows with the log level `debug`. */
export function reportFailure(error: unknown, { stderr }: ProcessPort, configuration?: Configuration): ExitReason {
  const { reason, line } = describeFailure(error, configuration);
  stderr.write(`telefuser: ${line}\n`);
  if (configuration?.logLevel === 'debug' && error instanceof Error) stderr.write(`${error.stack ?? ''}\n`);
  return reason;
}
