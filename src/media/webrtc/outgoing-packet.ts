import type { Departing, HeaderExtensions, PacketFields } from './header-extensions.js';
import type { PacedPacket } from './pacer.js';
import type { SecurePath } from './secure-path.js';

/** RTP header without extensions and contributing sources (RFC 3550 section 5.1). */
export const RTP_HEADER_BYTES = 12;
/** The original sequence number of a retransmission (RFC 4588 section 4). */
export const RETRANSMISSION_PREFIX_BYTES = 2;
const VERSION = 0x80;
const PADDING = 0x20;
const EXTENSION = 0x10;
const MARKER = 0x80;

/** What makes packets and hears when they leave. */
export interface PacketSource {
  readonly path: SecurePath;
  readonly extensions: HeaderExtensions;
  /** A packet left for the network at `sentAtMs` (`performance.now()`). */
  packetLeft(packet: OutgoingPacket, sentAtMs: number): void;
}

/** An RTP packet on its way to the socket. */
export interface OutgoingPacket extends PacedPacket {
  readonly source: PacketSource;
  readonly payloadType: number;
  readonly ssrc: number;
  /** Given when the packet is queued: only what is sent has a number, since a gap is a loss to the receiver. */
  sequenceNumber: number;
  readonly timestamp: number;
  readonly marker: boolean;
  readonly fields: PacketFields;
  /** The number of the packet that is sent again, which goes before the payload (RFC 4588 section 4). */
  readonly originalSequenceNumber: number | undefined;
  /** The payload's first bytes. */
  readonly prefix: Buffer;
  /** The rest of it. */
  readonly body: Buffer;
  /** RTP padding behind the payload, 0 to 255 bytes. */
  readonly paddingBytes: number;
  /** Called when it has left. */
  readonly onSent: ((sentAtMs: number) => void) | undefined;
  /** Called when it was dropped instead. */
  readonly onDropped: (() => void) | undefined;
}

/** What a packet is made of; what is left out it has not. */
export type PacketParts = Pick<
  OutgoingPacket,
  'class' | 'source' | 'payloadType' | 'ssrc' | 'timestamp' | 'marker' | 'fields' | 'prefix' | 'body'
> &
  Partial<Pick<OutgoingPacket, 'originalSequenceNumber' | 'paddingBytes' | 'onSent' | 'onDropped'>>;

/** A packet without its sequence number, and its size as a datagram with the SRTP tag. */
export function outgoingPacket(parts: PacketParts): OutgoingPacket {
  const { source, fields, prefix, body, originalSequenceNumber, paddingBytes = 0 } = parts;
  const originalBytes = originalSequenceNumber === undefined ? 0 : RETRANSMISSION_PREFIX_BYTES;
  const headerBytes = RTP_HEADER_BYTES + source.extensions.size(fields);
  return {
    class: parts.class,
    bytes: headerBytes + originalBytes + prefix.length + body.length + paddingBytes + source.path.tagBytes,
    source,
    payloadType: parts.payloadType,
    ssrc: parts.ssrc,
    sequenceNumber: 0,
    timestamp: parts.timestamp,
    marker: parts.marker,
    fields,
    originalSequenceNumber,
    prefix,
    body,
    paddingBytes,
    onSent: parts.onSent,
    onDropped: parts.onDropped,
  };
}

/** Writes header, extensions and payload into one buffer of exactly the packet's size, the SRTP tag's place left at its end. */
export function writeDatagram(packet: OutgoingPacket, departing: Departing): { datagram: Buffer; headerBytes: number } {
  const { source, prefix, body, paddingBytes, originalSequenceNumber } = packet;
  const datagram = Buffer.allocUnsafe(packet.bytes);
  const headerBytes = source.extensions.write(datagram, RTP_HEADER_BYTES, packet.fields, departing);
  datagram[0] = VERSION | (paddingBytes > 0 ? PADDING : 0) | (headerBytes > RTP_HEADER_BYTES ? EXTENSION : 0);
  datagram[1] = (packet.marker ? MARKER : 0) | packet.payloadType;
  datagram.writeUInt16BE(packet.sequenceNumber, 2);
  datagram.writeUInt32BE(packet.timestamp, 4);
  datagram.writeUInt32BE(packet.ssrc, 8);
  let at = headerBytes;
  if (originalSequenceNumber !== undefined) at = datagram.writeUInt16BE(originalSequenceNumber, at);
  datagram.set(prefix, at);
  at += prefix.length;
  datagram.set(body, at);
  at += body.length;
  if (paddingBytes > 0) {
    datagram.fill(0, at, at + paddingBytes);
    datagram[at + paddingBytes - 1] = paddingBytes;
  }
  return { datagram, headerBytes };
}
