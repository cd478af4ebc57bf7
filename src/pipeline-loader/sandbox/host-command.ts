import { fileURLToPath } from 'node:url';
import { join, resolve } from 'node:path';
import type { SecurityLevel } from '../../config/index.js';
import type { KernelPolicy } from './kernel-policy.js';
import type { PipelineLanguage } from '../pipeline-file.js';
import { SandboxError } from './sandbox.error.js';
import { sandboxPolicy, type SandboxPaths, type SandboxPolicy } from './sandbox-policy.js';
import { findSandboxPaths } from './sandbox-paths.js';

export interface HostCommandRequest {
  readonly language: PipelineLanguage;
  readonly level: SecurityLevel;
  /** Real path of the pipeline's module. */
  readonly entry: string;
  /** The pipeline's own folder: the one that was given, or the one a given file lies in. */
  readonly folder: string;
  /** Absolute paths that the operator opened to the pipeline. */
  readonly assets: readonly string[];
  /** Folder for the pipeline's temporary files; its maker removes it when the process is gone. Only `standard` gives it to the pipeline. */
  readonly scratch?: string | undefined;
  /** Memory at which the process is ended. The kernel refuses sooner what is far above it, which a pipeline can catch. */
  readonly memoryLimitBytes?: number | undefined;
  /** The interpreter of a Python pipeline. */
  readonly python?: { readonly command: string; readonly readablePaths: readonly string[] } | undefined;
}

/** How the process of a pipeline is started: `spawn(command, args)` with the protocol's pipe as file descriptor 3. */
export interface SandboxedCommand {
  readonly command: string;
  readonly args: readonly string[];
  /** Variables for its environment; what the operator grants by the same name wins. */
  readonly environment: Readonly<Record<string, string>>;
  /** What the operator should know: a line each. */
  readonly notes: readonly string[];
}

/**
 * The command that starts a pipeline's process with what its level allows, and applies the rest of the level before any of its code is loaded.
 *
 * @throws SandboxError when the level cannot be held for this pipeline
 */
export async function hostCommand(request: HostCommandRequest): Promise<SandboxedCommand> {
  const { language, level } = request;
  if (level === 'permissive') return commandLine(request, sandboxPolicy({ ...request, ...SERVER, paths: NO_PATHS }), []);
  const { notes, ...paths } = await findSandboxPaths({
    ...request,
    ...SERVER,
    level,
    secrets: secrets(),
    interpreterPaths: request.python?.readablePaths ?? [],
  });
  const policy = sandboxPolicy({ ...request, ...SERVER, paths });
  const obstacle = kernelObstacle(language);
  if (obstacle === undefined) return commandLine(request, policy, notes);
  if (level === 'strict')
    throw new SandboxError(`the level strict cannot be held: ${obstacle}; use --security-level standard, or Linux`);
  const rest = language === 'node' ? "Node's own permission model is all that holds the pipeline" : 'nothing holds the pipeline';
  return commandLine(request, { ...policy, kernel: undefined }, [...notes, `${obstacle}, so ${rest}`]);
}

/** Why no kernel policy can be applied on this machine at all; what else may be missing the process itself finds out. */
function kernelObstacle(language: PipelineLanguage): string | undefined {
  if (process.platform !== 'linux') return `the sandbox is made of Landlock and seccomp, which ${process.platform} does not have`;
  if (language === 'node' && !process.allowedNodeEnvironmentFlags.has(FFI_FLAG)) {
    return `a Node pipeline applies its sandbox through node:ffi, which Node ${process.versions.node} does not have`;
  }
  return undefined;
}

const NO_PATHS: SandboxPaths = { readable: [], listable: [], nodeReadable: [], gpuDevices: [] };

/** The kernel takes 128 KiB for one argument of a program. */
const MAX_POLICY_BYTES = 96 * 1024;

const FFI_FLAG = '--experimental-ffi';

/** The server's package: three folders up from here, in `src` as in `dist`. */
const SERVER_ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const NODE_HOST = join(SERVER_ROOT, 'dist/pipeline-loader/node-host/main.js');
const LAUNCHER = join(SERVER_ROOT, 'dist/pipeline-loader/sandbox/launcher.js');
const PYTHON_HOST = join(SERVER_ROOT, 'python/telefuser_host');

const SERVER = { architecture: process.arch, nodeExecutable: process.execPath, serverRoot: resolve(SERVER_ROOT) };

/** The `.env` is read from the working directory, and people start the server in its own folder. */
function secrets(): string[] {
  return [resolve('.env'), join(SERVER_ROOT, '.env')];
}

function commandLine(
  { language, python }: HostCommandRequest,
  { kernel, nodeFlags, environment }: SandboxPolicy,
  notes: readonly string[],
): SandboxedCommand {
  const rest = { environment, notes };
  const policy = policyText(kernel);
  if (language === 'python') {
    if (python === undefined) throw new TypeError('a Python pipeline needs its interpreter');
    return { command: python.command, args: ['-u', '-B', PYTHON_HOST, policy], ...rest };
  }
  const launcher = kernel === undefined ? [] : ['--no-warnings', FFI_FLAG, LAUNCHER, policy];
  return { command: process.execPath, args: [...launcher, ...nodeFlags, NODE_HOST], ...rest };
}

/** The policy as the one argument that it is. @throws SandboxError when it is longer than an argument may be */
function policyText(kernel: KernelPolicy | undefined): string {
  const text = JSON.stringify(kernel ?? null);
  if (kernel === undefined || Buffer.byteLength(text) <= MAX_POLICY_BYTES) return text;
  const { readable, listable } = kernel;
  const [cause, remedy] =
    listable.length > 0
      ? [`the server's .env lies in ${listable[0]}, so all beside it is opened one by one`, 'move the .env out of that folder']
      : ['each asset is opened by itself', 'name folders instead of files'];
  throw new SandboxError(`a sandbox cannot open ${readable.length} files: ${cause}; ${remedy}`);
}
