import { writeFile } from 'node:fs/promises';

import { CommandError } from './command.error.js';
import type { ExitReason } from './exit-codes.js';
import type { ProcessPort, Server } from './server.port.js';
import { endOnSignal } from './shutdown.js';
import { terminalOutput } from './terminal.js';
import type { BenchInvocation } from './viewer-arguments.js';
import { viewerToken } from './viewer-token.js';

const STANDARD_OUTPUT = '-';

/**
 * Measures a server with several sessions, and prints a table, JSON, or both. A signal ends it without.
 *
 * @throws CommandError, ViewerError
 */
export async function bench(
  { tokenFile, token, json, ...options }: BenchInvocation,
  process: ProcessPort,
  server: Pick<Server, 'bench'>,
): Promise<ExitReason> {
  const credential = await viewerToken({ token, tokenFile });
  const stopping = new AbortController();
  endOnSignal(process, { drain: () => Promise.resolve(), close: () => stopping.abort() });
  const found = await server.bench({ ...options, token: credential }, terminalOutput(process), stopping.signal);
  if (found === undefined) return 'ok';
  const document = `${JSON.stringify(found.report, undefined, 2)}\n`;
  if (json === STANDARD_OUTPUT) process.stdout.write(document);
  else process.stdout.write(`${found.table.join('\n')}\n`);
  if (json !== undefined && json !== STANDARD_OUTPUT) await write(json, document);
  return found.report.success_rate === 1 ? 'ok' : 'broken';
}

async function write(path: string, document: string): Promise<void> {
  try {
    await writeFile(path, document);
  } catch (error) {
    const { code = String(error) } = error as NodeJS.ErrnoException;
    throw new CommandError('usage', `${path} cannot be written (${code})`, 'Name a file that you may write.', { cause: error });
  }
}
