import type { Socket } from 'node:dgram';
import type { RTCDtlsTransport } from 'werift';

type IceConnection = RTCDtlsTransport['iceTransport']['connection'];
type CandidatePair = NonNullable<IceConnection['nominated']>;

/** What werift's UDP protocol has beyond its declared interface. */
interface UdpProtocol {
  readonly type: string;
  readonly transport?: {
    readonly type?: unknown;
    readonly closed?: unknown;
    readonly socket?: Socket;
  };
}

/** The path that a connection had before its ICE session was restarted, and until when it is used. */
const heldPaths = new WeakMap<IceConnection, { readonly pair: CandidatePair; readonly untilMs: number }>();

/** Declared private by werift: whether the peer still consents to being sent to (RFC 7675). */
interface Consent {
  canSendApplicationData?(): boolean;
}

/**
 * Keeps the path that the connection has now in use until it has another one, as an ICE session that is restarted shall (RFC 8445 section 12.1).
 * @param untilMs on the clock of `performance`.
 */
export function holdPath(connection: IceConnection, untilMs: number): void {
  const pair = connection.nominated;
  if (pair !== undefined) heldPaths.set(connection, { pair, untilMs });
}

export function forgetPath(connection: IceConnection): void {
  heldPaths.delete(connection);
}

function heldPath(connection: IceConnection): CandidatePair | undefined {
  const held = heldPaths.get(connection);
  return held !== undefined && performance.now() < held.untilMs ? held.pair : undefined;
}

/**
 * Sends a datagram to the peer along the candidate pair that ICE chose. werift's own way takes three promises a packet; from a UDP host
 * candidate this goes to the socket at once. Over TURN or TCP, and where werift does not look as expected, it goes werift's way. Never throws;
 * a datagram that cannot be sent is lost, as one on the network is.
 */
export function sendDatagram(connection: IceConnection, datagram: Buffer): void {
  const consents = (connection as Consent).canSendApplicationData?.();
  const pair = consents === false ? heldPath(connection) : connection.nominated;
  if (consents === false && pair === undefined) return;
  const socket = pair === undefined ? undefined : socketOf(pair);
  if (pair === undefined || socket === undefined || consents === undefined) {
    const sent = consents === false ? pair?.protocol.sendData(datagram, pair.remoteAddr) : connection.send(datagram);
    void sent?.catch(() => undefined);
    return;
  }
  try {
    const [host, port] = pair.remoteAddr;
    socket.send(datagram, port, host);
  } catch {
    // The socket was closed between the check and the call.
    return;
  }
  pair.packetsSent += 1;
  pair.bytesSent += datagram.length;
}

function socketOf({ protocol }: CandidatePair): Socket | undefined {
  const { type, transport } = protocol as UdpProtocol;
  return type === 'stun' && transport?.type === 'udp' && transport.closed === false ? transport.socket : undefined;
}
