export { interfaceAddresses, type IceOptions } from './ice-options.js';
export { IceTcpListener } from './ice-tcp-listener.js';
export { NoCandidateError } from './no-candidate.error.js';
export { type PlayoutDelay } from './header-extensions.js';
export { type DataChannel } from './data-channel.js';
export { type EncodedInput, type InboundTrack } from './inbound-track.js';
export { type OutboundRtp, type StreamStats, type ReceptionReport, type SendOptions, type SendResult } from './outbound-rtp.js';
export {
  PeerConnection,
  type ConnectionState,
  type PeerConnectionObserver,
  type PeerConnectionOptions,
} from './peer-connection.js';
export type { ReceivedFrame, ReceivedPacket, SenderClockReport } from './received-media.js';
export { ReceivingConnection, type ReceivingObserver, type ReceivingOptions } from './receiving-connection.js';
export { sequenceDistance } from './sequence-distance.js';
export { type SentPacket } from './paced-transport.js';
export { type Feedback } from './rtcp-feedback.js';
export { type PacketArrival } from './transport-feedback.js';
