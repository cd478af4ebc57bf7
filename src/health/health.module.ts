import { Module } from '@nestjs/common';
import { TerminusModule } from '@nestjs/terminus';

import { SessionsModule } from '../sessions/index.js';
import { ProbesController } from './probes.controller.js';
import { ServiceController } from './service.controller.js';
import { ServiceStatus } from './service-status.js';

/** Probes and the service's account of itself. `PipelineService` comes from the pipeline loader, which the application makes global. */
@Module({
  // Terminus would log an error at every probe while a pipeline starts, which may take minutes and is no error.
  imports: [TerminusModule.forRoot({ logger: false }), SessionsModule],
  controllers: [ProbesController, ServiceController],
  providers: [ServiceStatus],
})
export class HealthModule {}
