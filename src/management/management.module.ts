import { type DynamicModule, type INestApplicationContext, Module } from '@nestjs/common';
import { TerminusModule } from '@nestjs/terminus';

import { ProbeChecks, ProbesController } from '../health/index.js';
import { Metrics, ScrapeController } from '../metrics/index.js';

/**
 * What the controllers below need of the server that is looked after. It stays the server's, so nothing that has a lifecycle hook of Nest may be
 * in this list: the hook would be called for this application as well.
 */
const SHARED = [ProbeChecks, Metrics];

/**
 * The application behind the management listener: routes for orchestrators and monitoring, and nothing of the API for clients, neither its
 * guards nor its document. A further route is a controller in `controllers`, and what it is injected with in `SHARED`.
 */
@Module({})
export class ManagementModule {
  static register(server: INestApplicationContext): DynamicModule {
    return {
      module: ManagementModule,
      // As for the probes on the port of the API: a pipeline that starts is no error to be logged at every probe.
      imports: [TerminusModule.forRoot({ logger: false })],
      controllers: [ProbesController, ScrapeController],
      providers: SHARED.map((provide) => ({ provide, useValue: server.get<object>(provide, { strict: false }) })),
    };
  }
}
