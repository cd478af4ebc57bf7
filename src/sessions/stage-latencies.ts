import type { Histogram } from '../common/index.js';
import { LatencyHistogram, type LatencySummary } from './latency-histogram.js';

/**
 * The stages that a control message and a picture pass. `encode` includes decoding what the pipeline yielded; `encode_to_send` is the pacer's
 * queue; the stages that begin with a chunk's yield are of the first picture of each chunk, since the others wait for their turn.
 */
export const LATENCY_STAGES = [
  'control_to_push',
  'push_to_yield',
  'yield_to_encode',
  'encode',
  'encode_to_send',
  'send_to_shown',
  'control_to_sent',
  'control_to_shown',
  'yield_to_sent',
] as const;
export type LatencyStage = (typeof LATENCY_STAGES)[number];

export type LatencySummaries = Readonly<Record<LatencyStage, LatencySummary>>;

/** How long each stage took, of a session or of all sessions together. */
export class StageLatencies {
  private readonly histograms = Object.fromEntries(LATENCY_STAGES.map((stage) => [stage, new LatencyHistogram()])) as Record<
    LatencyStage,
    LatencyHistogram
  >;

  /** @param whole is told of everything recorded here, and outlives it. */
  constructor(private readonly whole?: StageLatencies) {}

  record(stage: LatencyStage, durationMs: number): void {
    this.histograms[stage].record(durationMs);
    this.whole?.record(stage, durationMs);
  }

  /** The distribution of one stage. */
  histogram(stage: LatencyStage): Histogram {
    return this.histograms[stage];
  }

  summaries(): LatencySummaries {
    const summaries = LATENCY_STAGES.map((stage) => [stage, this.histograms[stage].summary()]);
    return Object.fromEntries(summaries) as Record<LatencyStage, LatencySummary>;
  }
}
