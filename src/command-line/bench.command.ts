import type { ExitReason } from './exit-codes.js';
import { printable, printableJson } from './printable.js';
import { openReportFile } from './report-file.js';
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
  { tokenFile, token, json, force, ...options }: BenchInvocation,
  process: ProcessPort,
  server: Pick<Server, 'bench'>,
): Promise<ExitReason> {
  const credential = await viewerToken({ token, tokenFile });
  const file = json === undefined || json === STANDARD_OUTPUT ? undefined : await openReportFile(json, force);
  try {
    const stopping = new AbortController();
    endOnSignal(process, { drain: () => Promise.resolve(), close: () => stopping.abort() });
    const found = await server.bench({ ...options, token: credential }, terminalOutput(process), stopping.signal);
    if (found === undefined) return 'ok';
    const document = printableJson(`${JSON.stringify(found.report, undefined, 2)}\n`);
    process.stdout.write(json === STANDARD_OUTPUT ? document : `${found.table.map(printable).join('\n')}\n`);
    await file?.write(document);
    return found.report.success_rate === 1 ? 'ok' : 'broken';
  } finally {
    await file?.close();
  }
}
