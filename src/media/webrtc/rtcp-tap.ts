import type { RTCDtlsTransport } from 'werift';
import { splitCompound, type RtcpElement } from './rtcp-compound.js';
import { isMessage } from './rtcp-feedback.js';

/**
 * Hands those feedback messages to `listener` that werift misreads, and the rest to werift. It reads a NACK and a FIR on beyond their end, where
 * other packets follow in the compound, so that it makes losses up or throws; of transport-wide feedback it drops all but run lengths, and a
 * message of 20 bytes makes it allocate 65535 objects. Call before the handshake. `listener` must not throw.
 */
export function tapRtcp(transport: RTCDtlsTransport, listener: (element: RtcpElement) => void): void {
  transport.onStateChange.subscribe((state) => {
    if (state !== 'connected') return;
    const { srtcp } = transport;
    const decrypt = srtcp.decrypt.bind(srtcp);
    srtcp.decrypt = (packet) => {
      const compound = decrypt(packet);
      const elements = splitCompound(compound);
      const ours = elements.filter((element) => isMessage(element));
      if (ours.length === 0) return compound;
      for (const element of ours) listener(element);
      return Buffer.concat(elements.filter((element) => !isMessage(element)).map(({ bytes }) => bytes));
    };
  });
}
