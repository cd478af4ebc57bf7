import { Module } from '@nestjs/common';
import { TerminusModule } from '@nestjs/terminus';

import { MediaModule } from '../media/index.js';
import { SessionsModule } from '../sessions/index.js';
import { ProbesController } from './probes.controller.js';
import { EventLoopDelay } from './event-loop-delay.js';
import { LoopWatch } from './loop-watch.js';
import { ProbeChecks } from './probe-checks.js';
import { ServiceController } from './service.controller.js';
import { ServiceMetrics } from './service-metrics.js';
import { ServiceStatus } from './service-status.js';

/** Probes and the service's account of itself. `PipelineService` comes from the pipeline loader, which the application makes global. */
@Module({
  // Terminus would log an error at every probe while a pipeline starts, which may take minutes and is no error.
  imports: [TerminusModule.forRoot({ logger: false }), MediaModule, SessionsModule],
  controllers: [ProbesController, ServiceController],
  providers: [EventLoopDelay, LoopWatch, ProbeChecks, ServiceMetrics, ServiceStatus],
  exports: [EventLoopDelay, ProbeChecks],
})
export class HealthModule {}
