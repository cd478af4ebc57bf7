/** `syscall(2)` takes what the call takes; this many of it, and the rest is zero. */
type SystemCallArguments = readonly [number: bigint, a: bigint, b?: bigint, c?: bigint, d?: bigint];

/** The few calls of the C library that a sandbox is made of. All return -1 when they fail. */
export interface CLibrary {
  systemCall(...call: SystemCallArguments): number;
  prctl(option: number, a: bigint, b?: bigint): number;
  open(path: string, flags: number): number;
  fcntl(fd: number, command: number, argument: number): number;
  capset(header: Buffer, data: Buffer): number;
  getrlimit(resource: number, limit: Buffer): number;
  setrlimit(resource: number, limit: Buffer): number;
  /** Of a buffer's first byte; good while the buffer is referenced. */
  address(buffer: Buffer): bigint;
}

/** Opens what this process is linked with; it needs `--experimental-ffi`. */
export function openCLibrary(): CLibrary {
  const ffi = process.getBuiltinModule('node:ffi');
  const { functions } = ffi.dlopen(null, {
    syscall: { arguments: ['i64', 'i64', 'i64', 'i64', 'i64'], return: 'i64' },
    prctl: { arguments: ['i32', 'u64', 'u64', 'u64', 'u64'], return: 'i32' },
    open: { arguments: ['string', 'i32'], return: 'i32' },
    fcntl: { arguments: ['i32', 'i32', 'i32'], return: 'i32' },
    capset: { arguments: ['pointer', 'pointer'], return: 'i32' },
    getrlimit: { arguments: ['i32', 'pointer'], return: 'i32' },
    setrlimit: { arguments: ['i32', 'pointer'], return: 'i32' },
  });
  const { syscall, prctl, open, fcntl, capset, getrlimit, setrlimit } = functions;
  return {
    systemCall: (number, a, b = 0n, c = 0n, d = 0n) => Number(syscall(number, a, b, c, d)),
    prctl: (option, a, b = 0n) => prctl(option, a, b, 0n, 0n),
    open,
    fcntl,
    capset,
    getrlimit,
    setrlimit,
    address: (buffer) => ffi.getRawPointer(buffer),
  };
}
