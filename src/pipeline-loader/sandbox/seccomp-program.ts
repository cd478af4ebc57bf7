import { OWN_PROCESS_MARKER } from './kernel-policy.js';
import { callNumber, NEWEST_CALL, type Architecture, type SystemCall } from './system-calls.js';

/** One `struct sock_filter` (linux/filter.h). */
export interface Instruction {
  readonly code: number;
  /** Instructions to skip when a comparison holds, and when it does not. */
  readonly ifTrue: number;
  readonly ifFalse: number;
  readonly value: number;
}

/** What an argument has to be. Only its lower 32 bits are looked at: all that the kernel reads of an int. */
interface ArgumentTest {
  /** Position, from 0. */
  readonly argument: number;
  /** Bits that are compared; all when left out. */
  readonly mask?: number;
  readonly oneOf: readonly number[];
}

/** What becomes of a call: an errno always; or an errno unless (`only`) or if (`except`) the arguments are as said. */
interface Ruling {
  readonly calls: readonly SystemCall[];
  readonly errno: number;
  /** Every test holds: the call is let through. */
  readonly only?: readonly ArgumentTest[];
  /** This test holds: the errno. Anything else is let through. */
  readonly except?: ArgumentTest;
}

// linux/filter.h, linux/bpf_common.h
const LOAD_WORD = 0x20;
const AND = 0x54;
const JUMP_IF_EQUAL = 0x15;
const JUMP_IF_GREATER = 0x25;
const RETURN = 0x06;

// linux/seccomp.h: what the filter reads and what it answers
const NUMBER_OFFSET = 0;
const ARCHITECTURE_OFFSET = 4;
const ARGUMENTS_OFFSET = 16;
const KILL_PROCESS = 0x8000_0000;
const ERRNO = 0x0005_0000;
const ALLOW = 0x7fff_0000;

// linux/audit.h: AUDIT_ARCH_X86_64, AUDIT_ARCH_AARCH64
const AUDIT_ARCHITECTURE: Readonly<Record<Architecture, number>> = { x64: 0xc000_003e, arm64: 0xc000_00b7 };

// asm-generic/errno-base.h, asm-generic/errno.h
const EPERM = 1;
const EACCES = 13;
const ENOSYS = 38;

// linux/sched.h
const CLONE_THREAD = 0x0001_0000;
const CLONE_NAMESPACES = 0x7e02_0080;
// sys/socket.h
const AF_UNIX = 1;
const SOCK_STREAM = 1;
const SOCK_SEQPACKET = 5;
const SOCK_TYPE_MASK = 0xf;
// sys/resource.h, linux/ioprio.h
const PRIO_PROCESS = 0;
const IOPRIO_WHO_PROCESS = 1;
// linux/fcntl.h: F_SETOWN, F_SETSIG, F_SETOWN_EX, F_SETLEASE, F_NOTIFY
const SIGNALLING_FCNTLS = [8, 10, 15, 1024, 1026];
// asm-generic/ioctls.h: TIOCSTI, FIOSETOWN, SIOCSPGRP; linux/fs.h: FS_IOC_SETFLAGS, FS_IOC_FSSETXATTR; linux/fsverity.h: FS_IOC_ENABLE_VERITY
const FORBIDDEN_IOCTLS = [0x5412, 0x8901, 0x8902, 0x4008_6602, 0x401c_5820, 0x4080_6685];

// sys/prctl.h
const PR_SET_PDEATHSIG = 1;
// asm-generic/mman-common.h, linux/mman.h
const MAP_SHARED = 0x01;
const MAP_SHARED_VALIDATE = 0x03;
const MAP_TYPE = 0x0f;
const MAP_ANONYMOUS = 0x20;

const SELF = [0, OWN_PROCESS_MARKER];

/** The rules of every sandboxed pipeline. */
const RULINGS: readonly Ruling[] = [
  // The C library takes these answers for an older kernel, and falls back: to clone() for threads, to epoll for files.
  { errno: ENOSYS, calls: ['clone3', 'io_uring_setup', 'io_uring_enter', 'io_uring_register'] },
  {
    errno: EPERM,
    calls: ['clone'],
    only: [
      { argument: 0, mask: CLONE_THREAD, oneOf: [CLONE_THREAD] },
      { argument: 0, mask: CLONE_NAMESPACES, oneOf: [0] },
    ],
  },
  { errno: EPERM, calls: ['fork', 'vfork', 'execveat'] },
  {
    errno: EPERM,
    calls: ['kill', 'tgkill', 'rt_sigqueueinfo', 'rt_tgsigqueueinfo'],
    only: [{ argument: 0, oneOf: [OWN_PROCESS_MARKER] }],
  },
  { errno: EPERM, calls: ['tkill', 'pidfd_open', 'pidfd_send_signal', 'pidfd_getfd'] },
  { errno: EPERM, calls: ['fcntl'], except: { argument: 1, oneOf: SIGNALLING_FCNTLS } },
  { errno: EPERM, calls: ['ioctl'], except: { argument: 1, oneOf: FORBIDDEN_IOCTLS } },
  // It would outlive a server that is killed.
  { errno: EPERM, calls: ['prctl'], except: { argument: 0, oneOf: [PR_SET_PDEATHSIG] } },
  { errno: EPERM, calls: ['ptrace', 'process_vm_readv', 'process_vm_writev', 'process_madvise', 'process_mrelease', 'kcmp'] },
  {
    errno: EPERM,
    calls: [
      'prlimit64',
      'sched_setaffinity',
      'sched_setparam',
      'sched_setscheduler',
      'sched_setattr',
      'move_pages',
      'migrate_pages',
    ],
    only: [{ argument: 0, oneOf: SELF }],
  },
  {
    errno: EPERM,
    calls: ['setpriority'],
    only: [
      { argument: 0, oneOf: [PRIO_PROCESS] },
      { argument: 1, oneOf: SELF },
    ],
  },
  {
    errno: EPERM,
    calls: ['ioprio_set'],
    only: [
      { argument: 0, oneOf: [IOPRIO_WHO_PROCESS] },
      { argument: 1, oneOf: SELF },
    ],
  },
  { errno: EACCES, calls: ['socket', 'connect', 'bind', 'listen', 'accept', 'accept4'] },
  {
    // asyncio wakes itself by a pair. One of datagrams could be sent to any socket of the machine that has a name.
    errno: EACCES,
    calls: ['socketpair'],
    only: [
      { argument: 0, oneOf: [AF_UNIX] },
      { argument: 1, mask: SOCK_TYPE_MASK, oneOf: [SOCK_STREAM, SOCK_SEQPACKET] },
    ],
  },
  // Pages that a pipe holds, or that nobody can look at, are in no count that the supervisor reads.
  { errno: EPERM, calls: ['memfd_secret', 'vmsplice'] },
  { errno: EPERM, calls: ['shmget', 'shmat', 'shmctl', 'semget', 'semop', 'semtimedop', 'semctl'] },
  { errno: EPERM, calls: ['msgget', 'msgsnd', 'msgrcv', 'msgctl', 'mq_open', 'mq_unlink'] },
  { errno: EPERM, calls: ['truncate', 'chmod', 'fchmod', 'fchmodat', 'fchmodat2', 'chown', 'fchown', 'lchown', 'fchownat'] },
  { errno: EPERM, calls: ['utime', 'utimes', 'futimesat', 'utimensat', 'file_setattr'] },
  { errno: EPERM, calls: ['setxattr', 'lsetxattr', 'fsetxattr', 'setxattrat'] },
  { errno: EPERM, calls: ['removexattr', 'lremovexattr', 'fremovexattr', 'removexattrat'] },
  { errno: EACCES, calls: ['inotify_add_watch'] },
  { errno: EPERM, calls: ['fanotify_init', 'fanotify_mark', 'name_to_handle_at', 'open_by_handle_at'] },
  { errno: EPERM, calls: ['bpf', 'perf_event_open', 'userfaultfd', 'add_key', 'request_key', 'keyctl'] },
  { errno: EPERM, calls: ['personality', 'modify_ldt', 'iopl', 'ioperm'] },
  {
    errno: EPERM,
    calls: ['mount', 'umount2', 'pivot_root', 'chroot', 'open_tree', 'open_tree_attr', 'move_mount', 'mount_setattr'],
  },
  { errno: EPERM, calls: ['fsopen', 'fsconfig', 'fsmount', 'fspick', 'setns', 'unshare'] },
  { errno: EPERM, calls: ['init_module', 'finit_module', 'delete_module', 'kexec_load', 'kexec_file_load', 'reboot'] },
  { errno: EPERM, calls: ['swapon', 'swapoff', 'acct', 'quotactl', 'quotactl_fd', 'syslog', 'vhangup', 'sync'] },
  { errno: EPERM, calls: ['settimeofday', 'clock_settime', 'clock_adjtime', 'adjtimex', 'sethostname', 'setdomainname'] },
];

/**
 * Files that lie in memory and have no name. Their pages stay when they are mapped nowhere, so they evade both the resource limit and the
 * supervisor, who counts what a process has mapped. A shared mapping without a file is such a file as well.
 */
const NAMELESS_FILES: readonly Ruling[] = [
  { errno: EPERM, calls: ['memfd_create'] },
  {
    errno: EPERM,
    calls: ['mmap'],
    except: {
      argument: 3,
      mask: MAP_TYPE | MAP_ANONYMOUS,
      oneOf: [MAP_SHARED | MAP_ANONYMOUS, MAP_SHARED_VALIDATE | MAP_ANONYMOUS],
    },
  },
];

export interface SeccompOptions {
  /** Node needs one `execve` after its filter is installed (Landlock says of what); Python needs none. */
  readonly mayExecute: boolean;
  /** Drivers of graphics cards share memory by descriptors. */
  readonly mayMakeNamelessFiles: boolean;
}

/**
 * The filter of a sandboxed process. What is not ruled upon is allowed: a list of what libraries need would break with the next
 * version of any. Calls newer than this list do not exist for it.
 */
export function seccompProgram(architecture: Architecture, options: SeccompOptions): Instruction[] {
  const rulings: readonly Ruling[] = [
    ...RULINGS,
    ...(options.mayExecute ? [] : [{ errno: EPERM, calls: ['execve'] } as const]),
    ...(options.mayMakeNamelessFiles ? [] : NAMELESS_FILES),
  ];
  return [
    load(ARCHITECTURE_OFFSET),
    jump(JUMP_IF_EQUAL, AUDIT_ARCHITECTURE[architecture], 1, 0),
    answer(KILL_PROCESS),
    load(NUMBER_OFFSET),
    // So have calls in the x32 way, whose numbers have bit 30 set.
    jump(JUMP_IF_GREATER, NEWEST_CALL, 0, 1),
    answer(ERRNO | ENOSYS),
    ...rulings.flatMap((ruling) => ruling.calls.flatMap((call) => forCall(callNumber(call, architecture), body(ruling)))),
    answer(ALLOW),
  ];
}

/** As the kernel reads it: `struct sock_filter[]` of a little-endian machine. */
export function encodeProgram(program: readonly Instruction[]): Buffer {
  const bytes = Buffer.alloc(program.length * INSTRUCTION_BYTES);
  for (const [index, { code, ifTrue, ifFalse, value }] of program.entries()) {
    const offset = index * INSTRUCTION_BYTES;
    bytes.writeUInt16LE(code, offset);
    bytes.writeUInt8(ifTrue, offset + 2);
    bytes.writeUInt8(ifFalse, offset + 3);
    bytes.writeUInt32LE(value >>> 0, offset + 4);
  }
  return bytes;
}

const INSTRUCTION_BYTES = 8;

/** The call's number is in the accumulator; `instructions` end in an answer whatever they find. */
function forCall(number: number | undefined, instructions: readonly Instruction[]): Instruction[] {
  return number === undefined ? [] : [jump(JUMP_IF_EQUAL, number, 0, instructions.length), ...instructions];
}

function body({ errno, only, except }: Ruling): Instruction[] {
  const refusal = answer(ERRNO | errno);
  if (only !== undefined) return [...only.flatMap((test) => [...compare(test), refusal]), answer(ALLOW)];
  if (except !== undefined) return [...compare(except), answer(ALLOW), refusal];
  return [refusal];
}

/** Goes on at the next instruction when nothing fits, and skips that one when something does. */
function compare({ argument, mask, oneOf }: ArgumentTest): Instruction[] {
  return [
    load(ARGUMENTS_OFFSET + 8 * argument),
    ...(mask === undefined ? [] : [{ code: AND, ifTrue: 0, ifFalse: 0, value: mask }]),
    ...oneOf.map((value, index) => jump(JUMP_IF_EQUAL, value, oneOf.length - index, 0)),
  ];
}

function load(offset: number): Instruction {
  return { code: LOAD_WORD, ifTrue: 0, ifFalse: 0, value: offset };
}

function jump(code: number, value: number, ifTrue: number, ifFalse: number): Instruction {
  return { code, ifTrue, ifFalse, value };
}

function answer(value: number): Instruction {
  return { code: RETURN, ifTrue: 0, ifFalse: 0, value };
}
