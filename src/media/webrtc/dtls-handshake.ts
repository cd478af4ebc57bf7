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
