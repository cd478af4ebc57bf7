import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { once } from 'node:events';

/** Most connections that have not said yet whose they are; one more cuts the oldest of whoever has most of them. */
const MAX_UNKNOWN = 64;
/** How long one may take to say so. */
const FIRST_CHECK_TIMEOUT_MS = 5000;
/** A STUN check has some hundred bytes; nothing longer is waited for. */
const MAX_CHECK_BYTES = 1024;
/** Length of a frame before it (RFC 4571 section 2). */
const LENGTH_BYTES = 2;

export interface RemoteAddress {
  readonly host: string;
  readonly port: number;
}

/** An ICE agent that takes TCP connections. */
export interface TcpAgent {
  /** Whether the first frame of a connection, a STUN check, is meant for it. */
  recognises(check: Buffer, remote: RemoteAddress): boolean;
  /** Hands the connection over, with everything unread in it; the agent closes it. */
  adopt(socket: Socket, remote: RemoteAddress): void;
}

/**
 * One TCP port for the passive candidates of all sessions (RFC 6544). A connection belongs to the session whose password its first frame is
 * signed with; until then it is bounded in number, time and bytes, and whatever does not fit is cut.
 */
export class IceTcpListener {
  private readonly agents = new Set<TcpAgent>();
  /** From which address each is, in the order in which they came. */
  private readonly unknown = new Map<Socket, string>();

  private constructor(private readonly server: Server) {
    server.on('connection', (socket) => this.receive(socket));
  }

  /** Listens on every address of the machine. Rejects with the listen error. */
  static async listen(port: number): Promise<IceTcpListener> {
    const server = createServer({ noDelay: true });
    const listening = once(server, 'listening');
    server.listen(port);
    await listening;
    return new IceTcpListener(server);
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  /** Connections that have not said yet whose they are. */
  get unknownConnections(): number {
    return this.unknown.size;
  }

  join(agent: TcpAgent): void {
    this.agents.add(agent);
  }

  leave(agent: TcpAgent): void {
    this.agents.delete(agent);
  }

  /** Cuts what nobody has adopted, and stops listening. Adopted connections are their agents' to close. */
  close(): void {
    for (const socket of this.unknown.keys()) socket.destroy();
    this.server.close();
  }

  /** Makes room at the cost of the address that takes up most of it, so that nobody who says nothing keeps others out. */
  private cutOldestOfBusiest(): void {
    const counts = new Map<string, number>();
    for (const host of this.unknown.values()) counts.set(host, (counts.get(host) ?? 0) + 1);
    const most = Math.max(...counts.values());
    const oldest = [...this.unknown].find(([, host]) => counts.get(host) === most)?.[0];
    if (oldest === undefined) return;
    // Not only when it has closed, which is told later.
    this.unknown.delete(oldest);
    oldest.destroy();
  }

  private receive(socket: Socket): void {
    // A connection that is cut fails; its end is all that matters.
    socket.on('error', () => socket.destroy());
    const remote = remoteOf(socket);
    if (remote === undefined) {
      socket.destroy();
      return;
    }
    if (this.unknown.size >= MAX_UNKNOWN) this.cutOldestOfBusiest();
    this.unknown.set(socket, remote.host);
    const timer = setTimeout(() => socket.destroy(), FIRST_CHECK_TIMEOUT_MS);
    let read = Buffer.alloc(0);
    const onData = (data: Buffer): void => {
      read = Buffer.concat([read, data]);
      const bytes = read.length < LENGTH_BYTES ? undefined : read.readUInt16BE(0);
      if (bytes === undefined || (bytes <= MAX_CHECK_BYTES && read.length < LENGTH_BYTES + bytes)) return;
      const check = read.subarray(LENGTH_BYTES, LENGTH_BYTES + bytes);
      const agent = bytes <= MAX_CHECK_BYTES ? [...this.agents].find((one) => one.recognises(check, remote)) : undefined;
      settle();
      if (agent === undefined) {
        socket.destroy();
        return;
      }
      socket.pause();
      socket.unshift(read);
      agent.adopt(socket, remote);
      socket.resume();
    };
    const settle = (): void => {
      clearTimeout(timer);
      this.unknown.delete(socket);
      socket.off('data', onData);
      socket.off('close', settle);
    };
    socket.on('data', onData);
    socket.on('close', settle);
  }
}

/** The peer, an IPv4 one in the form of IPv4. */
function remoteOf({ remoteAddress, remotePort }: Socket): RemoteAddress | undefined {
  if (remoteAddress === undefined || remotePort === undefined) return undefined;
  const [host = ''] = remoteAddress.replace(/^::ffff:(?=\d+\.)/u, '').split('%');
  return { host, port: remotePort };
}
