import type { SecurityLevel } from '../config/index.js';

/** What the command line says about the pipeline. */
export interface PipelineOptions {
  /** As the user gave it: a file, or a folder that holds one pipeline. */
  readonly path: string;
  readonly securityLevel: SecurityLevel;
  readonly skipValidation: boolean;
  /** How many GPUs the pipeline may use; handed to `getService`. */
  readonly gpuNum: number;
  /** The operator's options (`-o name=value`), handed to `getService`. */
  readonly options: Readonly<Record<string, string>>;
}

/** Injection token of {@link PipelineOptions}. */
export const PIPELINE_OPTIONS = Symbol('PIPELINE_OPTIONS');
