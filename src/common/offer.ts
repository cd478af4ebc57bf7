/** Direction of a media section as its author sees it (RFC 8866 section 6.7). */
export type MediaDirection = 'sendrecv' | 'sendonly' | 'recvonly' | 'inactive';

/** One payload type of a media section: `a=rtpmap` and `a=fmtp` (RFC 8866 sections 6.6 and 6.15). */
export interface OfferedCodec {
  readonly payloadType: number;
  /** Encoding name, upper case. */
  readonly name: string;
  /** Hz. */
  readonly clockRate: number;
  /** The raw `a=fmtp` parameters, empty if none. */
  readonly parameters: string;
}

/** Who may open the DTLS handshake, as the client says (RFC 8842 section 5): itself only, we only, or whichever we choose. */
export type DtlsSetup = 'active' | 'passive' | 'actpass';

export interface OfferedMedia {
  readonly mid: string;
  readonly kind: 'audio' | 'video';
  /** The client's view: `recvonly` means that it wants to receive. */
  readonly direction: MediaDirection;
  readonly codecs: readonly OfferedCodec[];
}

/** What a client's offer asks for, as read by our own inspection: the only form in which an offer is reasoned about. */
export interface OfferSummary {
  /** Accepted-able audio and video sections, in order; rejected sections (port 0, not bundle-only) are left out. */
  readonly media: readonly OfferedMedia[];
  /** Whether there is an SCTP section, so that a data channel can open. */
  readonly dataChannel: boolean;
  readonly iceCandidates: number;
  /** One value for the whole offer. */
  readonly dtlsSetup: DtlsSetup;
}
