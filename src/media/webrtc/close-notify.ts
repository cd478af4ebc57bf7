import { setImmediate } from 'node:timers/promises';
import type { RTCDtlsTransport } from 'werift';

/** DTLS content type `alert` (RFC 5246 section 6.2.1). */
const ALERT = 21;
/** A warning-level `close_notify` (RFC 5246 section 7.2.1). */
const CLOSE_NOTIFY = Buffer.from([1, 0]);
/** Alert level `fatal`. */
const FATAL = 2;

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
    // werift does not wait for its socket, which sends in a later tick and not at all if it is closed by then.
    await setImmediate();
  } catch {
    // The peer will notice by its own timeout.
  } finally {
    cipher.encryptPacket = encryptPacket;
  }
}

/** DTLS record header (RFC 6347 section 4.1): type, version (2), epoch (2), sequence number (6), length (2). */
const RECORD_HEADER_BYTES = 13;
/** The other content types that a peer has a use for once connected: its last flight, sent again, and what it is all for. */
const HANDSHAKE = 22;
const APPLICATION_DATA = 23;

/**
 * Calls `listener` once when the peer says goodbye: a `close_notify` or a fatal alert, which browsers and aiortc send when a page closes its
 * connection. werift keeps the connection's state as it was then; and as it looks for the alert in the bytes before it decrypts them, it
 * misses about one in ten of OpenSSL's, and takes one that nobody has authenticated. So once connected, alerts are read here instead.
 *
 * Nor does werift see any other record of epoch 0 from then on, which nobody has authenticated either: it takes a record of a type that it does not
 * know for an alert, and a ClientHello for the beginning of another handshake, so one datagram of a stranger would end the session.
 */
export function onPeerClosed(transport: RTCDtlsTransport, listener: () => void): void {
  transport.onStateChange.subscribe((state) => {
    if (state !== 'connected' || transport.dtls === undefined) return;
    const { cipher, transport: records } = transport.dtls;
    const { socket } = records;
    const receive = socket.onData;
    let told = false;
    socket.onData = (data, ...rest) => {
      const all = splitRecords(data);
      const taken = all.filter(isWorthReading);
      if (taken.length > 0) receive(taken.length === all.length ? data : Buffer.concat(taken), ...rest);
      if (told || !all.some((record) => record[0] === ALERT && endsConnection(record, cipher))) return;
      told = true;
      listener();
    };
  });
}

/** The records of a datagram (RFC 6347 section 4.1.1); one that is cut short ends it. */
function splitRecords(datagram: Buffer): Buffer[] {
  const records: Buffer[] = [];
  for (let at = 0; at + RECORD_HEADER_BYTES <= datagram.length;) {
    const end = at + RECORD_HEADER_BYTES + datagram.readUInt16BE(at + 11);
    if (end > datagram.length) break;
    records.push(datagram.subarray(at, end));
    at = end;
  }
  return records;
}

function isWorthReading(record: Buffer): boolean {
  return record.readUInt16BE(3) > 0 && (record[0] === HANDSHAKE || record[0] === APPLICATION_DATA);
}

function endsConnection(record: Buffer, cipher: NonNullable<RTCDtlsTransport['dtls']>['cipher']): boolean {
  if (record.length <= RECORD_HEADER_BYTES) return false;
  const epoch = record.readUInt16BE(3);
  if (epoch === 0) return false;
  const packet = {
    recordLayerHeader: {
      contentType: ALERT,
      protocolVersion: { major: record.readUInt8(1), minor: record.readUInt8(2) },
      epoch,
      sequenceNumber: record.readUIntBE(5, 6),
    },
    fragment: record.subarray(RECORD_HEADER_BYTES, RECORD_HEADER_BYTES + record.readUInt16BE(11)),
  };
  try {
    const [level, description] = cipher.decryptPacket(packet as Parameters<typeof cipher.decryptPacket>[0]);
    return level === FATAL || description === CLOSE_NOTIFY[1];
  } catch {
    // Not from the peer: its authentication tag is wrong.
    return false;
  }
}
