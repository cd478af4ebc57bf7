/**
 * What the kernel is to forbid a pipeline's process, as data. The server makes it, the process applies it to itself before any code of
 * the pipeline is there: `launcher.ts` for Node, `telefuser_host/sandbox.py` for Python. Both apply what is written and decide nothing.
 *
 * Paths are absolute; one that does not exist is left out. What no list names can neither be read nor written. A folder stands for
 * everything beneath it; a symlink counts as what it points to.
 */
export interface KernelPolicy {
  /** Whether to refuse when something cannot be enforced. Otherwise it is said as a warning, and the rest is applied. */
  readonly required: boolean;
  /** Files and folders that may be read. */
  readonly readable: readonly string[];
  /** Folders whose names may be listed, and no more. */
  readonly listable: readonly string[];
  /** Folders in which everything may be done but execution. */
  readonly writable: readonly string[];
  /** Files that `execve` may load. */
  readonly executable: readonly string[];
  /** Devices, or folders of devices, that may be read, written and controlled. */
  readonly devices: readonly string[];
  /**
   * Base64 of a `struct sock_filter[]` in little-endian order; null where there is none for this machine. An instruction with the
   * constant {@link OWN_PROCESS_MARKER} gets the process id instead, which is known only when the filter is installed.
   */
  readonly seccomp: string | null;
  /** Upper limits (`setrlimit`, soft and hard); never above the hard limit that is there. */
  readonly limits: Readonly<Partial<Record<ResourceLimit, number>>>;
}

/** Resource limits by the names of `setrlimit(2)`: files in bytes, cores in bytes, private memory in bytes, open descriptors. */
export type ResourceLimit = 'fsize' | 'core' | 'data' | 'nofile';

/** Stands in a filter for the id of the process it is installed in. No system call has it for an argument: process ids end at 2^22. */
export const OWN_PROCESS_MARKER = 0x7e1e_f05e;
