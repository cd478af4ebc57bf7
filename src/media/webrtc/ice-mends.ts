import { parseMessage, type RTCIceTransport } from 'werift';
import type { IceOptions } from './ice-options.js';

type Address = readonly [host: string, port: number];

interface Incoming {
  readonly onRequestReceived: { execute: (message: unknown, address: Address, datagram?: Buffer) => void };
}

/** What werift declares private and we must reach. */
interface IceInternals {
  stunServer?: unknown;
  /** Our passwords by our user fragments. */
  readonly userHistory: Readonly<Record<string, string>>;
  ensureProtocol(protocol: Incoming): void;
}

/**
 * Mends an ICE agent of werift before it gathers:
 * - where no STUN server is configured it asks one of Google's, which nobody has agreed to;
 * - it answers a check, and checks its sender in return, whether or not the sender knows our password, so a stranger's forged datagram makes it
 *   send to whom the stranger likes; here a check without a valid MESSAGE-INTEGRITY is not seen (RFC 8445 section 7.3);
 * - it filters the pairs of signalled candidates only; here a check that arrives from a forbidden address is not seen either.
 */
export function mendIce(
  { connection }: RTCIceTransport,
  { iceServers, permits }: Pick<IceOptions, 'iceServers' | 'permits'>,
): void {
  const agent = connection as unknown as IceInternals;
  if (!iceServers.some(({ urls }) => urls.some((url) => url.startsWith('stun')))) delete agent.stunServer;
  const ensureProtocol = agent.ensureProtocol.bind(connection);
  agent.ensureProtocol = (protocol) => {
    const requests = protocol.onRequestReceived;
    const receive = requests.execute;
    requests.execute = (message, address, datagram) => {
      if (datagram === undefined || !permits(address[0])) return;
      if (isSigned(datagram, agent.userHistory)) receive(message, address, datagram);
    };
    ensureProtocol(protocol);
  };
}

/**
 * Whether a STUN message is signed with the password that belongs to the user fragment it names as its receiver's.
 * @param passwords ours, by our user fragments.
 */
export function isSigned(datagram: Buffer, passwords: Readonly<Record<string, string>>): boolean {
  const username: unknown = parseMessage(datagram)?.getAttributeValue('USERNAME');
  const [ours = ''] = typeof username === 'string' ? username.split(':') : [];
  const password = Object.hasOwn(passwords, ours) ? passwords[ours] : undefined;
  return password !== undefined && parseMessage(datagram, Buffer.from(password)) !== undefined;
}
