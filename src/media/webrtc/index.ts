export { type DataChannel } from './data-channel.js';
export { type EncodedInput, type InboundTrack } from './inbound-track.js';
export { type OutboundRtp, type ReceptionReport } from './outbound-rtp.js';
export {
  PeerConnection,
  type ConnectionState,
  type IceServer,
  type PeerConnectionObserver,
  type PeerConnectionOptions,
} from './peer-connection.js';
export { type Feedback } from './rtcp-feedback.js';
