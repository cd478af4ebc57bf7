import { RTP_EXTENSION_URI, type RTCRtpHeaderExtensionParameters } from 'werift';

/** Seconds in a turn of the 24-bit, 6.18 fixed-point absolute send time. */
const SEND_TIME_TURN_SECONDS = 64;
/** What the one-byte form can carry (RFC 8285 section 4.2): 0 is padding, 15 is reserved. */
const MAX_ID = 14;
const MAX_ELEMENT_BYTES = 16;
/** `0xbede` and the length in words (RFC 8285 section 4.2). */
const BLOCK_HEADER_BYTES = 4;
const ONE_BYTE_PROFILE = 0xbede;

/** The playout delay's twelve bits count in tens of milliseconds. */
const PLAYOUT_DELAY_UNIT_MS = 10;
const MAX_PLAYOUT_DELAY = 0xfff;

/** webrtc.org "playout-delay": the least and the most a receiver should hold a picture back. */
export const PLAYOUT_DELAY_URI = 'http://www.webrtc.org/experiments/rtp-hdrext/playout-delay';
/** webrtc.org "abs-capture-time": NTP time of capture, 32.32 fixed point. */
export const ABS_CAPTURE_TIME_URI = 'http://www.webrtc.org/experiments/rtp-hdrext/abs-capture-time';

/** Bounds on the time from capture to display, milliseconds; both 0: show at once. */
export interface PlayoutDelay {
  readonly minMs: number;
  readonly maxMs: number;
}

/** What some packets carry and others do not. */
export interface PacketFields {
  /** NTP time of capture, of a frame's first packet. */
  readonly captureNtp?: bigint;
  /** Whether the packet says the playout delay. */
  readonly playoutDelay?: boolean;
}

/** What is known only when a packet leaves. */
export interface Departing {
  readonly unixMs: number;
  /** The transport-wide sequence number, where those are sent. */
  readonly transportSequenceNumber: number;
}

/**
 * The RTP header extensions of one stream in the one-byte form: its media section (RFC 9143 section 15) and, where negotiated, the absolute send
 * time, the transport-wide sequence number, the playout delay and the absolute capture time. One that the one-byte form cannot carry is left
 * out: receivers do without, whereas an element that overflows its length garbles the packet.
 */
export class HeaderExtensions {
  /** The element with the media section, as it lies on the wire. */
  private readonly mid: Buffer;
  private readonly sendTimeId: number | undefined;
  private readonly transportWideId: number | undefined;
  private readonly playoutDelayId: number | undefined;
  private readonly captureTimeId: number | undefined;
  private readonly playoutDelay: number;

  /** @param transportWide whether transport-wide numbers are to be sent if the extension was negotiated. */
  constructor(
    negotiated: readonly RTCRtpHeaderExtensionParameters[],
    mid: string,
    { transportWide = false, playoutDelay }: { readonly transportWide?: boolean; readonly playoutDelay?: PlayoutDelay } = {},
  ) {
    const idOf = (uri: string): number | undefined =>
      negotiated.find((extension) => extension.uri === uri && extension.id >= 1 && extension.id <= MAX_ID)?.id;
    const midId = idOf(RTP_EXTENSION_URI.sdesMid);
    const name = Buffer.from(mid);
    const hasMid = midId !== undefined && name.length > 0 && name.length <= MAX_ELEMENT_BYTES;
    this.mid = hasMid ? Buffer.concat([Buffer.from([(midId << 4) | (name.length - 1)]), name]) : Buffer.alloc(0);
    this.sendTimeId = idOf(RTP_EXTENSION_URI.absSendTime);
    this.transportWideId = transportWide ? idOf(RTP_EXTENSION_URI.transportWideCC) : undefined;
    this.playoutDelayId = playoutDelay === undefined ? undefined : idOf(PLAYOUT_DELAY_URI);
    this.captureTimeId = idOf(ABS_CAPTURE_TIME_URI);
    this.playoutDelay = playoutDelay === undefined ? 0 : playoutDelayField(playoutDelay);
  }

  /** Whether packets carry transport-wide sequence numbers. */
  get transportWide(): boolean {
    return this.transportWideId !== undefined;
  }

  /** The longest block that `write` makes. */
  get maxBytes(): number {
    return this.size({ captureNtp: 0n, playoutDelay: true });
  }

  /** Bytes of the block with these fields: a multiple of four, 0 for none. */
  size(fields: PacketFields): number {
    let bytes = this.mid.length;
    if (this.sendTimeId !== undefined) bytes += 4;
    if (this.transportWideId !== undefined) bytes += 3;
    if (this.playoutDelayId !== undefined && fields.playoutDelay === true) bytes += 4;
    if (this.captureTimeId !== undefined && fields.captureNtp !== undefined) bytes += 9;
    return bytes === 0 ? 0 : BLOCK_HEADER_BYTES + Math.ceil(bytes / 4) * 4;
  }

  /** Writes the block at `offset`; returns where it ends, `size(fields)` further on. */
  write(target: Buffer, offset: number, fields: PacketFields, { unixMs, transportSequenceNumber }: Departing): number {
    const end = offset + this.size(fields);
    if (end === offset) return offset;
    target.writeUInt16BE(ONE_BYTE_PROFILE, offset);
    target.writeUInt16BE((end - offset - BLOCK_HEADER_BYTES) / 4, offset + 2);
    let at = offset + BLOCK_HEADER_BYTES;
    target.set(this.mid, at);
    at += this.mid.length;
    if (this.sendTimeId !== undefined) {
      const seconds = (unixMs / 1000) % SEND_TIME_TURN_SECONDS;
      target.writeUInt32BE(((this.sendTimeId << 28) | (2 << 24) | Math.floor(seconds * 2 ** 18)) >>> 0, at);
      at += 4;
    }
    if (this.transportWideId !== undefined) {
      target[at] = (this.transportWideId << 4) | 1;
      target.writeUInt16BE(transportSequenceNumber, at + 1);
      at += 3;
    }
    if (this.playoutDelayId !== undefined && fields.playoutDelay === true) {
      target.writeUInt32BE(((this.playoutDelayId << 28) | (2 << 24) | this.playoutDelay) >>> 0, at);
      at += 4;
    }
    if (this.captureTimeId !== undefined && fields.captureNtp !== undefined) {
      target[at] = (this.captureTimeId << 4) | 7;
      target.writeBigUInt64BE(fields.captureNtp, at + 1);
      at += 9;
    }
    target.fill(0, at, end);
    return end;
  }
}

/** Twelve bits of the least and twelve of the most, in tens of milliseconds. */
function playoutDelayField({ minMs, maxMs }: PlayoutDelay): number {
  const field = (ms: number): number => Math.min(MAX_PLAYOUT_DELAY, Math.max(0, Math.round(ms / PLAYOUT_DELAY_UNIT_MS)));
  return (field(minMs) << 12) | Math.max(field(minMs), field(maxMs));
}
