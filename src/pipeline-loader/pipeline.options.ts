import type { SecurityLevel } from '../config/index.js';

/** What the command line says about the pipeline. */
export interface PipelineOptions {
  /** File or folder. */
  readonly path: string;
  readonly securityLevel: SecurityLevel;
  readonly skipValidation: boolean;
  /** How many GPUs the pipeline may use; handed to `getService`. */
  readonly gpuNum: number;
}

/** Injection token of {@link PipelineOptions}. */
export const PIPELINE_OPTIONS = Symbol('PIPELINE_OPTIONS');
