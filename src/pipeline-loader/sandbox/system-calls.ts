/** Machines there is a filter for, by Node's names. */
export type Architecture = 'x64' | 'arm64';

interface CallNumbers {
  readonly x64?: number;
  readonly arm64?: number;
}

const everywhere = (number: number): CallNumbers => ({ x64: number, arm64: number });

/**
 * Numbers of the system calls a sandbox has an opinion of: Linux 6.18, `arch/x86/entry/syscalls/syscall_64.tbl` and `scripts/syscall.tbl`
 * (what `asm/unistd_64.h` and `asm-generic/unistd.h` are made from). A number that is missing is a call that machine does not have.
 */
export const SYSTEM_CALLS = {
  ioctl: { x64: 16, arm64: 29 },
  fcntl: { x64: 72, arm64: 25 },
  prctl: { x64: 157, arm64: 167 },

  // Processes, and signals to them.
  kill: { x64: 62, arm64: 129 },
  tkill: { x64: 200, arm64: 130 },
  tgkill: { x64: 234, arm64: 131 },
  rt_sigqueueinfo: { x64: 129, arm64: 138 },
  rt_tgsigqueueinfo: { x64: 297, arm64: 240 },
  pidfd_send_signal: everywhere(424),
  pidfd_open: everywhere(434),
  pidfd_getfd: everywhere(438),
  fork: { x64: 57 },
  vfork: { x64: 58 },
  clone: { x64: 56, arm64: 220 },
  clone3: everywhere(435),
  execve: { x64: 59, arm64: 221 },
  execveat: { x64: 322, arm64: 281 },
  personality: { x64: 135, arm64: 92 },

  // Looking into and steering other processes.
  ptrace: { x64: 101, arm64: 117 },
  process_vm_readv: { x64: 310, arm64: 270 },
  process_vm_writev: { x64: 311, arm64: 271 },
  process_madvise: everywhere(440),
  process_mrelease: everywhere(448),
  kcmp: { x64: 312, arm64: 272 },
  prlimit64: { x64: 302, arm64: 261 },
  setpriority: { x64: 141, arm64: 140 },
  ioprio_set: { x64: 251, arm64: 30 },
  sched_setaffinity: { x64: 203, arm64: 122 },
  sched_setparam: { x64: 142, arm64: 118 },
  sched_setscheduler: { x64: 144, arm64: 119 },
  sched_setattr: { x64: 314, arm64: 274 },
  move_pages: { x64: 279, arm64: 239 },
  migrate_pages: { x64: 256, arm64: 238 },

  // Network.
  socket: { x64: 41, arm64: 198 },
  socketpair: { x64: 53, arm64: 199 },
  connect: { x64: 42, arm64: 203 },
  bind: { x64: 49, arm64: 200 },
  listen: { x64: 50, arm64: 201 },
  accept: { x64: 43, arm64: 202 },
  accept4: { x64: 288, arm64: 242 },

  // Memory that counts for no process.
  mmap: { x64: 9, arm64: 222 },
  memfd_create: { x64: 319, arm64: 279 },
  memfd_secret: everywhere(447),
  vmsplice: { x64: 278, arm64: 75 },

  // Memory and queues that processes share by name.
  shmget: { x64: 29, arm64: 194 },
  shmat: { x64: 30, arm64: 196 },
  shmctl: { x64: 31, arm64: 195 },
  msgget: { x64: 68, arm64: 186 },
  msgsnd: { x64: 69, arm64: 189 },
  msgrcv: { x64: 70, arm64: 188 },
  msgctl: { x64: 71, arm64: 187 },
  semget: { x64: 64, arm64: 190 },
  semop: { x64: 65, arm64: 193 },
  semtimedop: { x64: 220, arm64: 192 },
  semctl: { x64: 66, arm64: 191 },
  mq_open: { x64: 240, arm64: 180 },
  mq_unlink: { x64: 241, arm64: 181 },

  // Properties of files, which Landlock does not govern.
  truncate: { x64: 76, arm64: 45 },
  chmod: { x64: 90 },
  fchmod: { x64: 91, arm64: 52 },
  fchmodat: { x64: 268, arm64: 53 },
  fchmodat2: everywhere(452),
  chown: { x64: 92 },
  fchown: { x64: 93, arm64: 55 },
  lchown: { x64: 94 },
  fchownat: { x64: 260, arm64: 54 },
  utime: { x64: 132 },
  utimes: { x64: 235 },
  futimesat: { x64: 261 },
  utimensat: { x64: 280, arm64: 88 },
  setxattr: { x64: 188, arm64: 5 },
  lsetxattr: { x64: 189, arm64: 6 },
  fsetxattr: { x64: 190, arm64: 7 },
  setxattrat: everywhere(463),
  removexattr: { x64: 197, arm64: 14 },
  lremovexattr: { x64: 198, arm64: 15 },
  fremovexattr: { x64: 199, arm64: 16 },
  removexattrat: everywhere(466),
  file_setattr: everywhere(469),
  inotify_add_watch: { x64: 254, arm64: 27 },
  fanotify_init: { x64: 300, arm64: 262 },
  fanotify_mark: { x64: 301, arm64: 263 },
  name_to_handle_at: { x64: 303, arm64: 264 },
  open_by_handle_at: { x64: 304, arm64: 265 },

  // Doors into the kernel that have been its weak spots, and that no pipeline needs.
  io_uring_setup: everywhere(425),
  io_uring_enter: everywhere(426),
  io_uring_register: everywhere(427),
  bpf: { x64: 321, arm64: 280 },
  perf_event_open: { x64: 298, arm64: 241 },
  userfaultfd: { x64: 323, arm64: 282 },
  add_key: { x64: 248, arm64: 217 },
  request_key: { x64: 249, arm64: 218 },
  keyctl: { x64: 250, arm64: 219 },
  modify_ldt: { x64: 154 },
  iopl: { x64: 172 },
  ioperm: { x64: 173 },

  // The machine itself.
  mount: { x64: 165, arm64: 40 },
  umount2: { x64: 166, arm64: 39 },
  pivot_root: { x64: 155, arm64: 41 },
  chroot: { x64: 161, arm64: 51 },
  open_tree: everywhere(428),
  move_mount: everywhere(429),
  fsopen: everywhere(430),
  fsconfig: everywhere(431),
  fsmount: everywhere(432),
  fspick: everywhere(433),
  mount_setattr: everywhere(442),
  open_tree_attr: everywhere(467),
  setns: { x64: 308, arm64: 268 },
  unshare: { x64: 272, arm64: 97 },
  init_module: { x64: 175, arm64: 105 },
  finit_module: { x64: 313, arm64: 273 },
  delete_module: { x64: 176, arm64: 106 },
  kexec_load: { x64: 246, arm64: 104 },
  kexec_file_load: { x64: 320, arm64: 294 },
  reboot: { x64: 169, arm64: 142 },
  swapon: { x64: 167, arm64: 224 },
  swapoff: { x64: 168, arm64: 225 },
  acct: { x64: 163, arm64: 89 },
  quotactl: { x64: 179, arm64: 60 },
  quotactl_fd: everywhere(443),
  syslog: { x64: 103, arm64: 116 },
  vhangup: { x64: 153, arm64: 58 },
  sync: { x64: 162, arm64: 81 },
  settimeofday: { x64: 164, arm64: 170 },
  clock_settime: { x64: 227, arm64: 112 },
  clock_adjtime: { x64: 305, arm64: 266 },
  adjtimex: { x64: 159, arm64: 171 },
  sethostname: { x64: 170, arm64: 161 },
  setdomainname: { x64: 171, arm64: 162 },
} as const satisfies Record<string, CallNumbers>;

export type SystemCall = keyof typeof SYSTEM_CALLS;

/** The newest call that was looked at (`file_setattr`, Linux 6.17). What came later is answered as a kernel without it answers. */
export const NEWEST_CALL = 469;

/** The call's number on a machine; undefined where the machine does not have it. */
export function callNumber(call: SystemCall, architecture: Architecture): number | undefined {
  return (SYSTEM_CALLS[call] as CallNumbers)[architecture];
}
