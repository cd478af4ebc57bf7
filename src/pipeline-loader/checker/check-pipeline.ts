import { realpath } from 'node:fs/promises';
import { basename, dirname, join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { SecurityLevel } from '../../config/index.js';
import { errorMessage } from '../contract/error-message.js';
import type { PipelineFile } from '../pipeline-file.js';
import { CheckProcessError, runCheckProcess } from './check-process.js';
import { parseCheckReport } from './check-report.js';
import type { CheckReport, Finding } from './finding.js';

/** MiB of JavaScript heap for reading the sources. */
const HEAP_MIB = 256;

/** The interpreter that reads Python sources. */
export interface CheckingPython {
  readonly executable: string;
}

/**
 * Checks a pipeline's source, and every file of its folder that it imports, against a level. Nothing of the pipeline is run. A check that
 * could not be made is a finding (`check-failed`), so that no findings always means that everything was read. Never rejects.
 *
 * @param python needed for a Python pipeline
 */
export async function checkPipeline(pipeline: PipelineFile, level: SecurityLevel, python?: CheckingPython): Promise<CheckReport> {
  const { entry, folder } = pipeline;
  try {
    const [command, args] = pipeline.language === 'python' ? pythonChecker(python) : await nodeChecker(pipeline);
    return parseCheckReport(await runCheckProcess(command, [...args, folder, entry, level]));
  } catch (error) {
    const file = relative(folder, entry).split(sep).join('/') || basename(entry);
    const what =
      error instanceof CheckProcessError ? error.message : `the checker's report cannot be used: ${errorMessage(error)}`;
    const finding: Finding = {
      file,
      line: 1,
      column: 1,
      rule: 'check-failed',
      message: what,
      remedy: 'Make the source smaller or less nested, if it is that; --skip-validation leaves the check out.',
    };
    return { files: [file], findings: [finding] };
  }
}

async function nodeChecker({ folder }: PipelineFile): Promise<readonly [command: string, args: readonly string[]]> {
  const entry = await realpath(new URL(`${builtFolder()}main.js`, import.meta.url));
  // The checker's own modules, and wherever Node looks for the parser and for what kind of modules these are.
  const lookedAt = ancestorsOf(dirname(entry)).flatMap((above) => [
    join(above, 'package.json'),
    join(above, 'node_modules', '@babel', 'parser'),
  ]);
  const grants = [folder, dirname(entry), ...lookedAt].map((path) => `--allow-fs-read=${path}`);
  // Following links would take the right to look at every folder on the way.
  const flags = ['--no-warnings', `--max-old-space-size=${HEAP_MIB}`, '--preserve-symlinks', '--preserve-symlinks-main'];
  return [process.execPath, [...flags, '--permission', ...grants, entry]];
}

function ancestorsOf(path: string): string[] {
  const above = dirname(path);
  return above === path ? [path] : [path, ...ancestorsOf(above)];
}

function pythonChecker(python: CheckingPython | undefined): readonly [command: string, args: readonly string[]] {
  if (python === undefined) throw new CheckProcessError('there is no Python interpreter to read the source with');
  const script = fileURLToPath(new URL('../../../python/telefuser_host/check.py', import.meta.url));
  return [python.executable, ['-I', '-S', '-B', script]];
}

/** Where the compiled checker lies: here; when this file runs as TypeScript (in tests), in the build of it. */
function builtFolder(): string {
  return import.meta.url.endsWith('.ts') ? '../../../dist/pipeline-loader/checker/' : './';
}
