export type { Finding as PipelineFinding } from './checker/finding.js';
export { controlKey, MAX_WAITING_CONTROLS, type ControlId } from './contract/control-id.js';
export { findPipelineFile } from './pipeline-file.js';
export { PipelineLoaderModule } from './pipeline-loader.module.js';
export { PIPELINE_OPTIONS, type PipelineOptions } from './pipeline.options.js';
export { PipelineService, type PipelineDescription, type PipelineState } from './pipeline.service.js';
export type { PipelineRun } from './pipeline-run.js';
export type { ConfigSchema, ServiceAbout } from './contract/pipeline.js';
export type { StartProgress } from './protocol/messages.js';
export type { StreamMode } from './contract/stream-mode.js';
export { validatePipeline, type PipelineValidation } from './validate-pipeline.js';
export type { WorkerDescription } from './hosting/worker-pool.js';
export {
  PipelineBusyError,
  PipelineCrashedError,
  PipelineFailedError,
  PipelineStartError,
  PipelineUnavailableError,
  SessionConflictError,
  SessionRefusedError,
  type PipelineStartFailureKind,
} from './pipeline.errors.js';
