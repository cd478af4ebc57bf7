import { spawn, type ChildProcess } from 'node:child_process';
import { errorMessage } from '../contract/error-message.js';

/** How long a check may take. A file of the largest size takes about a tenth of it. */
const CHECK_TIMEOUT_MS = 20_000;
/** What 200 findings come to, several times over. */
const MAX_OUTPUT_BYTES = 4 * 1024 * 1024;

/** A check could not be made; the message says why. */
export class CheckProcessError extends Error {
  override readonly name = 'CheckProcessError';
}

/**
 * Runs a checker and resolves with what it printed. It gets nothing of the server: no input, no environment.
 *
 * @throws CheckProcessError when it cannot be started, takes too long, prints too much, or does not end with 0
 */
export async function runCheckProcess(
  command: string,
  args: readonly string[],
  { timeoutMs = CHECK_TIMEOUT_MS, maxOutputBytes = MAX_OUTPUT_BYTES } = {},
): Promise<string> {
  const child = spawn(command, [...args], { cwd: '/', env: {}, stdio: ['ignore', 'pipe', 'ignore'] });
  const killAtServerExit = (): void => void child.kill('SIGKILL');
  process.once('exit', killAtServerExit);
  try {
    return await output(child, timeoutMs, maxOutputBytes);
  } finally {
    process.off('exit', killAtServerExit);
  }
}

function output(child: ChildProcess, timeoutMs: number, maxOutputBytes: number): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const parts: Buffer[] = [];
  let bytes = 0;
  let stopped: string | undefined;
  const stop = (why: string): void => {
    stopped ??= why;
    child.kill('SIGKILL');
  };
  const timer = setTimeout(() => stop(`took longer than ${timeoutMs / 1000} s`), timeoutMs);
  child.stdout?.on('data', (part: Buffer) => {
    bytes += part.length;
    if (bytes <= maxOutputBytes) parts.push(part);
    else stop(`printed more than ${maxOutputBytes} bytes`);
  });
  child.once('error', (error) => {
    clearTimeout(timer);
    reject(new CheckProcessError(`the checker could not be started: ${errorMessage(error)}`));
  });
  child.once('close', (code, signal) => {
    clearTimeout(timer);
    const ended = signal === null ? `ended with exit code ${code}` : `was ended by ${signal}`;
    if (stopped !== undefined || code !== 0) reject(new CheckProcessError(`the checker ${stopped ?? ended}`));
    else resolve(Buffer.concat(parts).toString());
  });
  return promise;
}
