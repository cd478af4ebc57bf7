import { execFile } from 'node:child_process';
import { access, constants, realpath } from 'node:fs/promises';
import { isAbsolute, resolve } from 'node:path';
import { promisify } from 'node:util';
import { errorMessage } from '../contract/error-message.js';
import { PipelineStartError } from '../pipeline.errors.js';
import { isRecord } from '../protocol/field-readers.js';

/** A Python interpreter that was asked about itself. */
export interface PythonInterpreter {
  /**
   * Absolute path to run it by. Of a virtual environment the path in it, links and all: by another it would not find the environment's
   * packages.
   */
  readonly executable: string;
  /** `[3, 11, 2]`. */
  readonly version: readonly [major: number, minor: number, micro: number];
  /** Absolute paths of the folders it imports from, as it knows them and as they really are. */
  readonly readablePaths: readonly string[];
  /** Where `pip install --user` has put packages: its `PYTHONUSERBASE`, if it imports from there. Python would look for it below HOME. */
  readonly userBase?: string;
}

export interface PythonRequest {
  /** Path or name of an interpreter: `TELEFUSER_PYTHON`. */
  readonly configured?: string | undefined;
  /** Folders that may have a virtual environment in `.venv`, the first that has one wins. */
  readonly folders: readonly string[];
}

const MIN_MINOR = 9;
const QUESTION_TIMEOUT_MS = 20_000;
const MAX_ANSWER_BYTES = 1024 * 1024;

/**
 * Prints what the server wants to know. A shim (pyenv, asdf) is a program of its own that runs the real one, which knows its path. That it
 * runs isolated leaves the user's packages out of its own answer about them: a virtual environment has them only with the system's packages.
 */
const QUESTION = `
import json, os, site, sys, sysconfig
paths = [sys.prefix, sys.base_prefix, sys.exec_prefix, sys.base_exec_prefix, *sys.path, *sysconfig.get_paths().values()]
paths += [*site.getsitepackages(), site.getusersitepackages()] if hasattr(site, "getsitepackages") else []
answer = {"executable": sys.executable, "version": sys.version_info[:3], "paths": paths}
if not os.environ.get("PYTHONNOUSERSITE") and sys.base_prefix in getattr(site, "PREFIXES", ()) and os.path.isdir(site.getusersitepackages()):
    answer["userBase"] = site.getuserbase()
print(json.dumps(answer))
`;

/**
 * Finds the interpreter a Python pipeline runs in: the configured one, else that of the first folder with a `.venv`, else `python3` on
 * the PATH. It is run once.
 *
 * @throws PipelineStartError of the kind `interpreter`: there is none, it does not run, or it is too old
 */
export async function findPython({ configured, folders }: PythonRequest): Promise<PythonInterpreter> {
  const program = await findProgram(configured, folders);
  const answer = parseAnswer(program, await ask(program));
  const { version } = answer.interpreter;
  if (version[0] !== 3 || version[1] < MIN_MINOR) {
    throw failure(`${program} is Python ${version.join('.')}, and pipelines need Python 3.${MIN_MINOR} or newer`);
  }
  return { ...answer.interpreter, readablePaths: await readablePaths(answer.paths) };
}

/** A path, or a name to be looked up on the PATH. */
async function findProgram(configured: string | undefined, folders: readonly string[]): Promise<string> {
  if (configured !== undefined) return configured.includes('/') ? resolve(configured) : configured;
  for (const folder of folders) {
    const path = resolve(folder, '.venv', 'bin', 'python');
    if (await isExecutable(path)) return path;
  }
  return 'python3';
}

async function isExecutable(path: string): Promise<boolean> {
  return access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
}

async function ask(program: string): Promise<string> {
  try {
    const { stdout } = await promisify(execFile)(program, ['-I', '-B', '-c', QUESTION], {
      timeout: QUESTION_TIMEOUT_MS,
      killSignal: 'SIGKILL',
      maxBuffer: MAX_ANSWER_BYTES,
    });
    return stdout;
  } catch (error) {
    throw failure(describeFailure(program, isRecord(error) ? error : {}));
  }
}

/** What the error of `execFile` says, without the question, which is a part of its message. */
function describeFailure(program: string, { code, killed, signal, stderr }: Readonly<Record<string, unknown>>): string {
  if (code === 'ENOENT') return `there is no program ${program}${program.includes('/') ? '' : ' on the PATH'}`;
  if (code === 'EACCES') return `${program} is not executable`;
  if (killed === true) return `${program} did not answer within ${QUESTION_TIMEOUT_MS / 1000} s`;
  const lastLine = typeof stderr === 'string' ? stderr.trim().split('\n').at(-1) : undefined;
  const how = typeof signal === 'string' ? `was ended by ${signal}` : `ended with ${String(code)}`;
  return `${program} does not run as Python 3: ${errorMessage(lastLine || `it ${how}`)}`;
}

interface Answer {
  readonly interpreter: Omit<PythonInterpreter, 'readablePaths'>;
  readonly paths: readonly string[];
}

function parseAnswer(program: string, output: string): Answer {
  try {
    const { executable: own, version, paths, userBase } = JSON.parse(output) as Record<string, unknown>;
    if (Array.isArray(version) && version.length === 3 && version.every(Number.isInteger) && Array.isArray(paths)) {
      const [major, minor, micro] = version as [number, number, number];
      return {
        interpreter: {
          // Empty where an interpreter cannot tell.
          executable: typeof own === 'string' && isAbsolute(own) ? own : program,
          version: [major, minor, micro],
          ...(typeof userBase === 'string' && isAbsolute(userBase) ? { userBase } : {}),
        },
        paths: paths.filter((path): path is string => typeof path === 'string' && isAbsolute(path)),
      };
    }
  } catch {
    // No JSON: some other program.
  }
  throw failure(`${program} is no Python interpreter`);
}

/** The paths that exist, by their given and their real names, and none that another has in it. */
async function readablePaths(paths: readonly string[]): Promise<string[]> {
  const known = new Set<string>();
  for (const path of paths) {
    const real = await realpath(path).catch(() => undefined);
    // The root would be everything.
    if (real === undefined || real === '/') continue;
    known.add(resolve(path));
    known.add(real);
  }
  return [...known].filter((path) => ![...known].some((other) => path.startsWith(`${other}/`)));
}

function failure(reason: string): PipelineStartError {
  return new PipelineStartError('interpreter', reason);
}
