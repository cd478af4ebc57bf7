import { Inject, Injectable } from '@nestjs/common';
import { Configuration } from '../config/index.js';
import { findPython, type PythonInterpreter } from './hosting/python-interpreter.js';
import { findPipelineFile, type PipelineFile } from './pipeline-file.js';
import { PIPELINE_OPTIONS, type PipelineOptions } from './pipeline.options.js';

/** A pipeline that may be loaded, and the interpreter a Python one is loaded with. */
export interface AdmittedPipeline {
  readonly file: PipelineFile;
  readonly python?: PythonInterpreter;
}

/**
 * Decides what may be loaded. Every pipeline is found, has to be a regular file and not too large, whatever the level. Checking the
 * source against the level is not part of it yet, so for now `securityLevel` and `skipValidation` make no difference here.
 */
@Injectable()
export class SecurityPolicy {
  constructor(
    @Inject(PIPELINE_OPTIONS) private readonly options: PipelineOptions,
    @Inject(Configuration) private readonly configuration: Configuration,
  ) {}

  /**
   * The pipeline's module, admitted for loading.
   *
   * @throws PipelineStartError
   */
  async admit(): Promise<AdmittedPipeline> {
    const file = await findPipelineFile(this.options.path);
    if (file.language === 'node') return { file };
    const { python } = this.configuration;
    return { file, python: await findPython({ folders: [file.folder, process.cwd()], ...(python === undefined ? {} : { configured: python }) }) };
  }
}
