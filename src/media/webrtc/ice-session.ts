import { IceCandidate, RTCIceParameters, type RTCIceTransport, type RTCPeerConnection } from 'werift';
import type { IceCredentials, IceDescription, IceNegotiation } from '../../common/index.js';
import { forgetPath, holdPath } from './nominated-path.js';
import { withPermittedCandidates, type AddressPolicy } from './permitted-candidates.js';

/**
 * How long a restarted session is sent to by the path that it had, and how long it may take to find another before it counts as disconnected.
 * The client's consent to the old path is asked for every 4 to 6 s and lasts 30 s (RFC 7675), so it is rarely outlived.
 */
const RESTART_TIMEOUT_MS = 5000;

/** What werift declares private and we must reach. */
interface AgentInternals {
  localCandidatesStart: boolean;
  earlyChecksDone: boolean;
}

export interface IceSessionOptions {
  /** Nothing is sent to an address for which this is false. */
  readonly permits: AddressPolicy;
  /** Candidates that the offer had. */
  readonly remoteCandidates: number;
  /** A restart has found no path in time. */
  readonly onLost: () => void;
}

/**
 * The ICE session of a connection, once the answer is made. Restarts below SDP: werift's own way, another offer and answer, would go through
 * codecs and directions again, take a second address of the TURN server, and leave out the addresses that a STUN server has told.
 */
export class IceSession implements IceNegotiation {
  private restarts = 0;
  private offered: number;
  private connecting = false;
  private lostTimer: NodeJS.Timeout | undefined;

  private constructor(
    private readonly transport: RTCIceTransport,
    private readonly options: IceSessionOptions,
  ) {
    this.offered = options.remoteCandidates;
    transport.onStateChange.subscribe((state) => {
      if (state === 'connected') this.found();
    });
  }

  /** Undefined for a client without BUNDLE, whose sections have an ICE session each. */
  static of({ iceTransports }: RTCPeerConnection, options: IceSessionOptions): IceSession | undefined {
    const [transport, ...others] = iceTransports;
    return transport === undefined || others.length > 0 ? undefined : new IceSession(transport, options);
  }

  get tag(): string {
    return `${this.restarts}-${this.transport.connection.localUsername}`;
  }

  get local(): IceDescription {
    const { localUsername: usernameFragment, localPassword: password } = this.transport.connection;
    const candidates = this.transport.localCandidates.map((candidate) => `candidate:${bare(candidate.toJSON().candidate)}`);
    return { usernameFragment, password, candidates };
  }

  get remoteCandidates(): number {
    return this.offered;
  }

  isCurrent({ usernameFragment, password }: IceCredentials): boolean {
    const { remoteUsername, remotePassword } = this.transport.connection;
    return usernameFragment === remoteUsername && password === remotePassword;
  }

  trickle(candidates: readonly string[]): void {
    this.offered += candidates.length;
    const lines = candidates.map((candidate) => `a=${candidate}\n`).join('');
    for (const line of withPermittedCandidates(lines, this.options.permits).split('\n')) {
      // werift would take a candidate of another generation than its own count for one that is out of date.
      const candidate = line === '' ? undefined : IceCandidate.fromJSON({ candidate: bare(line.slice(2)) });
      // What is no candidate to werift is no path.
      if (candidate !== undefined) void this.transport.addRemoteCandidate(candidate)?.catch(() => undefined);
    }
  }

  restart({ candidates, ...remote }: IceDescription): boolean {
    const { transport } = this;
    const agent = transport.connection;
    if (this.restarts === 0 && transport.state !== 'connected' && transport.state !== 'completed') return false;
    if (this.lostTimer === undefined) {
      holdPath(agent, performance.now() + RESTART_TIMEOUT_MS);
      this.lostTimer = setTimeout(() => this.lost(), RESTART_TIMEOUT_MS);
    }
    const kept = [...agent.localCandidates];
    transport.restart();
    this.restarts += 1;
    // The sockets stay, and with them their addresses: to gather again would ask the TURN server for another one.
    for (const candidate of kept) Object.assign(candidate, { generation: agent.generation, ufrag: agent.localUsername });
    agent.localCandidates = kept;
    agent.localCandidatesEnd = true;
    (agent as unknown as AgentInternals).localCandidatesStart = true;
    agent.setRemoteParams(new RTCIceParameters({ iceLite: false, ...remote }));
    this.offered = 0;
    this.trickle(candidates);
    this.connect();
    return true;
  }

  close(): void {
    clearTimeout(this.lostTimer);
  }

  /** Begins the checks. Those of a restart that was restarted go on with what is new, as werift reads it anew in each round. */
  private connect(): void {
    if (this.connecting) {
      (this.transport.connection as unknown as AgentInternals).earlyChecksDone = true;
      return;
    }
    void this.check();
  }

  private async check(): Promise<void> {
    this.connecting = true;
    try {
      await this.transport.start();
    } catch {
      // What becomes of the path is told by the transport's state; a start that was restarted fails at its end in any case.
    }
    this.connecting = false;
  }

  private found(): void {
    clearTimeout(this.lostTimer);
    this.lostTimer = undefined;
    forgetPath(this.transport.connection);
  }

  private lost(): void {
    // The timer stays set: another restart must not lengthen the time for which the old path is used.
    forgetPath(this.transport.connection);
    this.options.onLost();
  }
}

/** A candidate from its foundation to its addresses, without `generation`, `ufrag`, `network-id` and the like. */
function bare(candidate: string): string {
  return candidate.replace(/^(?:candidate:)+/u, '').replace(/ (?:generation|ufrag|network-id|network-cost) .*$/u, '');
}
