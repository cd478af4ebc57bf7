import type { ApiKeyRecord, Configuration, Scope, SecurityLevel } from '../config/index.js';
import type { PipelineOptions, PipelineValidation } from '../pipeline-loader/index.js';
import type { BenchOptions, BenchOutcome, ViewerOutput, WatchOptions } from '../viewer/index.js';

/** A server that listens, as far as the command line is concerned; `src/main.ts` has the real one. */
export interface ListeningServer {
  /** Where a browser on this machine finds the page. */
  readonly url: string;
  /** Resolves with the pipeline's mode when it is ready; rejects when it cannot be started. */
  readonly pipelineStarted: Promise<{ readonly mode: string }>;
  /** Takes no more sessions; resolves when those that are open have ended, or may not go on. Idempotent. */
  drain(): Promise<void>;
  /** Idempotent. */
  close(): Promise<void>;
}

/** What the command line needs of the rest of the server. It is loaded late, so that `--help` does not wait for it. */
export interface Server {
  serve(options: {
    readonly configuration: Configuration;
    readonly pipeline: Omit<PipelineOptions, 'securityLevel'>;
  }): Promise<ListeningServer>;
  /** @throws PipelineStartError when there is no pipeline to check */
  validate(request: {
    readonly path: string;
    readonly securityLevel: SecurityLevel;
    readonly python?: string;
  }): Promise<PipelineValidation>;
  /** Makes a key and its record, and keeps neither. */
  makeApiKey(options: {
    readonly tenant: string;
    readonly scopes: readonly Scope[];
    readonly expiresAtMs: number | undefined;
    readonly id?: string;
  }): Promise<{ readonly key: string; readonly record: ApiKeyRecord }>;
  /**
   * Resolves when the session is over as it should be, or the signal came.
   * @throws ViewerError
   */
  watch(options: WatchOptions, output: ViewerOutput, signal: AbortSignal): Promise<void>;
  /**
   * Resolves with undefined when the signal came.
   * @throws ViewerError
   */
  bench(options: BenchOptions, output: ViewerOutput, signal: AbortSignal): Promise<BenchOutcome | undefined>;
}

/** One of the streams that the process writes to. */
interface OutputStream {
  write(text: string): unknown;
  readonly isTTY?: boolean | undefined;
  /** Width of the terminal, characters. */
  readonly columns?: number | undefined;
}

/** What the command line needs of the process. */
export interface ProcessPort {
  readonly stdout: OutputStream;
  readonly stderr: OutputStream;
  on(signal: 'SIGTERM' | 'SIGINT', listener: (signal: NodeJS.Signals) => void): unknown;
  exit(code: number): void;
}
