import { Injectable } from '@nestjs/common';

import { EventLoopDelay } from '../health/index.js';
import { PipelineService } from '../pipeline-loader/index.js';
import { Drain, ServiceFigures, SessionRegistry } from '../sessions/index.js';
import { renderText, type MetricFamily, type TextFormat } from './exposition/index.js';
import { mediaMetrics } from './media-metrics.js';
import { networkMetrics } from './network-metrics.js';
import { NetworkSampler } from './network-sampler.js';
import { pipelineMetrics } from './pipeline-metrics.js';
import { processMetrics } from './process-metrics.js';
import { sessionMetrics } from './session-metrics.js';

/** Metrics that tell of one thing. */
export interface MetricGroup {
  readonly title: string;
  readonly families: readonly MetricFamily[];
}

/**
 * What a monitoring system scrapes. Nothing is counted here and nothing is changed by reading: each family is made from what the server knows
 * anyway. No label tells sessions, clients or tenants apart, so the number of series depends on the configuration alone.
 */
@Injectable()
export class Metrics {
  constructor(
    private readonly figures: ServiceFigures,
    private readonly registry: SessionRegistry,
    private readonly drain: Drain,
    private readonly sampler: NetworkSampler,
    private readonly pipeline: PipelineService,
    private readonly loopDelay: EventLoopDelay,
  ) {}

  /** Everything there is, by what it tells of. */
  groups(): MetricGroup[] {
    return [
      { title: 'Sessions', families: sessionMetrics(this.figures, this.registry.stats(), this.drain.deadlineMs !== undefined) },
      { title: 'Media', families: mediaMetrics(this.figures) },
      { title: 'Networks of the viewers', families: networkMetrics(this.sampler) },
      { title: 'Pipeline', families: pipelineMetrics(this.pipeline.describe()) },
      { title: 'Server', families: processMetrics(this.loopDelay.sinceStart) },
    ];
  }

  render(format: TextFormat): string {
    return renderText(
      this.groups().flatMap(({ families }) => families),
      format,
    );
  }
}
