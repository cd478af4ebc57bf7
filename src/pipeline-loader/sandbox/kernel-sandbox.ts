import { closeSync, fstatSync } from 'node:fs';
import type { CLibrary } from './c-library.js';
import { OWN_PROCESS_MARKER, type KernelPolicy, type ResourceLimit } from './kernel-policy.js';
import { SandboxError } from './sandbox.error.js';

// sys/prctl.h
const PR_SET_PDEATHSIG = 1;
const PR_SET_SECCOMP = 22;
const PR_CAPBSET_DROP = 24;
const PR_SET_NO_NEW_PRIVS = 38;
const PR_CAP_AMBIENT = 47;
const PR_CAP_AMBIENT_CLEAR_ALL = 4n;
const SECCOMP_MODE_FILTER = 2n;
// signal.h
const SIGKILL = 9n;

// linux/capability.h
const CAPABILITY_VERSION_3 = 0x2008_0522;
const MAX_CAPABILITY = 63;

// asm-generic/resource.h
const RESOURCES: Readonly<Record<ResourceLimit, number>> = { fsize: 1, data: 2, core: 4, nofile: 7 };

// linux/landlock.h: system calls (the same on every machine), rights and their sums by version
const LANDLOCK_CREATE_RULESET = 444n;
const LANDLOCK_ADD_RULE = 445n;
const LANDLOCK_RESTRICT_SELF = 446n;
const CREATE_RULESET_VERSION = 1n;
const RULE_PATH_BENEATH = 1n;
const EXECUTE = 1n << 0n;
const WRITE_FILE = 1n << 1n;
const READ_FILE = 1n << 2n;
const READ_DIR = 1n << 3n;
const TRUNCATE = 1n << 14n;
const IOCTL_DEV = 1n << 15n;
/** REMOVE_DIR, REMOVE_FILE, MAKE_DIR, MAKE_REG, MAKE_FIFO, MAKE_SYM, REFER. */
const CHANGE_FOLDER = (1n << 4n) | (1n << 5n) | (1n << 7n) | (1n << 8n) | (1n << 10n) | (1n << 12n) | (1n << 13n);
/** Rights that a rule for a file may have. */
const OF_FILES = EXECUTE | WRITE_FILE | READ_FILE | TRUNCATE | IOCTL_DEV;
/** Rights that version 1, 2, 3… of Landlock knows. */
const RIGHTS_BY_VERSION = [13n, 14n, 15n, 15n, 16n].map((count) => (1n << count) - 1n);
/** bind and connect of TCP, from version 4. */
const ALL_TCP = 3n;
/** Abstract sockets and signals, from version 6. */
const ALL_SCOPES = 3n;

// asm-generic/fcntl.h
const O_PATH = 0o10000000;
const O_CLOEXEC = 0o2000000;

const INSTRUCTION_BYTES = 8;

/**
 * Takes from this thread, and from all that comes of it, what the policy does not give. There is no way back.
 *
 * @returns what could not be enforced, a sentence each; only when the policy is not `required`
 * @throws SandboxError when the policy is `required` and cannot be enforced
 */
export function restrictThread(policy: KernelPolicy, library: CLibrary): string[] {
  const problems: string[] = [];
  for (const restrict of [limitResources, dropCapabilities, dieWithServer, restrictFiles, filterCalls]) {
    try {
      restrict(policy, library);
    } catch (error) {
      if (policy.required || !(error instanceof SandboxError)) throw error;
      problems.push(error.message);
    }
  }
  return problems;
}

function limitResources({ limits }: KernelPolicy, library: CLibrary): void {
  for (const [name, value] of Object.entries(limits)) {
    const resource = RESOURCES[name as ResourceLimit];
    const limit = Buffer.alloc(16);
    library.getrlimit(resource, limit);
    const hard = limit.readBigUInt64LE(8);
    const wanted = BigInt(value) < hard ? BigInt(value) : hard;
    limit.writeBigUInt64LE(wanted, 0);
    limit.writeBigUInt64LE(wanted, 8);
    if (library.setrlimit(resource, limit) !== 0) throw new SandboxError(`the kernel refused the limit ${name}=${value}`);
  }
}

/** Root without capabilities is a user that owns the system's files, which Landlock then closes. */
function dropCapabilities(_policy: KernelPolicy, library: CLibrary): void {
  // These two are refused to a process that has no capabilities to begin with.
  for (let capability = 0n; capability <= MAX_CAPABILITY; capability += 1n) library.prctl(PR_CAPBSET_DROP, capability);
  library.prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL);
  const header = Buffer.alloc(8);
  header.writeUInt32LE(CAPABILITY_VERSION_3, 0);
  if (library.capset(header, Buffer.alloc(24)) !== 0) throw new SandboxError('the kernel refused to drop capabilities');
  if (library.prctl(PR_SET_NO_NEW_PRIVS, 1n) !== 0) throw new SandboxError('the kernel refused no_new_privs');
}

/**
 * A server that is killed takes no process with it, and one that loops would never see its pipe end. The kernel keeps this order over
 * `execve`, and gives the signal when the thread ends that made the process: the server's main thread. Should the server be gone already,
 * it says no `start`, and the host ends with its pipe before it has loaded anything.
 */
function dieWithServer(_policy: KernelPolicy, library: CLibrary): void {
  if (library.prctl(PR_SET_PDEATHSIG, SIGKILL) !== 0) {
    throw new SandboxError('the pipeline may outlive the server: the kernel refused to bind their lives');
  }
}

function restrictFiles(policy: KernelPolicy, library: CLibrary): void {
  const version = library.systemCall(LANDLOCK_CREATE_RULESET, 0n, 0n, CREATE_RULESET_VERSION);
  if (version < 1)
    throw new SandboxError(
      'files stay open to the pipeline: this kernel has no Landlock (Linux 5.13, "landlock" in its lsm= list)',
    );
  const rights = RIGHTS_BY_VERSION[Math.min(version, RIGHTS_BY_VERSION.length) - 1] ?? 0n;
  const ruleset = createRuleset(version, rights, library);
  const allow = (paths: readonly string[], allowed: bigint): void => {
    for (const path of paths) addRule(ruleset, path, allowed & rights, library);
  };
  allow(policy.readable, READ_FILE | READ_DIR);
  allow(policy.listable, READ_DIR);
  allow(policy.writable, READ_FILE | READ_DIR | WRITE_FILE | TRUNCATE | CHANGE_FOLDER);
  allow(policy.executable, READ_FILE | EXECUTE);
  allow(policy.devices, READ_FILE | READ_DIR | WRITE_FILE | IOCTL_DEV);
  const refused = library.systemCall(LANDLOCK_RESTRICT_SELF, BigInt(ruleset), 0n) !== 0;
  closeSync(ruleset);
  if (refused) throw new SandboxError('files stay open to the pipeline: the kernel refused its Landlock rules');
}

function createRuleset(version: number, rights: bigint, library: CLibrary): number {
  const attributes = Buffer.alloc(24);
  attributes.writeBigUInt64LE(rights, 0);
  attributes.writeBigUInt64LE(ALL_TCP, 8);
  attributes.writeBigUInt64LE(ALL_SCOPES, 16);
  // An older version knows a shorter structure, and refuses a longer one that says something.
  const size = version >= 6 ? 24n : version >= 4 ? 16n : 8n;
  const ruleset = library.systemCall(LANDLOCK_CREATE_RULESET, library.address(attributes), size);
  if (ruleset < 0) throw new SandboxError('files stay open to the pipeline: the kernel refused a Landlock ruleset');
  return ruleset;
}

/** A path that cannot be opened here is not opened to the pipeline. */
function addRule(ruleset: number, path: string, allowed: bigint, library: CLibrary): void {
  const fd = library.open(path, O_PATH | O_CLOEXEC);
  if (fd < 0) return;
  try {
    const rule = Buffer.alloc(12);
    rule.writeBigUInt64LE(fstatSync(fd).isDirectory() ? allowed : allowed & OF_FILES, 0);
    rule.writeInt32LE(fd, 8);
    if (library.systemCall(LANDLOCK_ADD_RULE, BigInt(ruleset), RULE_PATH_BENEATH, library.address(rule)) !== 0) {
      throw new SandboxError(`files stay open to the pipeline: the kernel refused a Landlock rule for ${path}`);
    }
  } finally {
    closeSync(fd);
  }
}

function filterCalls({ seccomp }: KernelPolicy, library: CLibrary): void {
  if (seccomp === null) {
    throw new SandboxError(
      `network and processes stay open to the pipeline: there is no filter of system calls for ${process.arch}`,
    );
  }
  const filter = withOwnProcess(Buffer.from(seccomp, 'base64'), process.pid);
  const program = Buffer.alloc(16);
  program.writeUInt16LE(filter.length / INSTRUCTION_BYTES, 0);
  program.writeBigUInt64LE(library.address(filter), 8);
  if (library.prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, library.address(program)) !== 0) {
    throw new SandboxError('network and processes stay open to the pipeline: this kernel has no seccomp filters');
  }
}

/** The filter with this process's id where the policy has the marker. */
function withOwnProcess(filter: Buffer, pid: number): Buffer {
  for (let offset = 4; offset < filter.length; offset += INSTRUCTION_BYTES) {
    if (filter.readUInt32LE(offset) === OWN_PROCESS_MARKER) filter.writeUInt32LE(pid, offset);
  }
  return filter;
}
