import type { SecurityLevel } from '../config/index.js';
import { checkPipeline } from './checker/check-pipeline.js';
import { MAX_FINDINGS, type CheckReport } from './checker/finding.js';
import { findPython, type PythonInterpreter } from './hosting/python-interpreter.js';
import { findPipelineFile, type PipelineFile } from './pipeline-file.js';

/** What the check of a pipeline says, without anything of it having run. */
export interface PipelineValidation extends CheckReport {
  /** As many findings are listed as there may be. */
  readonly mayBeMore: boolean;
}

/**
 * Finds a pipeline and checks its source against a level.
 *
 * @throws PipelineStartError when there is no pipeline at the path, or no interpreter for it
 */
export async function validatePipeline(request: {
  readonly path: string;
  readonly securityLevel: SecurityLevel;
  /** The interpreter that was configured. */
  readonly python?: string;
}): Promise<PipelineValidation> {
  const file = await findPipelineFile(request.path);
  const report = await checkPipeline(
    file,
    request.securityLevel,
    await findInterpreter(file, request.securityLevel, request.python),
  );
  return { ...report, mayBeMore: report.findings.length === MAX_FINDINGS };
}

/**
 * The interpreter of a Python pipeline. An interpreter that comes with the pipeline is a program of a stranger's, which would run with the
 * server's rights: only `permissive` takes the `.venv` of the pipeline's folder.
 *
 * @throws PipelineStartError of kind `interpreter`
 */
export async function findInterpreter(
  file: PipelineFile,
  level: SecurityLevel,
  configured: string | undefined,
): Promise<PythonInterpreter | undefined> {
  if (file.language !== 'python') return undefined;
  const folders = level === 'permissive' ? [file.folder, process.cwd()] : [process.cwd()];
  return findPython({ folders, configured });
}
