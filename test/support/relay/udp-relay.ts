/**
 * A network between a client and a server, in user space: no root, no namespaces. Each session gets a pair of ports; the ICE candidates of
 * its offer and its answer are rewritten so that media takes this way and no other.
 */
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { networkInterfaces } from 'node:os';
import { fileURLToPath } from 'node:url';
import { within } from '../condition.ts';
import { listeningAddress, withOnlyCandidate, type Address } from './candidates.ts';
import type { PathProfile, PathReport, RelayReply, RelayRequest } from './messages.ts';

export type { PathProfile, PathReport, PathSample } from './messages.ts';

const REPLY_TIMEOUT_MS = 5000;

/** The process that relays. Disposing of it ends it. */
export class UdpRelay implements AsyncDisposable {
  private readonly child: ChildProcess;
  private readonly exited: Promise<unknown>;
  private lastId = 0;
  private readonly pending = new Map<string, (reply: RelayReply) => void>();

  private constructor(child: ChildProcess) {
    this.child = child;
    this.exited = once(child, 'exit');
    child.on('message', (reply: RelayReply) => {
      this.pending.get(reply.type === 'failed' ? `${reply.id} failed` : `${reply.id} ${reply.type}`)?.(reply);
    });
  }

  static async start(): Promise<UdpRelay> {
    const script = fileURLToPath(new URL('relay-process.ts', import.meta.url));
    // Advanced serialisation: a link without a limit has an infinite capacity, which JSON does not know.
    const child = fork(script, { serialization: 'advanced', stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
    await once(child, 'spawn');
    return new UdpRelay(child);
  }

  get pid(): number {
    return this.child.pid ?? -1;
  }

  /** A way for one session. */
  async open(path: PathProfile): Promise<RelayedSession> {
    this.lastId += 1;
    const id = this.lastId;
    const reply = await this.ask({ type: 'open', id, host: machineAddress(), path }, 'opened');
    return new RelayedSession(reply.clientSide, reply.serverSide, {
      connect: async (server) => void (await this.ask({ type: 'connect', id, server }, 'connected')),
      report: async () => (await this.ask({ type: 'report', id }, 'reported')).report,
      close: async () => void (await this.ask({ type: 'close', id }, 'closed')),
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.child.exitCode === null && this.child.signalCode === null) this.child.kill('SIGKILL');
    await this.exited;
  }

  private async ask<T extends RelayReply['type']>(request: RelayRequest, type: T): Promise<Extract<RelayReply, { type: T }>> {
    const keys = [`${request.id} ${type}`, `${request.id} failed`];
    const reply = new Promise<RelayReply>((resolve) => {
      for (const key of keys) this.pending.set(key, resolve);
    });
    this.child.send(request);
    try {
      const answer = await within(`the relay to answer "${request.type}"`, reply, REPLY_TIMEOUT_MS);
      if (answer.type === 'failed') throw new Error(`the relay failed: ${answer.message}`);
      return answer as Extract<RelayReply, { type: T }>;
    } finally {
      for (const key of keys) this.pending.delete(key);
    }
  }
}

interface PathCalls {
  connect(server: Address): Promise<void>;
  report(): Promise<PathReport>;
  close(): Promise<void>;
}

/** The way of one session. */
export class RelayedSession {
  private readonly clientSide: Address;
  private readonly serverSide: Address;
  private readonly calls: PathCalls;
  private closed = false;

  constructor(clientSide: Address, serverSide: Address, calls: PathCalls) {
    this.clientSide = clientSide;
    this.serverSide = serverSide;
    this.calls = calls;
  }

  /** The client's offer as the server is to see it: the relay is the client. */
  offerForServer(sdp: string): string {
    return withOnlyCandidate(sdp, this.serverSide);
  }

  /** The server's answer as the client is to see it: the relay is the server. */
  async answerForClient(sdp: string): Promise<string> {
    const server = listeningAddress(sdp);
    if (server === undefined) throw new Error('the answer has no IPv4 host candidate over UDP');
    await this.calls.connect(server);
    return withOnlyCandidate(sdp, this.clientSide);
  }

  /** What the path carried so far. */
  report(): Promise<PathReport> {
    return this.calls.report();
  }

  /** Idempotent. */
  async close(): Promise<void> {
    if (this.closed) return;
    this.closed = true;
    await this.calls.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}

/** An address of this machine that browsers send media to: they leave out the loopback interface where there is another. */
function machineAddress(): string {
  const addresses = Object.values(networkInterfaces()).flatMap((all) => all ?? []);
  return addresses.find(({ family, internal }) => family === 'IPv4' && !internal)?.address ?? '127.0.0.1';
}
