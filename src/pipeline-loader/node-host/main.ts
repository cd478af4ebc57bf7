/**
 * The process a Node pipeline runs in, with the server's pipe as file descriptor 3. It is started by the server only, which says what to
 * load; `docs/pipeline-host.md` describes what is said.
 */
import { Socket } from 'node:net';
import { settlesWithin } from '../contract/deadline.js';
import { errorMessage, errorStack } from '../contract/error-message.js';
import { MessageConnection } from '../protocol/message-connection.js';
import type { RawMessage } from '../protocol/message-decoder.js';
import { parseServerMessage } from '../protocol/message-parsers.js';
import { PROTOCOL_FD, PROTOCOL_VERSION, type HostMessage, type ServerMessage } from '../protocol/messages.js';
import { describeService, LoadError, loadService } from './service-loader.js';
import { attributeConsole } from './run-console.js';
import { ServiceHost } from './service-host.js';
import { StartReport } from './start-report.js';

type StartMessage = Extract<ServerMessage, { type: 'start' }>;

/** How long the last words may take to leave. */
const FLUSH_TIMEOUT_MS = 500;

// The server owns this process's life. A Ctrl-C in the terminal reaches the whole process group, and the pipeline must not be gone
// before the server has ended its sessions.
process.on('SIGINT', () => undefined);
process.on('SIGTERM', () => undefined);

let host: ServiceHost | undefined;

const connection = new MessageConnection('host', openPipe(), {
  onMessage: (raw) => receive(raw),
  // Without a server there is nobody to work for: end at once, whatever the pipeline is doing.
  onClose: () => process.exit(0),
});
const send = (message: HostMessage, parts?: readonly Uint8Array[]): Promise<void> => connection.send(message, parts);

attributeConsole(console, send);

process.on('uncaughtException', (error) => void die(error));
process.on('unhandledRejection', (error) => void die(error));

void send({ type: 'hello', protocol: PROTOCOL_VERSION, runtime: `node ${process.versions.node}` });

/** The server says `start` first, and no more than `ping` and `stop` before it has heard `ready`. */
function receive(raw: RawMessage): void {
  if (host !== undefined) {
    host.handle(raw);
    return;
  }
  const message = parseServerMessage(raw);
  if (message?.type === 'start') void start(message);
  else if (message?.type === 'stop') void stop(message.timeoutMs);
}

async function start({ file, gpuNum, options }: StartMessage): Promise<void> {
  const report = new StartReport((progress) => void send({ type: 'progress', ...progress }));
  try {
    const loaded = await loadService(file, { gpuNum, options, reportProgress: (...said) => report.say(...said) });
    report.end();
    host = new ServiceHost(loaded, send, (timeoutMs) => void stop(timeoutMs));
    void send(describeService(loaded));
  } catch (error) {
    const kind = error instanceof LoadError ? error.kind : 'load-failed';
    await exitAfter({ type: 'start-failed', kind, message: errorMessage(error), ...errorStack(error) }, 1);
  }
}

function openPipe(): Socket {
  try {
    return new Socket({ fd: PROTOCOL_FD, readable: true, writable: true });
  } catch {
    process.stderr.write('This program is started by the stream server, which gives it a pipe to talk over.\n');
    process.exit(64);
  }
}

async function stop(timeoutMs: number): Promise<void> {
  await host?.stop(timeoutMs);
  await exitAfter({ type: 'stopped' }, 0);
}

async function die(error: unknown): Promise<void> {
  await exitAfter({ type: 'fatal', message: errorMessage(error), ...errorStack(error) }, 1);
}

async function exitAfter(message: HostMessage, code: number): Promise<never> {
  await settlesWithin(send(message), FLUSH_TIMEOUT_MS);
  process.exit(code);
}
