import type { ApiKeyRecord, Configuration, Scope, SecurityLevel } from '../config/index.js';
import type { PipelineOptions, PipelineValidation } from '../pipeline-loader/index.js';

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
}

/** What the command line needs of the process. */
export interface ProcessPort {
  readonly stdout: { write(text: string): unknown };
  readonly stderr: { write(text: string): unknown };
  on(signal: 'SIGTERM' | 'SIGINT', listener: (signal: NodeJS.Signals) => void): unknown;
  exit(code: number): void;
}
