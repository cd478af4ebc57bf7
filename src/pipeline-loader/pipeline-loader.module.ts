import { Module, type DynamicModule } from '@nestjs/common';
import { PIPELINE_OPTIONS, type PipelineOptions } from './pipeline.options.js';
import { PipelineService } from './pipeline.service.js';
import { SecurityPolicy } from './security-policy.js';

/** Finds, hosts and supervises the one pipeline of the server. Needs `ConfigurationModule`, which is global. */
@Module({})
export class PipelineLoaderModule {
  static register(options: PipelineOptions): DynamicModule {
    return {
      module: PipelineLoaderModule,
      // One process serves one pipeline, so its service is the same for everybody who asks.
      global: true,
      providers: [{ provide: PIPELINE_OPTIONS, useValue: options }, SecurityPolicy, PipelineService],
      exports: [PIPELINE_OPTIONS, PipelineService],
    };
  }
}
