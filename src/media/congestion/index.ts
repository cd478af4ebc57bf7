export { CongestionController } from './congestion-controller.js';
export type { BandwidthUsage, NetworkLimits, NetworkState, PacketArrival, Probe, SentPacket } from './network.js';
