/** What one RTP packet carries of a frame. */
export interface RtpPayload {
  /** The codec's own header of the payload: a few bytes, or none. */
  readonly prefix: Buffer;
  /** The rest; it may be a view of the frame, which must not change any more. */
  readonly body: Buffer;
  /** Whether the frame ends with it. */
  readonly marker: boolean;
}
