import { Injectable, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';

import { Configuration } from '../config/index.js';
import { NO_TRACE, type OfferTrace } from './offer-trace.js';
import type { OtlpTracer } from './otlp-tracer.js';

/** Traces of offers, when there is a collector to send them to. Without one nothing is loaded and nothing is measured. */
@Injectable()
export class Tracing implements OnModuleInit, OnApplicationShutdown {
  private tracer: OtlpTracer | undefined;

  constructor(private readonly configuration: Configuration) {}

  async onModuleInit(): Promise<void> {
    const { endpoint, serviceName, sampleRatio } = this.configuration.tracing;
    if (endpoint === undefined) return;
    const { OtlpTracer } = await import('./otlp-tracer.js');
    this.tracer = new OtlpTracer({ endpoint, serviceName, sampleRatio });
  }

  /** Sends what is left, after the sessions have closed. */
  async onApplicationShutdown(): Promise<void> {
    // A collector that is away must not hold up the exit, nor make it fail.
    await this.tracer?.shutdown().catch(() => undefined);
  }

  /** @param traceParent the request's header `traceparent` */
  offer(traceParent: string | undefined): OfferTrace {
    return this.tracer?.offer(traceParent) ?? NO_TRACE;
  }
}
