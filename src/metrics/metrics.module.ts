import { Module } from '@nestjs/common';

import { HealthModule } from '../health/index.js';
import { SessionsModule } from '../sessions/index.js';
import { Metrics } from './metrics.js';
import { NetworkSampler } from './network-sampler.js';
import { ServiceMetricsController } from './service-metrics.controller.js';

/** Metrics for Prometheus. `ScrapeController` belongs to the application on the management listener. */
@Module({
  imports: [HealthModule, SessionsModule],
  controllers: [ServiceMetricsController],
  providers: [Metrics, NetworkSampler],
  exports: [Metrics],
})
export class MetricsModule {}
