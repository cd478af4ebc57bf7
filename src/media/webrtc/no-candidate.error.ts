import type { RTCPeerConnection } from 'werift';
import type { IceOptions } from './ice-options.js';

/** The server has no address at which the client could reach it. It may have one in a moment, and until then no other offer does better. */
export class NoCandidateError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'NoCandidateError';
  }
}

/** Once candidates are gathered: throws a NoCandidateError where a transport has found none, so that the client need not wait for nothing. */
export function requireCandidates({ iceTransports }: RTCPeerConnection, { iceTransportPolicy, udpPorts }: IceOptions): void {
  if (iceTransports.every(({ localCandidates }) => localCandidates.length > 0)) return;
  if (iceTransportPolicy === 'relay') {
    throw new NoCandidateError('media may only go through the TURN server, which gave no relayed address in time.');
  }
  throw new NoCandidateError(
    udpPorts === undefined
      ? 'no UDP socket could be opened.'
      : `no UDP port from ${udpPorts.first} to ${udpPorts.last} is free; they are what TELEFUSER_ICE_UDP_PORTS allows.`,
  );
}
