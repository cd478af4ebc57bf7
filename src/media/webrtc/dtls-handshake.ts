import type { RTCDtlsTransport } from 'werift';

/** Beyond every flight of a handshake (RFC 6347 section 4.2.4 has six). */
const AFTER_LAST_FLIGHT = 7;

/**
 * Ends a handshake whose connection closes. werift sends an unanswered flight eleven times over 33 s, whether its socket is open or not; it
 * stops at the next turn when it believes that the handshake has moved on. Never throws.
 */
export function abandonHandshake({ dtls, state }: RTCDtlsTransport): void {
  if (dtls !== undefined && state !== 'connected') dtls.dtls.flight = AFTER_LAST_FLIGHT;
}

/** A handshake in its first flight has no answer yet (RFC 6347 section 4.2.4). */
const FIRST_FLIGHT = 1;

/** What werift declares private and we must reach: its end of a handshake that it begins. */
interface HandshakeClient {
  connect?: () => Promise<void>;
  readonly transport: { send: (datagram: Buffer) => Promise<void> };
  readonly dtls: { readonly flight: number };
}

/**
 * Begins a handshake of ours as client as soon as there is a path. werift sleeps for 100 ms first, which every session would take longer to open than in a
 * browser. The peer may not have seen by then that there is a path, and drop the beginning: after that time it is sent again. Call before the handshake.
 */
export function hurryHandshake(transport: RTCDtlsTransport): void {
  transport.onStateChange.subscribe((state) => {
    if (state !== 'connecting') return;
    // Its end of the handshake is made in the same turn, right after this.
    queueMicrotask(() => {
      const client = transport.dtls as unknown as HandshakeClient | undefined;
      if (client?.connect !== undefined) beginNow(client, client.connect.bind(client));
    });
  });
}

function beginNow(client: HandshakeClient, connect: () => Promise<void>): void {
  const records = client.transport;
  const send = records.send;
  let hello: Buffer | undefined;
  records.send = (datagram) => {
    hello = datagram;
    records.send = send;
    return send(datagram);
  };
  const begun = connect();
  begun.catch(() => undefined);
  // What werift calls after its sleep, and whose failure it deals with.
  client.connect = () => {
    if (hello !== undefined && client.dtls.flight === FIRST_FLIGHT) send(hello).catch(() => undefined);
    return begun;
  };
}
