import type { StartFailureKind } from './protocol/messages.js';

/** The step at which a pipeline did not start. */
export type PipelineStartFailureKind = StartFailureKind | 'refused' | 'interpreter' | 'start-timeout' | 'crashed';

const REMEDIES: Readonly<Record<PipelineStartFailureKind, string>> = {
  'not-found': 'Give the path of a .py, .ts, .mts, .js or .mjs file, or of a folder with such an entry file.',
  refused: '"telefuser validate" lists every finding, and docs/security.md says what each level allows.',
  interpreter: 'Install Python 3.9 or newer, or name the interpreter in TELEFUSER_PYTHON.',
  'load-failed': 'Fix the error there, or run the file by itself to see more of it.',
  'no-get-service': 'Give it a function getService() (Python: get_service()) that returns the service.',
  'neither-protocol': 'Give the service a serve method, or createSession, pushChunk, pullChunks and closeSession.',
  sandbox: 'docs/security.md says what each level needs.',
  'start-failed': "The pipeline's log lines may say more; TELEFUSER_LOG_LEVEL=debug shows the stack.",
  'start-timeout': 'Load less in start(), or raise TELEFUSER_PIPELINE_START_TIMEOUT_SECONDS.',
  crashed: "The pipeline's last log lines say more.",
};

/** The pipeline cannot be served. The message is one line: what happened, and what to do. */
export class PipelineStartError extends Error {
  override readonly name = 'PipelineStartError';

  constructor(
    readonly kind: PipelineStartFailureKind,
    /** What happened, without the remedy. */
    readonly reason: string,
    /** The stack in the pipeline's process, for the log. */
    readonly pipelineStack?: string,
    remedy = REMEDIES[kind],
  ) {
    super(`${capitalise(reason)}. ${remedy}`);
  }
}

/** `createSession` refused the session's configuration; the message is the pipeline's own. Answered 400. */
export class SessionRefusedError extends Error {
  override readonly name = 'SessionRefusedError';
}

/** The session id is in use, or `createSession` says that the session cannot be beside another. Answered 409. */
export class SessionConflictError extends Error {
  override readonly name = 'SessionConflictError';
}

/** There is no pipeline to open a session on: it starts still, has failed, or does not answer. Answered 503. */
export class PipelineUnavailableError extends Error {
  override readonly name = 'PipelineUnavailableError';
}

/** Every process of the pipeline has as many sessions as it takes. Answered 503. */
export class PipelineBusyError extends Error {
  override readonly name = 'PipelineBusyError';
}

/** The pipeline threw while it made chunks; the message is the pipeline's own. Only this run is over. */
export class PipelineFailedError extends Error {
  override readonly name = 'PipelineFailedError';
}

/** The pipeline's process is gone, and every run with it; the message says how it ended. */
export class PipelineCrashedError extends Error {
  override readonly name = 'PipelineCrashedError';
}

function capitalise(sentence: string): string {
  // The name of a function stays as it is spelt.
  if (/^\w+\(/.test(sentence)) return sentence;
  return sentence.charAt(0).toUpperCase() + sentence.slice(1);
}
