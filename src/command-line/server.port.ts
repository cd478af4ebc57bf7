import type { Configuration } from '../config/index.js';

/** A server that listens, as far as the command line is concerned; `src/main.ts` has the real one. */
export interface ListeningServer {
  /** Where a browser on this machine finds the page. */
  readonly url: string;
  /** Resolves with the pipeline's mode when it is ready; rejects when it cannot be started. */
  readonly pipelineStarted: Promise<{ readonly mode: string }>;
  /** Idempotent. */
  close(): Promise<void>;
}

/** What the command line needs of the rest of the server. It is loaded late, so that `--help` does not wait for it. */
export type Serve = (options: {
  readonly configuration: Configuration;
  readonly pipeline: { readonly path: string; readonly skipValidation: boolean; readonly gpuNum: number };
}) => Promise<ListeningServer>;

/** What the command line needs of the process. */
export interface ProcessPort {
  readonly stdout: { write(text: string): unknown };
  readonly stderr: { write(text: string): unknown };
  on(signal: 'SIGTERM' | 'SIGINT', listener: (signal: NodeJS.Signals) => void): unknown;
  exit(code: number): void;
}
