import { distributionOf, histogram, type MetricFamily } from './exposition/index.js';
import type { NetworkSampler } from './network-sampler.js';

/** Prometheus counts in bytes. */
const BYTES_PER_BIT = 1 / 8;

/** The networks of all viewers together: one observation a connected session and second. */
export function networkMetrics({ roundTrips, losses, estimates, bitrates }: NetworkSampler): MetricFamily[] {
  return [
    histogram('telefuser_session_send_rate_bytes_per_second', 'What is sent to a viewer; one observation a session and second', [
      distributionOf(bitrates, { scale: BYTES_PER_BIT }),
    ]),
    histogram(
      'telefuser_session_estimate_bytes_per_second',
      "What a viewer's network is thought to take; one observation a session and second",
      [distributionOf(estimates, { scale: BYTES_PER_BIT })],
    ),
    histogram('telefuser_session_round_trip_seconds', 'Round trip to a viewer; one observation a session and second', [
      distributionOf(roundTrips, { scale: 0.001 }),
    ]),
    histogram(
      'telefuser_session_packet_loss_ratio',
      'Share of the packets to a viewer that was lost lately, 0 to 1; one observation a session and second',
      [distributionOf(losses)],
    ),
  ];
}
