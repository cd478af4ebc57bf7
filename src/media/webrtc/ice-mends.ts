import type { RTCIceTransport } from 'werift';
import type { IceOptions } from './ice-options.js';

type Address = readonly [host: string, port: number];

interface Incoming {
  readonly onRequestReceived: { execute: (message: unknown, address: Address, ...rest: unknown[]) => void };
}

/** What werift declares private and we must reach. */
interface IceInternals {
  stunServer?: unknown;
  ensureProtocol(protocol: Incoming): void;
}

/**
 * Mends an ICE agent of werift before it gathers:
 * - where no STUN server is configured it asks one of Google's, which nobody has agreed to;
 * - it filters the pairs of signalled candidates only. A check that arrives from a forbidden address, which may be forged, would be answered,
 *   and checked in return: here it is not even seen.
 */
export function mendIce({ connection }: RTCIceTransport, { iceServers, permits }: IceOptions): void {
  const agent = connection as unknown as IceInternals;
  if (!iceServers.some(({ urls }) => urls.some((url) => url.startsWith('stun')))) delete agent.stunServer;
  const ensureProtocol = agent.ensureProtocol.bind(connection);
  agent.ensureProtocol = (protocol) => {
    const requests = protocol.onRequestReceived;
    const receive = requests.execute;
    requests.execute = (message, address, ...rest) => {
      if (permits(address[0])) receive(message, address, ...rest);
    };
    ensureProtocol(protocol);
  };
}
