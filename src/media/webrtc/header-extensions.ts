import { RTP_EXTENSION_URI, type RTCRtpHeaderExtensionParameters } from 'werift';

/** One element of the one-byte header extension block (RFC 8285 section 4.2). */
interface Extension {
  readonly id: number;
  readonly payload: Buffer;
}

/** What the one-byte form can carry (RFC 8285 section 4.2): 0 is padding, 15 is reserved. */
const MAX_ID = 14;
const MAX_PAYLOAD_BYTES = 16;
/** Seconds in a turn of the 24-bit, 6.18 fixed-point absolute send time. */
const SEND_TIME_TURN_SECONDS = 64;

/**
 * The RTP header extensions of one stream: its media section (RFC 9143 section 15) and, where negotiated, the absolute send time. One that
 * the one-byte form cannot carry is left out: receivers do without, whereas an element that overflows its length garbles the packet.
 */
export class HeaderExtensions {
  private readonly mid: readonly Extension[];
  private readonly sendTimeId: number | undefined;

  constructor(negotiated: readonly RTCRtpHeaderExtensionParameters[], mid: string) {
    const idOf = (uri: string): number | undefined =>
      negotiated.find((extension) => extension.uri === uri && extension.id >= 1 && extension.id <= MAX_ID)?.id;
    const payload = Buffer.from(mid);
    const midId = idOf(RTP_EXTENSION_URI.sdesMid);
    this.mid = midId === undefined || payload.length === 0 || payload.length > MAX_PAYLOAD_BYTES ? [] : [{ id: midId, payload }];
    this.sendTimeId = idOf(RTP_EXTENSION_URI.absSendTime);
  }

  /** What a packet carries that is sent now; packets of one burst may share it. */
  now(): Extension[] {
    if (this.sendTimeId === undefined) return [...this.mid];
    const seconds = ((performance.timeOrigin + performance.now()) / 1000) % SEND_TIME_TURN_SECONDS;
    const payload = Buffer.allocUnsafe(3);
    payload.writeUIntBE(Math.floor(seconds * 2 ** 18), 0, 3);
    return [...this.mid, { id: this.sendTimeId, payload }];
  }
}
