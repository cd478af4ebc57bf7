import { type Configuration, ConfigurationError } from '../config/index.js';
import type { ManagementListenError } from '../management/index.js';
import type { PipelineStartError } from '../pipeline-loader/index.js';
import type { ViewerError, ViewerErrorKind } from '../viewer/index.js';
import { CommandError } from './command.error.js';
import type { ExitReason } from './exit-codes.js';
import { printable } from './printable.js';

const REASON_OF_START_FAILURE: Readonly<Record<PipelineStartError['kind'], ExitReason>> = {
  'not-found': 'pipelineNotLoaded',
  'load-failed': 'pipelineNotLoaded',
  refused: 'refused',
  interpreter: 'pipelineNotLoaded',
  sandbox: 'pipelineNotLoaded',
  'no-get-service': 'pipelineNotLoaded',
  'neither-protocol': 'pipelineNotLoaded',
  'start-failed': 'pipelineNotStarted',
  'start-timeout': 'pipelineNotStarted',
  crashed: 'pipelineNotStarted',
};

const REASON_OF_VIEWER_FAILURE: Readonly<Record<ViewerErrorKind, ExitReason>> = {
  unreachable: 'unreachable',
  refused: 'unreachable',
  broken: 'broken',
  file: 'usage',
};

/** Why the command ends, and the one line that says so. */
export interface Failure {
  readonly reason: ExitReason;
  /** Without the leading program name, without line breaks and other control characters. */
  readonly line: string;
}

/** Puts any error that ends the command into one line with a remedy. Pure. */
export function describeFailure(error: unknown, configuration?: Pick<Configuration, 'host' | 'port'>): Failure {
  const { reason, line } = classify(error, configuration);
  return { reason, line: printable(line.replaceAll(/\s*[\r\n]+\s*/gu, ' ')).trim() };
}

function classify(error: unknown, configuration?: Pick<Configuration, 'host' | 'port'>): Failure {
  if (error instanceof CommandError) return { reason: error.reason, line: error.message };
  if (error instanceof ConfigurationError) {
    const isFlag = error.problems.every(({ name }) => name.startsWith('-'));
    const where = isFlag ? 'Correct the argument' : 'Correct it in the environment or in .env';
    return { reason: 'usage', line: `${asSentence(error.message)} ${where}; docs/configuration.md lists what is allowed.` };
  }
  if (isStartError(error)) return { reason: REASON_OF_START_FAILURE[error.kind] ?? 'pipelineNotStarted', line: error.message };
  if (isViewerError(error)) return { reason: REASON_OF_VIEWER_FAILURE[error.kind], line: error.message };
  if (isManagementListenError(error)) {
    const settings = { host: 'TELEFUSER_MANAGEMENT_HOST', port: 'TELEFUSER_MANAGEMENT_PORT' };
    return { reason: 'cannotListen', line: describeListenFailure(error.code, error, settings) };
  }
  const { code, syscall } = error as NodeJS.ErrnoException;
  if (configuration !== undefined && (syscall === 'listen' || syscall === 'getaddrinfo')) {
    return { reason: 'cannotListen', line: describeListenFailure(code, configuration, { host: '--host', port: '--port' }) };
  }
  const message = error instanceof Error ? error.message : String(error);
  return {
    reason: 'unexpected',
    line: `unexpected error: ${message}. Set TELEFUSER_LOG_LEVEL=debug to see where it comes from.`,
  };
}

/** Adds the full stop, unless a question ends the text already. */
function asSentence(text: string): string {
  return text.endsWith('?') ? text : `${text}.`;
}

/** @param settings what the user changes to have another address or port. */
function describeListenFailure(
  code: string | undefined,
  { host, port }: Pick<Configuration, 'host' | 'port'>,
  settings: { readonly host: string; readonly port: string },
): string {
  switch (code) {
    case 'EADDRINUSE':
      return `port ${port} on ${host} is in use. Stop the program that uses it, or choose another port with ${settings.port}.`;
    case 'EACCES':
      return `port ${port} on ${host} may not be listened on. Choose a port above 1023 with ${settings.port}.`;
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return `${host} is no address of this machine. Choose one with ${settings.host}; 0.0.0.0 is every interface.`;
    case undefined:
    default:
      return `port ${port} on ${host} cannot be listened on (${code ?? 'unknown error'}). Choose another with ${settings.host} and ${settings.port}.`;
  }
}

/** By name, as below. */
function isManagementListenError(error: unknown): error is ManagementListenError {
  return error instanceof Error && error.name === 'ManagementListenError';
}

/** By name, as below. */
function isViewerError(error: unknown): error is ViewerError {
  return error instanceof Error && error.name === 'ViewerError';
}

/** By name and not by class, because the class is loaded with the server, and later than this. */
function isStartError(error: unknown): error is PipelineStartError {
  return error instanceof Error && error.name === 'PipelineStartError';
}
