export { type PlayoutDelay } from './header-extensions.js';
export { type DataChannel } from './data-channel.js';
export { type EncodedInput, type InboundTrack } from './inbound-track.js';
export { type OutboundRtp, type StreamStats, type ReceptionReport, type SendOptions, type SendResult } from './outbound-rtp.js';
export {
  PeerConnection,
  type ConnectionState,
  type IceServer,
  type PeerConnectionObserver,
  type PeerConnectionOptions,
} from './peer-connection.js';
export { type SentPacket } from './paced-transport.js';
export { type Feedback } from './rtcp-feedback.js';
export { type PacketArrival } from './transport-feedback.js';
