/** A whole session description (RFC 8866). */
export const SDP = 'application/sdp';
/** The part of one that is about ICE (RFC 8840 section 9). */
export const SDP_FRAGMENT = 'application/trickle-ice-sdpfrag';
