import type { RTCSctpTransport } from 'werift';

/** What werift declares private and we must reach: its handlers of incoming packets and messages. */
interface SctpInternals {
  readonly sctp: { handleData(packet: Buffer): Promise<void> };
  datachannelReceive(streamId: number, protocolId: number, data: Buffer): Promise<void>;
}

/**
 * Drops what a client sends in violation of SCTP (RFC 9260) or of the data-channel protocol (RFC 8832), as both allow. werift throws on it,
 * in async handlers that nobody awaits: one malformed packet of one client would be an unhandled rejection, which ends the process. Call it
 * once, when the description is set and before packets can come.
 */
export function containSctpErrors(transport: RTCSctpTransport): void {
  const internals = transport as unknown as SctpInternals;
  const { sctp } = transport;
  sctp.transport.onData = (packet) => void internals.sctp.handleData(packet).catch(() => undefined);
  sctp.onReceive.allUnsubscribe();
  sctp.onReceive.subscribe((...message) => void internals.datachannelReceive(...message).catch(() => undefined));
}
