import { Injectable } from '@nestjs/common';
import { type HealthIndicatorResult, HealthIndicatorService } from '@nestjs/terminus';

import { Configuration } from '../config/index.js';
import { PipelineService } from '../pipeline-loader/index.js';
import { Drain } from '../sessions/index.js';
import { LoopWatch } from './loop-watch.js';
import { ServiceStatus } from './service-status.js';

/**
 * What each probe looks at. An orchestrator acts on the answers: it restarts what does not live, and sends no request to what is not ready. So
 * liveness fails only for what a restart mends, and capacity is in none of them: a server whose slots are taken is well, and answers 503 itself.
 */
@Injectable()
export class ProbeChecks {
  constructor(
    private readonly indicators: HealthIndicatorService,
    private readonly service: ServiceStatus,
    private readonly pipeline: PipelineService,
    private readonly drain: Drain,
    private readonly loop: LoopWatch,
    private readonly configuration: Configuration,
  ) {}

  live(): HealthIndicatorResult[] {
    return [this.eventLoop(), this.supervisor()];
  }

  ready(): HealthIndicatorResult[] {
    return [this.running(), this.notDraining()];
  }

  started(): HealthIndicatorResult[] {
    return [this.startedOnce()];
  }

  private eventLoop(): HealthIndicatorResult {
    const indicator = this.indicators.check('event_loop');
    switch (this.loop.state) {
      case 'in-time':
        return indicator.up();
      case 'late':
        return indicator.degraded({ reason: 'The event loop is late by more than a second.' });
      case 'stuck':
        return indicator.down({ reason: 'The event loop has been late by more than a second for half a minute.' });
    }
  }

  /**
   * Down when every process of the pipeline was given up after it had run: nothing but a restart of the server brings it back. A pipeline that never
   * started ends the server, or by `TELEFUSER_EXIT_ON_START_FAILURE=false` is meant to be looked at.
   */
  private supervisor(): HealthIndicatorResult {
    const indicator = this.indicators.check('pipeline_supervisor');
    if (this.pipeline.state === 'failed' && this.service.started) return indicator.down({ reason: this.service.pipelineReason });
    const { workers } = this.pipeline.describe();
    const givenUp = workers.filter(({ state }) => state === 'failed').length;
    if (givenUp === 0 || this.pipeline.state === 'failed') return indicator.up();
    return indicator.degraded({ reason: `${givenUp} of ${workers.length} processes of the pipeline were given up.` });
  }

  private running(): HealthIndicatorResult {
    const indicator = this.indicators.check('pipeline');
    if (this.pipeline.state !== 'ready') return indicator.down({ reason: this.service.pipelineReason, ...this.progress() });
    const { workers } = this.pipeline.describe();
    const missing = workers.filter(({ state }) => state !== 'ready').length;
    if (missing === 0) return indicator.up();
    return indicator.degraded({ reason: `${missing} of ${workers.length} processes of the pipeline take no sessions now.` });
  }

  private notDraining(): HealthIndicatorResult {
    const indicator = this.indicators.check('drain');
    const { deadlineMs } = this.drain;
    if (deadlineMs === undefined) return indicator.up();
    return indicator.down({ reason: this.service.reason, deadline: deadlineMs / 1000 });
  }

  /** How far the start has got: the time that it has taken and may take, and what the pipeline says of it itself. */
  private startedOnce(): HealthIndicatorResult {
    const indicator = this.indicators.check('pipeline');
    const { startSeconds, workers } = this.pipeline.describe();
    const states = workers.map(({ state }) => state);
    if (startSeconds !== undefined) return indicator.up({ start_seconds: startSeconds });
    return indicator.down({
      reason: this.service.pipelineReason,
      ...this.progress(),
      elapsed_seconds: Math.round(this.pipeline.startingForMs / 100) / 10,
      timeout_seconds: this.configuration.pipelineStartTimeoutSeconds,
      workers: states,
    });
  }

  /** What the pipeline says of its start, if it says anything. */
  private progress(): { readonly progress?: number; readonly message?: string } {
    const { fraction, text } = this.pipeline.startProgress ?? {};
    return { ...(fraction !== undefined && { progress: fraction }), ...(text !== undefined && { message: text }) };
  }
}
