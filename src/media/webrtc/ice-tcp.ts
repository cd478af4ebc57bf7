import type { Socket } from 'node:net';
import {
  Candidate,
  candidateFoundation,
  type CandidatePair,
  CandidatePairState,
  candidatePriority,
  type RTCIceTransport,
  TcpPassiveProtocol,
} from 'werift';
import type { IceTcpListener, RemoteAddress, TcpAgent } from './ice-tcp-listener.js';
import { isSigned } from './ice-mends.js';
import type { IceOptions } from './ice-options.js';

type Address = readonly [host: string, port: number];

/** Connections of one session; a browser makes one for each pair of addresses. */
const MAX_CONNECTIONS = 16;
/** Above this the network takes less than is sent: further media is lost, as UDP would lose it, instead of coming late. */
const MAX_UNSENT_BYTES = 128 * 1024;

/** What werift declares private and we must reach. */
interface IceInternals {
  readonly protocols: unknown[];
  readonly generation: number;
  readonly localUsername: string;
  readonly userHistory: Readonly<Record<string, string>>;
  nominated?: CandidatePair;
  ensureProtocol(protocol: unknown): void;
  appendLocalCandidate(candidate: Candidate): void;
  getCandidatePromises(addresses: readonly string[], timeout?: number): Promise<unknown>[];
  checkComplete(pair: CandidatePair): void;
  queryConsent(): void;
}

/** werift's passive TCP protocol, whose connections come from the port that all sessions share instead of a server of its own. */
class SharedPortProtocol extends TcpPassiveProtocol {
  agent: { readonly listener: IceTcpListener; readonly self: TcpAgent } | undefined;

  adopt(socket: Socket, { host, port }: RemoteAddress): void {
    if (this.activeSocketCount >= MAX_CONNECTIONS) socket.destroy();
    else this.registerSocket(socket, [host, port]);
  }

  override async sendData(data: Buffer, address: Address): Promise<void> {
    const entry = this.getOpenSocket(address);
    if (entry === undefined || entry.socket.writableLength > MAX_UNSENT_BYTES) return;
    await super.sendData(data, address);
  }

  override async close(): Promise<void> {
    if (this.agent !== undefined) this.agent.listener.leave(this.agent.self);
    await super.close();
  }
}

/**
 * Gives an ICE agent passive TCP candidates (RFC 6544) on the shared port, one for each address it announces. werift would open a server for each
 * address of each session, and connect to any TCP port that a client names. Does nothing where there is no such port, or media is only relayed.
 * Call it before the agent gathers.
 */
export function announceTcp({ connection }: RTCIceTransport, { tcp: listener, iceTransportPolicy, permits }: IceOptions): void {
  if (listener === undefined || iceTransportPolicy === 'relay') return;
  const agent = connection as unknown as IceInternals;
  const gather = agent.getCandidatePromises.bind(connection);
  agent.getCandidatePromises = (addresses, timeout) => {
    // Gathered again after a restart: werift announces what it had.
    if (agent.protocols.some((one) => one instanceof SharedPortProtocol)) return gather(addresses, timeout);
    const protocol = new SharedPortProtocol();
    const self: TcpAgent = {
      recognises: (check, { host }) => permits(host) && isSigned(check, agent.userHistory),
      adopt: (socket, remote) => protocol.adopt(socket, remote),
    };
    const candidates = addresses.map((address) => passiveCandidate(address, listener.port, agent));
    const [first] = candidates;
    if (first !== undefined) {
      agent.ensureProtocol(protocol);
      protocol.localCandidate = first;
      protocol.agent = { listener, self };
      agent.protocols.push(protocol);
      listener.join(self);
      for (const candidate of candidates) agent.appendLocalCandidate(candidate);
    }
    return gather(addresses, timeout);
  };
  followNomination(agent, connection);
}

function passiveCandidate(address: string, port: number, { generation, localUsername }: IceInternals): Candidate {
  const foundation = candidateFoundation('host', 'tcp', address);
  const priority = candidatePriority('host', { transport: 'tcp', tcptype: 'passive' });
  return new Candidate(
    foundation,
    1,
    'tcp',
    priority,
    address,
    port,
    'host',
    undefined,
    undefined,
    'passive',
    generation,
    localUsername,
  );
}

/**
 * Follows the browser when it nominates another path after the first, from TCP to UDP or back. werift stays with the first, and takes the end of its
 * connection for that of the session.
 */
function followNomination(agent: IceInternals, connection: RTCIceTransport['connection']): void {
  const complete = agent.checkComplete.bind(connection);
  agent.checkComplete = (pair) => {
    complete(pair);
    const { nominated } = agent;
    if (nominated === undefined || nominated === pair || !(isTcp(nominated) || isTcp(pair))) return;
    if (!pair.remoteNominated || pair.state !== CandidatePairState.SUCCEEDED) return;
    agent.nominated = pair;
    agent.queryConsent();
  };
}

function isTcp({ protocol }: CandidatePair): boolean {
  return protocol instanceof SharedPortProtocol;
}
