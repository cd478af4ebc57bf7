import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { OWN_PROCESS_MARKER } from './kernel-policy.js';
import { encodeProgram, seccompProgram, type Instruction, type SeccompOptions } from './seccomp-program.js';
import { callNumber, NEWEST_CALL, SYSTEM_CALLS, type Architecture, type SystemCall } from './system-calls.js';

const AUDIT = { x64: 0xc000003e, arm64: 0xc00000b7 } as const;
const ALLOW = 'allow';
const EPERM = 'errno 1';
const EACCES = 'errno 13';
const ENOSYS = 'errno 38';
const OTHER_PROCESS = 4711;
const LEAST: SeccompOptions = { mayExecute: false, mayMakeNamelessFiles: false };

/** Runs a filter as the kernel does (linux/filter.h), and says what it answers. */
function run(program: readonly Instruction[], words: Readonly<Record<number, number>>): string {
  let accumulator = 0;
  for (let position = 0, steps = 0; steps < program.length; position += 1, steps += 1) {
    const instruction = program[position];
    if (instruction === undefined) break;
    const { code, value, ifTrue, ifFalse } = instruction;
    if (code === 0x20) accumulator = words[value] ?? 0;
    else if (code === 0x54) accumulator = (accumulator & value) >>> 0;
    else if (code === 0x15) position += accumulator === value ? ifTrue : ifFalse;
    else if (code === 0x25) position += accumulator > value ? ifTrue : ifFalse;
    else if (code === 0x06) return verdict(value);
    else throw new Error(`instruction ${code}`);
  }
  throw new Error('the program ran off its end');
}

function verdict(value: number): string {
  if (value === 0x7fff0000) return ALLOW;
  if (value === 0x80000000) return 'kill';
  if (Math.floor(value / 65_536) === 5) return `errno ${value % 65_536}`;
  throw new Error(`answer ${value}`);
}

function judge(
  architecture: Architecture,
  number: number,
  args: readonly number[] = [],
  options: Partial<SeccompOptions> = {},
): string {
  const words: Record<number, number> = { 0: number, 4: AUDIT[architecture] };
  for (const [index, argument] of args.entries()) words[16 + 8 * index] = argument >>> 0;
  return run(seccompProgram(architecture, { ...LEAST, ...options }), words);
}

function judgeCall(call: SystemCall, ...args: readonly number[]): string {
  return judge('x64', callNumber(call, 'x64') ?? -1, args);
}

/** Of the calls that are let through with any others. */
const REFUSED_ARGUMENTS: Readonly<Record<string, readonly number[]>> = {
  ioctl: [0, 0x5412],
  fcntl: [0, 8],
  prctl: [1],
  mmap: [0, 4096, 3, 0x21],
};

describe('seccompProgram', () => {
  it.each<[string, SystemCall, readonly number[], string]>([
    ['a thread', 'clone', [0x3d0f00], ALLOW],
    ['a process', 'clone', [17], EPERM],
    ['a process that shares memory, as vfork makes', 'clone', [0x4111], EPERM],
    ['a thread in a namespace of its own', 'clone', [0x3d0f00 | 0x10000000], EPERM],
    ['clone3, whose arguments a filter cannot see', 'clone3', [], ENOSYS],
    ['fork', 'fork', [], EPERM],
    ['execve', 'execve', [], EPERM],
    ['a signal to itself', 'kill', [OWN_PROCESS_MARKER, 15], ALLOW],
    ['a signal to another', 'kill', [OTHER_PROCESS, 15], EPERM],
    ['a signal to its group', 'kill', [0, 15], EPERM],
    ['a signal to everybody', 'kill', [-1, 15], EPERM],
    ['a signal to a thread of its own', 'tgkill', [OWN_PROCESS_MARKER, 12, 6], ALLOW],
    ['a signal to a thread of another', 'tgkill', [OTHER_PROCESS, OTHER_PROCESS, 6], EPERM],
    ['a signal to any thread', 'tkill', [OTHER_PROCESS, 6], EPERM],
    ['its own limits', 'prlimit64', [0, 7], ALLOW],
    ['limits of another', 'prlimit64', [OTHER_PROCESS, 7], EPERM],
    ['its own priority', 'setpriority', [0, 0, 5], ALLOW],
    ['the priority of another', 'setpriority', [0, OTHER_PROCESS, 5], EPERM],
    ['the priority of its group', 'setpriority', [1, 0, 5], EPERM],
    ['the priority of its user', 'setpriority', [2, 0, 5], EPERM],
    ['its own processors', 'sched_setaffinity', [0, 8], ALLOW],
    ['the processors of another', 'sched_setaffinity', [OTHER_PROCESS, 8], EPERM],
    ['a socket', 'socket', [2, 1], EACCES],
    ['a connection', 'connect', [3], EACCES],
    ['a pair of streams', 'socketpair', [1, 1 | 0o2000000], ALLOW],
    ['a pair of datagrams, which can be sent anywhere', 'socketpair', [1, 2], EACCES],
    ['closing a descriptor on execution', 'fcntl', [3, 2, 1], ALLOW],
    ['signals of a descriptor to another', 'fcntl', [3, 8, OTHER_PROCESS], EPERM],
    ['asking a terminal', 'ioctl', [1, 0x5401], ALLOW],
    ['typing into a terminal', 'ioctl', [1, 0x5412], EPERM],
    ['flags of a file', 'ioctl', [1, 0x40086602], EPERM],
    ['io_uring', 'io_uring_setup', [8], ENOSYS],
    ['a mode of a file', 'fchmodat2', [], EPERM],
    ['a file in memory', 'memfd_create', [], EPERM],
    ['a file in memory that even the kernel cannot read', 'memfd_secret', [], EPERM],
    ['pages that a pipe keeps', 'vmsplice', [], EPERM],
    ['memory of its own', 'mmap', [0, 4096, 3, 0x22], ALLOW],
    ['memory of its own, and flags', 'mmap', [0, 4096, 3, 0x4022], ALLOW],
    ['a mapped file', 'mmap', [0, 4096, 1, 0x02, 3], ALLOW],
    ['a file that is mapped to be shared', 'mmap', [0, 4096, 1, 0x01, 3], ALLOW],
    ['shared memory without a file', 'mmap', [0, 4096, 3, 0x21], EPERM],
    ['shared memory without a file, reserved only', 'mmap', [0, 4096, 3, 0x4023], EPERM],
    ['a name for a thread', 'prctl', [15], ALLOW],
    ['outliving the server', 'prctl', [1, 0], EPERM],
    ['a trace', 'ptrace', [16, OTHER_PROCESS], EPERM],
  ])('%s', (_what, call, args, expected) => {
    expect(judgeCall(call, ...args)).toBe(expected);
  });

  it('leaves what it has no opinion of alone', () => {
    for (const number of [0, 1, 9, 202, 232, 257, 290, 318]) expect(judge('x64', number)).toBe(ALLOW);
  });

  it('lets execve through where the policy says of what', () => {
    expect(judge('x64', SYSTEM_CALLS.execve.x64, [], { mayExecute: true })).toBe(ALLOW);
    expect(judge('x64', SYSTEM_CALLS.execveat.x64, [], { mayExecute: true })).toBe(EPERM);
  });

  it('lets files in memory be made where a driver needs them', () => {
    const options = { mayMakeNamelessFiles: true };
    expect(judge('x64', SYSTEM_CALLS.memfd_create.x64, [], options)).toBe(ALLOW);
    expect(judge('x64', SYSTEM_CALLS.mmap.x64, [0, 4096, 3, 0x21], options)).toBe(ALLOW);
    expect(judge('x64', SYSTEM_CALLS.memfd_secret.x64 ?? Number.NaN, [], options)).toBe(EPERM);
  });

  it('answers calls it does not know, and calls in the x32 way, as a kernel without them', () => {
    expect(judge('x64', NEWEST_CALL + 1)).toBe(ENOSYS);
    expect(judge('x64', 0x40000000 + 41)).toBe(ENOSYS);
    expect(judge('arm64', 0xffffffff)).toBe(ENOSYS);
  });

  it('ends a process that calls as a 32-bit program', () => {
    for (const architecture of ['x64', 'arm64'] as const) {
      expect(run(seccompProgram(architecture, LEAST), { 0: 102, 4: 0x40000003 })).toBe('kill');
    }
  });

  it.each(['x64', 'arm64'] as const)('rules on every call of the table on %s', (architecture) => {
    const unruled = Object.keys(SYSTEM_CALLS).filter((name) => {
      const number = callNumber(name as SystemCall, architecture);
      // Arguments that no ruling lets through.
      const refused = REFUSED_ARGUMENTS[name] ?? [OTHER_PROCESS, OTHER_PROCESS];
      return number !== undefined && judge(architecture, number, refused) === ALLOW;
    });
    expect(unruled).toEqual([]);
  });

  it('is small enough for the kernel, and jumps no further than an instruction can say', () => {
    for (const architecture of ['x64', 'arm64'] as const) {
      const program = seccompProgram(architecture, LEAST);
      expect(program.length).toBeLessThan(4096);
      for (const { ifTrue, ifFalse } of program) expect(Math.max(ifTrue, ifFalse)).toBeLessThan(256);
    }
  });

  it.each(['x64', 'arm64'] as const)('is the filter that the Python tests apply, on %s', (architecture) => {
    const recorded: unknown = JSON.parse(readFileSync(new URL('../../../test/vectors/seccomp.json', import.meta.url), 'utf8'));
    const program = encodeProgram(seccompProgram(architecture, LEAST));
    expect((recorded as Record<string, string>)[architecture]).toBe(program.toString('base64'));
  });
});

describe('encodeProgram', () => {
  it('writes struct sock_filter: u16 code, u8 jt, u8 jf, u32 k', () => {
    const bytes = encodeProgram([{ code: 0x15, ifTrue: 1, ifFalse: 2, value: 0xc000003e }]);
    expect(bytes.toString('hex')).toBe('150001023e0000c0');
  });
});

/** Headers of the kernel, where a machine has them. */
const HEADERS = { x64: '/usr/include/x86_64-linux-gnu/asm/unistd_64.h', arm64: '/usr/include/asm-generic/unistd.h' } as const;

describe.each(['x64', 'arm64'] as const)('SYSTEM_CALLS on %s', (architecture) => {
  it.skipIf(!existsSync(HEADERS[architecture]))(`has the numbers of the kernel's headers (${HEADERS[architecture]})`, () => {
    const header = readFileSync(HEADERS[architecture], 'utf8');
    const numbers = new Map(
      [...header.matchAll(/^#define __NR(?:3264)?_(\w+)\s+(\d+)$/gmu)].map(([, name, number]) => [name, Number(number)]),
    );
    const wrong = Object.keys(SYSTEM_CALLS).filter((name) => {
      const number = callNumber(name as SystemCall, architecture);
      // Headers may be older than the newest calls.
      return number !== undefined && number !== (numbers.get(name) ?? number);
    });
    expect(wrong).toEqual([]);
  });
});
