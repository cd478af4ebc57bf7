import { Inject, Injectable } from '@nestjs/common';
import { findPipelineFile, type PipelineFile } from './pipeline-file.js';
import { PIPELINE_OPTIONS, type PipelineOptions } from './pipeline.options.js';

/**
 * Decides what may be loaded. Every pipeline is found, has to be a regular file and not too large, whatever the level. Checking the
 * source against the level is not part of it yet, so for now `securityLevel` and `skipValidation` make no difference here.
 */
@Injectable()
export class SecurityPolicy {
  constructor(@Inject(PIPELINE_OPTIONS) private readonly options: PipelineOptions) {}

  /**
   * The pipeline's module, admitted for loading.
   *
   * @throws PipelineStartError
   */
  async admit(): Promise<PipelineFile> {
    return findPipelineFile(this.options.path);
  }
}
