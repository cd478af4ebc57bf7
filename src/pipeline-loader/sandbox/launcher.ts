/**
 * Start of a sandboxed Node pipeline: `node --experimental-ffi launcher.js <kernel policy as JSON> <arguments of node>…`, with the
 * server's pipe as file descriptor 3. It restricts itself and then becomes `node <arguments>`, which keeps the restrictions: the kernel
 * has no way to put them on the threads a running Node already has.
 */
import { readdirSync, writeSync } from 'node:fs';
import { errorMessage } from '../contract/error-message.js';
import { encodeMessage } from '../protocol/message-encoder.js';
import { PROTOCOL_FD, type HostMessage } from '../protocol/messages.js';
import { openCLibrary } from './c-library.js';
import type { KernelPolicy } from './kernel-policy.js';
import { restrictThread } from './kernel-sandbox.js';

const MAX_HEADER_BYTES = 65_536;
// fcntl.h
const F_SETFD = 2;
const FD_CLOEXEC = 1;
// linux/close_range.h; the call's number is the same on every machine.
const CLOSE_RANGE = 436n;
const LAST_FD = 0xffff_ffffn;
const CLOSE_RANGE_CLOEXEC = 4n;

const [policyText = '', ...nodeArguments] = process.argv.slice(2);
const policy = JSON.parse(policyText) as KernelPolicy;
const library = openCLibrary();
leaveInherited();
try {
  for (const problem of restrictThread(policy, library)) warn(problem);
} catch (error) {
  refuse(errorMessage(error));
}
// Node closes what it inherited when it executes another program, unless told otherwise.
library.fcntl(PROTOCOL_FD, F_SETFD, 0);
process.execve?.(process.execPath, [process.execPath, ...nodeArguments]);

/** Marks what the server had inherited itself, from a script that started it for example: the pipeline must not find it open. */
function leaveInherited(): void {
  if (library.systemCall(CLOSE_RANGE, BigInt(PROTOCOL_FD + 1), LAST_FD, CLOSE_RANGE_CLOEXEC) === 0) return;
  // Before Linux 5.11.
  for (const fd of readdirSync('/proc/self/fd').map(Number)) if (fd > PROTOCOL_FD) library.fcntl(fd, F_SETFD, FD_CLOEXEC);
}

function warn(problem: string): void {
  say({ type: 'log', level: 'warn', text: `The sandbox has a hole: ${problem}.` });
}

function refuse(problem: string): never {
  say({
    type: 'start-failed',
    kind: 'sandbox',
    message: `the level strict cannot be held: ${problem}; use --security-level standard, or a newer kernel`,
  });
  process.exit(1);
}

function say(message: HostMessage): void {
  for (const bytes of encodeMessage(message, [], MAX_HEADER_BYTES)) writeSync(PROTOCOL_FD, bytes);
}
