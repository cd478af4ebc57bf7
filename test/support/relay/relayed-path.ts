import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { performance } from 'node:perf_hooks';
import type { Address } from './candidates.ts';
import { Link } from './link.ts';
import { MAX_SAMPLES, SAMPLE_INTERVAL_MS, type PathProfile, type PathReport, type PathSample } from './messages.ts';
import { seededRandom } from './random.ts';
import { RelayedDirection } from './relayed-direction.ts';

const SOCKET_BUFFER_BYTES = 2 ** 21;

/**
 * The media path of one session: the client sends to one port, the server to the other. Whoever sends to the client's port is the client;
 * the server's address is told.
 */
export class RelayedPath {
  private readonly clientSocket: Socket;
  private readonly serverSocket: Socket;
  private readonly down: RelayedDirection;
  private readonly up: RelayedDirection;
  private readonly samples: PathSample[] = [];
  private client: { readonly address: Address; readonly sure: boolean } | undefined;
  private server: Address | undefined;
  private mediaBeganUnixMs: number | undefined;
  private sampledAtUnixMs = unixMs();
  private readonly sampling: NodeJS.Timeout;

  private constructor(profile: PathProfile, clientSocket: Socket, serverSocket: Socket) {
    this.clientSocket = clientSocket;
    this.serverSocket = serverSocket;
    this.down = new RelayedDirection(new Link(profile.down, seededRandom(profile.seed)), (packet) =>
      send(clientSocket, packet, this.client?.address),
    );
    this.up = new RelayedDirection(new Link(profile.up, seededRandom(profile.seed + 1)), (packet) =>
      send(serverSocket, packet, this.server),
    );
    clientSocket.on('message', (packet, { address, port }) => {
      this.learnClient(packet, { host: address, port });
      this.up.accept(packet);
    });
    serverSocket.on('message', (packet) => {
      if (this.mediaBeganUnixMs === undefined && isRtp(packet)) this.begin();
      this.down.accept(packet);
    });
    this.sampling = setInterval(() => this.sample(), SAMPLE_INTERVAL_MS);
  }

  /** Binds both ports, on the address of an interface. */
  static async open(host: string, profile: PathProfile): Promise<RelayedPath> {
    const sockets = [createSocket('udp4'), createSocket('udp4')] as const;
    for (const socket of sockets) {
      socket.bind(0, host);
      await once(socket, 'listening');
      socket.setRecvBufferSize(SOCKET_BUFFER_BYTES);
      socket.setSendBufferSize(SOCKET_BUFFER_BYTES);
    }
    return new RelayedPath(profile, ...sockets);
  }

  get clientSide(): Address {
    return addressOf(this.clientSocket);
  }

  get serverSide(): Address {
    return addressOf(this.serverSocket);
  }

  connect(server: Address): void {
    this.server = server;
  }

  report(): PathReport {
    return { mediaBeganUnixMs: this.mediaBeganUnixMs, samples: this.samples };
  }

  close(): void {
    clearInterval(this.sampling);
    for (const direction of [this.down, this.up]) direction.close();
    for (const socket of [this.clientSocket, this.serverSocket]) socket.close();
  }

  private begin(): void {
    this.mediaBeganUnixMs = unixMs();
    this.down.begin();
    this.up.begin();
  }

  /** A browser checks from each of its addresses; the one that the DTLS handshake comes from is the one it chose. */
  private learnClient(packet: Buffer, address: Address): void {
    const sure = isDtls(packet);
    if (this.client?.sure !== true || sure) this.client = { address, sure: sure || this.client?.sure === true };
  }

  private sample(): void {
    const atUnixMs = unixMs();
    const intervalMs = atUnixMs - this.sampledAtUnixMs;
    this.sampledAtUnixMs = atUnixMs;
    this.samples.push({ atUnixMs, intervalMs, down: this.down.takeSample(), up: this.up.takeSample() });
    if (this.samples.length > MAX_SAMPLES) this.samples.shift();
  }
}

function send(socket: Socket, packet: Buffer, to: Address | undefined): void {
  // A port that nobody listens on any more is the network's affair, not ours.
  if (to !== undefined) socket.send(packet, to.port, to.host, () => undefined);
}

function addressOf(socket: Socket): Address {
  const { address, port } = socket.address();
  return { host: address, port };
}

const unixMs = (): number => performance.timeOrigin + performance.now();

/** RFC 7983 section 7, RFC 5761 section 4. */
const isDtls = ([first = 0]: Buffer): boolean => first >= 20 && first <= 63;
const isRtp = ([first = 0, second = 0]: Buffer): boolean => first >= 128 && first <= 191 && !(second >= 192 && second <= 223);
