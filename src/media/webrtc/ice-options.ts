import { getHostAddresses, type RTCPeerConnectionConfig } from 'werift';
import type { IceTcpListener } from './ice-tcp-listener.js';
import type { AddressPolicy } from './permitted-candidates.js';

/** A STUN or TURN server. werift uses the first STUN and the first TURN address of all. */
export interface IceServer {
  readonly urls: readonly string[];
  readonly username?: string;
  readonly credential?: string;
}

export interface IceOptions {
  readonly iceServers: readonly IceServer[];
  /** `relay`: only candidates of the TURN server. */
  readonly iceTransportPolicy: 'all' | 'relay';
  /** Bound on waiting for server-reflexive and relayed candidates before the answer goes out. */
  readonly iceGatherTimeoutMs: number;
  /** IP addresses announced as host candidates. */
  readonly hostAddresses: readonly string[];
  /** Whether the interfaces' own addresses are announced beside them. */
  readonly announceInterfaces: boolean;
  /** UDP ports to take; undefined: any. */
  readonly udpPorts: { readonly first: number; readonly last: number } | undefined;
  /** Where TCP connections of clients arrive; undefined: media takes UDP only. */
  readonly tcp: IceTcpListener | undefined;
  /** Nothing is sent to an address for which this is false. */
  readonly permits: AddressPolicy;
}

/** The addresses of the machine's interfaces that become host candidates. */
export function interfaceAddresses(): readonly string[] {
  return getHostAddresses(true, true);
}

/** The part of werift's configuration that is about ICE. */
export function iceConfiguration(options: IceOptions): RTCPeerConnectionConfig {
  const { udpPorts, permits } = options;
  const timeoutSeconds = options.iceGatherTimeoutMs / 1000;
  return {
    iceServers: options.iceServers.map(({ urls, ...credentials }) => ({ urls: [...urls], ...credentials })),
    iceTransportPolicy: options.iceTransportPolicy,
    iceAdditionalHostAddresses: [...options.hostAddresses],
    iceUseIpv4: options.announceInterfaces,
    iceUseIpv6: options.announceInterfaces,
    iceStunGatherTimeout: timeoutSeconds,
    iceTurnConnectTimeout: timeoutSeconds,
    ...(udpPorts === undefined ? {} : { icePortRange: [udpPorts.first, udpPorts.last] as [number, number] }),
    // What an mDNS name has turned out to be is seen here.
    iceFilterCandidatePair: ({ remoteCandidate }) => permits(remoteCandidate.host),
  };
}
