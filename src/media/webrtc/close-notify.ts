import type { RTCDtlsTransport } from 'werift';

/** DTLS content type `alert` (RFC 5246 section 6.2.1). */
const ALERT = 21;
/** A warning-level `close_notify` (RFC 5246 section 7.2.1). */
const CLOSE_NOTIFY = Buffer.from([1, 0]);

/**
 * Tells the peer that this end closes. werift ends a connection without a word, so that a browser shows a frozen picture until its ICE
 * consent runs out; with the alert it knows at once. werift has no way to send an alert, but its record layer takes the content type from
 * the record it is about to encrypt, so the one record we send is retyped there. Never throws.
 */
export async function sendCloseNotify(transport: RTCDtlsTransport): Promise<void> {
  const { dtls } = transport;
  if (dtls === undefined || transport.state !== 'connected') return;
  const { cipher } = dtls;
  const encryptPacket = cipher.encryptPacket.bind(cipher);
  try {
    cipher.encryptPacket = (packet) => {
      packet.recordLayerHeader.contentType = ALERT;
      return encryptPacket(packet);
    };
    // `send` encrypts before its first await, so restoring below touches no other record.
    const sent = dtls.send(CLOSE_NOTIFY);
    cipher.encryptPacket = encryptPacket;
    await sent;
  } catch {
    // The peer will notice by its own timeout.
  } finally {
    cipher.encryptPacket = encryptPacket;
  }
}
