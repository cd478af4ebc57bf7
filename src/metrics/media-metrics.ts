import { FRAME_DROP_REASONS, LATENCY_STAGES, TRAFFIC_MEDIA, type ServiceFigures } from '../sessions/index.js';
import { counter, distributionOf, gauge, histogram, type MetricFamily } from './exposition/index.js';

const STAGE_BOUNDS_MS = [1, 2, 5, 10, 15, 20, 30, 40, 50, 80, 100, 150, 200, 300, 500, 1000, 2000, 5000, 15_000];

/** Pictures by fate, the latency of each stage, and what was sent. */
export function mediaMetrics({ frames, latencies, traffic }: ServiceFigures): MetricFamily[] {
  return [
    counter('telefuser_frames_generated_total', 'Pictures that came from the pipeline', [{ value: frames.generated }]),
    counter('telefuser_frames_sent_total', 'Pictures whose last packet left', [{ value: frames.sent }]),
    counter(
      'telefuser_frames_dropped_total',
      'Pictures that were not sent, by reason',
      FRAME_DROP_REASONS.map((reason) => ({ labels: { reason }, value: frames.dropped[reason] })),
    ),
    gauge('telefuser_frames_queued', 'Pictures that wait for their time', [{ value: frames.queued }]),
    histogram(
      'telefuser_stage_latency_seconds',
      'How long each stage took between a control message, the picture that shows it, and the viewer',
      LATENCY_STAGES.map((stage) =>
        distributionOf(latencies.histogram(stage), { labels: { stage }, bounds: STAGE_BOUNDS_MS, scale: 0.001 }),
      ),
    ),
    counter(
      'telefuser_sent_packets_total',
      'RTP packets that were sent, without retransmissions',
      TRAFFIC_MEDIA.map((media) => ({ labels: { media }, value: traffic[media].packets })),
    ),
    counter(
      'telefuser_retransmitted_packets_total',
      'RTP packets that were sent again',
      TRAFFIC_MEDIA.map((media) => ({ labels: { media }, value: traffic[media].retransmittedPackets })),
    ),
    counter(
      'telefuser_sent_bytes_total',
      'Bytes of RTP that were sent: media, what was sent again, and probes of the network',
      TRAFFIC_MEDIA.flatMap((media) => {
        const { bytes, retransmittedBytes, probeBytes } = traffic[media];
        return Object.entries({ media: bytes, retransmission: retransmittedBytes, probe: probeBytes }).map(
          ([purpose, value]) => ({
            labels: { media, purpose },
            value,
          }),
        );
      }),
    ),
    counter(
      'telefuser_receiver_requests_total',
      'Requests of receivers: lost packets (nack) and keyframes (pli, fir)',
      TRAFFIC_MEDIA.flatMap((media) => {
        const { nacks, plis, firs } = traffic[media];
        return Object.entries({ nack: nacks, pli: plis, fir: firs }).map(([type, value]) => ({ labels: { media, type }, value }));
      }),
    ),
  ];
}
