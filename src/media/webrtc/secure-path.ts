import type { RTCDtlsTransport } from 'werift';
import { sendDatagram } from './nominated-path.js';
import { deriveSessionKeys, MAX_TAG_BYTES, SrtpSender } from './srtp-sender.js';

/**
 * The way of outgoing RTP through one DTLS transport: protects packets under the keys of its handshake and sends them to the peer. It is the
 * only user of those keys for RTP; RTCP keeps werift's session, whose keys are others (RFC 3711 section 4.3.2).
 */
export class SecurePath {
  private srtp: SrtpSender | undefined;

  constructor(private readonly transport: RTCDtlsTransport) {}

  get isOpen(): boolean {
    return this.transport.state === 'connected';
  }

  /** Bytes by which SRTP makes a packet longer; the most it can be before the handshake. */
  get tagBytes(): number {
    return this.isOpen ? this.sender().tagBytes : MAX_TAG_BYTES;
  }

  /** Protects a packet in place and sends it. False if it cannot go: not connected, or its number was used before. */
  send(datagram: Buffer, headerBytes: number): boolean {
    if (!this.isOpen || !this.sender().protect(datagram, headerBytes)) return false;
    const { transport } = this;
    transport.packetsSent += 1;
    transport.bytesSent += datagram.length;
    sendDatagram(transport.iceTransport.connection, datagram);
    return true;
  }

  private sender(): SrtpSender {
    if (this.srtp === undefined) {
      const { keys, profile } = this.transport.srtp.config;
      this.srtp = new SrtpSender(profile, deriveSessionKeys(keys.localMasterKey, keys.localMasterSalt));
    }
    return this.srtp;
  }
}
