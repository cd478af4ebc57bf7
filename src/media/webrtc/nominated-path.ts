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

/** Declared private by werift: whether the peer still consents to being sent to (RFC 7675). */
interface Consent {
  canSendApplicationData?(): boolean;
}

/**
 * Sends a datagram to the peer along the candidate pair that ICE chose. werift's own way takes three promises a packet; from a UDP host
 * candidate this goes to the socket at once. Over TURN or TCP, and where werift does not look as expected, it goes werift's way. Never throws;
 * a datagram that cannot be sent is lost, as one on the network is.
 */
export function sendDatagram(connection: IceConnection, datagram: Buffer): void {
  const pair = connection.nominated;
  const socket = pair === undefined ? undefined : socketOf(pair);
  const consents = (connection as Consent).canSendApplicationData?.();
  if (consents === false) return;
  if (pair === undefined || socket === undefined || consents === undefined) {
    void connection.send(datagram).catch(() => undefined);
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
