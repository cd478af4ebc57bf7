import { type DynamicModule, Module } from '@nestjs/common';

import type { Configuration } from './config/index.js';
import { ConfigurationModule } from './configuration.module.js';
import { HealthModule } from './health/index.js';
import { IdentityModule } from './identity/index.js';
import { MemoryModule } from './memory/index.js';
import { MetricsModule } from './metrics/index.js';
import { PipelineLoaderModule, type PipelineOptions } from './pipeline-loader/index.js';
import { SessionsModule } from './sessions/index.js';
import { SignalingModule } from './signaling/index.js';

/** What the application is made from: the settings, and the pipeline that it serves. */
export interface AppOptions {
  readonly configuration: Configuration;
  readonly pipeline: Omit<PipelineOptions, 'securityLevel'>;
}

/** The whole server. One process serves one pipeline. */
@Module({})
export class AppModule {
  static register({ configuration, pipeline }: AppOptions): DynamicModule {
    return {
      module: AppModule,
      imports: [
        ConfigurationModule.register(configuration),
        // Global, so that sessions and health need not know with which options the one pipeline was registered.
        { ...PipelineLoaderModule.register({ ...pipeline, securityLevel: configuration.securityLevel }), global: true },
        IdentityModule,
        SessionsModule,
        SignalingModule,
        HealthModule,
        MetricsModule,
        MemoryModule,
      ],
    };
  }
}
