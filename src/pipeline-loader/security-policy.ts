import { Inject, Injectable, Logger } from '@nestjs/common';
import { Configuration } from '../config/index.js';
import { checkPipeline } from './checker/check-pipeline.js';
import { describeFinding } from './checker/finding.js';
import type { PythonInterpreter } from './hosting/python-interpreter.js';
import { findPipelineFile, type PipelineFile } from './pipeline-file.js';
import { PipelineStartError } from './pipeline.errors.js';
import { PIPELINE_OPTIONS, type PipelineOptions } from './pipeline.options.js';
import { findInterpreter } from './validate-pipeline.js';

/** A pipeline that may be loaded, and the interpreter a Python one is loaded with. */
export interface AdmittedPipeline {
  readonly file: PipelineFile;
  readonly python?: PythonInterpreter;
}

const MAX_LOGGED_FINDINGS = 50;

/** Decides what may be loaded: a pipeline that was found, and whose source passes the check of its level. */
@Injectable()
export class SecurityPolicy {
  readonly #logger = new Logger(SecurityPolicy.name);

  constructor(
    @Inject(PIPELINE_OPTIONS) private readonly options: PipelineOptions,
    @Inject(Configuration) private readonly configuration: Configuration,
  ) {}

  /**
   * The pipeline's module, admitted for loading. With `skipValidation` its source is not looked at, and the log says so.
   *
   * @throws PipelineStartError of kind `refused` for a source that does not pass
   */
  async admit(): Promise<AdmittedPipeline> {
    const { path, securityLevel, skipValidation } = this.options;
    const file = await findPipelineFile(path);
    const python = await findInterpreter(file, securityLevel, this.configuration.python);
    if (skipValidation) this.#logger.warn('The source of the pipeline is not checked (--skip-validation).');
    else await this.#check(file, python);
    return { file, ...(python === undefined ? {} : { python }) };
  }

  async #check(file: PipelineFile, python: PythonInterpreter | undefined): Promise<void> {
    const { securityLevel } = this.options;
    const { findings } = await checkPipeline(file, securityLevel, python);
    const [first] = findings;
    if (first === undefined) return;
    for (const finding of findings.slice(0, MAX_LOGGED_FINDINGS)) {
      this.#logger.warn(`${describeFinding(finding)}. ${finding.remedy}`);
    }
    const more = findings.length - 1;
    const others = more === 0 ? '' : `, and ${more} more finding${more === 1 ? '' : 's'}`;
    throw new PipelineStartError(
      'refused',
      `the pipeline does not pass the check of the level ${securityLevel}: ${describeFinding(first)}${others}`,
    );
  }
}
