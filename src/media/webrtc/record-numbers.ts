import type { RTCDtlsTransport } from 'werift';

/** More than a handshake's records, with those it sends again. */
const HANDSHAKE_RECORDS = 256;

/**
 * Keeps DTLS record numbers unique. werift counts from zero again after its Finished message, which was encrypted under the same keys. So one
 * application record has Finished's number: every peer drops it as a replay (RFC 6347 section 4.1.2.6), which holds the data channel up
 * until it is sent again; and AES-GCM loses its secrecy where a number is used twice (RFC 5288 section 3). Numbers may leave gaps, so the
 * application's begin well above the handshake's. Call before the handshake.
 */
export function separateRecordNumbers(transport: RTCDtlsTransport): void {
  transport.onStateChange.subscribe((state) => {
    if (state === 'connected' && transport.dtls !== undefined) transport.dtls.dtls.recordSequenceNumber += HANDSHAKE_RECORDS;
  });
}
