import type { SecurityLevel } from '../../config/index.js';
import type { PipelineLanguage } from '../pipeline-file.js';
import type { KernelPolicy } from './kernel-policy.js';
import { encodeProgram, seccompProgram } from './seccomp-program.js';
import type { Architecture } from './system-calls.js';

/** The files of this machine that matter to a pipeline; see `findSandboxPaths`. All are absolute. */
export interface SandboxPaths {
  /** What the kernel lets be read. */
  readonly readable: readonly string[];
  /** Folders the kernel lets be listed only. */
  readonly listable: readonly string[];
  /** What Node's own permission model lets be read. */
  readonly nodeReadable: readonly string[];
  /** Graphics cards and what belongs to them; empty where there is none, and at `strict`. */
  readonly gpuDevices: readonly string[];
}

/** What a pipeline's process is given and refused. */
export interface SandboxPolicy {
  /** For the kernel to enforce; undefined at `permissive`. */
  readonly kernel: KernelPolicy | undefined;
  /** For Node to enforce, and its heap; empty for Python. */
  readonly nodeFlags: readonly string[];
  /** Variables that go with the policy. */
  readonly environment: Readonly<Record<string, string>>;
}

export interface SandboxPolicyRequest {
  readonly level: SecurityLevel;
  readonly language: PipelineLanguage;
  /** Node's name of the machine, `process.arch`. */
  readonly architecture: string;
  readonly paths: SandboxPaths;
  /** Folder for temporary files; only `standard` gives it to the pipeline. */
  readonly scratch?: string | undefined;
  readonly memoryLimitBytes?: number | undefined;
  /** The `node` that runs the pipeline. */
  readonly nodeExecutable: string;
}

/** Devices without which few programs start; none of them leads anywhere. */
const PLAIN_DEVICES = ['/dev/null', '/dev/full', '/dev/random', '/dev/urandom'];

/** The program the kernel starts in place of a dynamically linked one, with glibc and with musl. */
const ELF_INTERPRETERS = [
  '/lib64/ld-linux-x86-64.so.2',
  '/lib/ld-linux-aarch64.so.1',
  '/lib/ld-musl-x86_64.so.1',
  '/lib/ld-musl-aarch64.so.1',
];

/** Drivers of graphics cards keep what their programs share here. */
const SHARED_MEMORY = '/dev/shm';
/** A shared mapping of it is a file in memory without a name, see `seccompProgram`. */
const ZERO_DEVICE = '/dev/zero';

const MAX_OPEN_FILES = 4096;
/** Of one file in the scratch folder. */
const MAX_SCRATCH_FILE_BYTES = 4 * 1024 ** 3;
/** Private memory that is reserved and not used: V8's spaces, the stacks of threads. */
const RESERVED_BYTES = 1024 ** 3;
const MEBIBYTE = 1024 ** 2;

/** What a security level means for one process. Pure: `docs/security.md` has the table. */
export function sandboxPolicy(request: SandboxPolicyRequest): SandboxPolicy {
  const { level } = request;
  switch (level) {
    case 'permissive':
      return { kernel: undefined, nodeFlags: heapFlags(request), environment: {} };
    case 'strict':
    case 'standard':
      return {
        kernel: kernelPolicy(request),
        nodeFlags: [...heapFlags(request), ...permissionFlags(request)],
        environment: level === 'standard' ? scratchEnvironment(request.scratch) : {},
      };
    default:
      return level satisfies never;
  }
}

function kernelPolicy({
  level,
  language,
  architecture,
  paths,
  scratch,
  memoryLimitBytes,
  nodeExecutable,
}: SandboxPolicyRequest): KernelPolicy {
  const isNode = language === 'node';
  const hasGpu = paths.gpuDevices.length > 0;
  const scratchFolders = level === 'standard' && scratch !== undefined ? [scratch] : [];
  return {
    required: level === 'strict',
    readable: paths.readable,
    listable: paths.listable,
    writable: hasGpu ? [...scratchFolders, SHARED_MEMORY] : scratchFolders,
    executable: isNode ? [nodeExecutable, ...ELF_INTERPRETERS] : [],
    devices: hasGpu ? [...PLAIN_DEVICES, ZERO_DEVICE, ...paths.gpuDevices] : PLAIN_DEVICES,
    seccomp: isKnown(architecture)
      ? encodeProgram(seccompProgram(architecture, { mayExecute: isNode, mayMakeNamelessFiles: hasGpu })).toString('base64')
      : null,
    limits: {
      core: 0,
      nofile: MAX_OPEN_FILES,
      ...(scratchFolders.length > 0 && { fsize: MAX_SCRATCH_FILE_BYTES }),
      // A driver of a graphics card maps many times what it uses, so only the supervisor's limit holds there.
      ...(memoryLimitBytes !== undefined && !hasGpu && { data: 2 * memoryLimitBytes + RESERVED_BYTES }),
    },
  };
}

function permissionFlags({ level, language, paths, scratch }: SandboxPolicyRequest): string[] {
  if (language !== 'node') return [];
  const flags = ['--permission', '--disable-sigusr1', ...paths.nodeReadable.map((path) => `--allow-fs-read=${path}`)];
  if (level === 'strict') return [...flags, '--no-addons', '--no-experimental-sqlite', '--disallow-code-generation-from-strings'];
  flags.push('--allow-addons', '--allow-worker', '--disable-warning=PERM0001', '--disable-warning=PERM0006');
  return scratch === undefined ? flags : [...flags, `--allow-fs-read=${scratch}`, `--allow-fs-write=${scratch}`];
}

function heapFlags({ language, memoryLimitBytes }: SandboxPolicyRequest): string[] {
  if (language !== 'node' || memoryLimitBytes === undefined) return [];
  return [`--max-old-space-size=${Math.max(1, Math.floor(memoryLimitBytes / MEBIBYTE))}`];
}

/** Programs look for the folder of temporary files by the first, and keep caches under the second. */
function scratchEnvironment(scratch: string | undefined): Record<string, string> {
  return scratch === undefined ? {} : { TMPDIR: scratch, HOME: scratch };
}

function isKnown(architecture: string): architecture is Architecture {
  return architecture === 'x64' || architecture === 'arm64';
}
