import type { ExitReason } from './exit-codes.js';
import type { ProcessPort, Server } from './server.port.js';
import { endOnSignal } from './shutdown.js';
import { terminalOutput } from './terminal.js';
import type { WatchInvocation } from './viewer-arguments.js';
import { viewerToken } from './viewer-token.js';

/**
 * Watches a session until the stream ends or a signal comes.
 *
 * @throws CommandError, ViewerError
 */
export async function watch(
  { tokenFile, token, ...options }: WatchInvocation,
  process: ProcessPort,
  server: Pick<Server, 'watch'>,
): Promise<ExitReason> {
  const credential = await viewerToken({ token, tokenFile });
  const stopping = new AbortController();
  endOnSignal(process, { drain: () => Promise.resolve(), close: () => stopping.abort() });
  await server.watch({ ...options, token: credential }, terminalOutput(process), stopping.signal);
  return 'ok';
}
