import { Logger } from '@nestjs/common';
import {
  diag,
  DiagLogLevel,
  ROOT_CONTEXT,
  SpanKind,
  SpanStatusCode,
  trace,
  type Context,
  type Span,
  type Tracer,
} from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { BatchSpanProcessor, ParentBasedSampler, TraceIdRatioBasedSampler, TracerProvider } from '@opentelemetry/sdk-trace';

import { VERSION } from '../common/index.js';
import type { OfferTrace } from './offer-trace.js';
import { parseTraceParent } from './trace-parent.js';

const EXPORT_EVERY_MS = 2000;
const EXPORT_TIMEOUT_MS = 5000;
/** A collector that is away is away for every batch. */
const COMPLAIN_EVERY_MS = 60_000;
/** Attributes come from the client in part. */
const MAX_ATTRIBUTE_CHARACTERS = 256;

export interface OtlpOptions {
  /** Base URL of the collector; traces go to `v1/traces` under it. */
  readonly endpoint: string;
  readonly serviceName: string;
  /** Share of the offers that are traced when whoever sent them does not say, 0 to 1. */
  readonly sampleRatio: number;
}

/** Makes traces and sends them by OTLP over HTTP. The only file that loads the SDK of OpenTelemetry: load it when there is somewhere to send to. */
export class OtlpTracer {
  private readonly provider: TracerProvider;
  private readonly tracer: Tracer;

  constructor({ endpoint, serviceName, sampleRatio }: OtlpOptions) {
    complainSeldom();
    const exporter = new OTLPTraceExporter({
      url: `${endpoint.replace(/\/+$/u, '')}/v1/traces`,
      timeoutMillis: EXPORT_TIMEOUT_MS,
    });
    this.provider = new TracerProvider({
      resource: resourceFromAttributes({ 'service.name': serviceName, 'service.version': VERSION }),
      sampler: new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(sampleRatio) }),
      spanLimits: { attributeValueLengthLimit: MAX_ATTRIBUTE_CHARACTERS },
      spanProcessors: [
        new BatchSpanProcessor({ exporter, scheduledDelayMillis: EXPORT_EVERY_MS, exportTimeoutMillis: EXPORT_TIMEOUT_MS }),
      ],
    });
    this.tracer = this.provider.getTracer('telefuser-stream', VERSION);
  }

  /** Begins the trace of an offer, as part of the trace that its request belongs to, if it says so. */
  offer(traceParent: string | undefined): OfferTrace {
    const parent = parseTraceParent(traceParent);
    const context = parent === undefined ? ROOT_CONTEXT : trace.setSpanContext(ROOT_CONTEXT, { ...parent, isRemote: true });
    return new OtlpOfferTrace(this.tracer, context);
  }

  /** Sends what is left. */
  shutdown(): Promise<void> {
    return this.provider.shutdown();
  }
}

/** What still waits after the answer, each a span. */
type Wait = 'connection' | 'pipeline.first_chunk' | 'first_frame';

class OtlpOfferTrace implements OfferTrace {
  private readonly span: Span;
  private readonly context: Context;
  private readonly waits = new Map<Wait, Span>();

  constructor(
    private readonly tracer: Tracer,
    parent: Context,
  ) {
    this.span = tracer.startSpan(
      'offer',
      {
        kind: SpanKind.SERVER,
        startTime: unixMs(),
        attributes: { 'http.request.method': 'POST', 'http.route': '/v1/stream/webrtc/offer' },
      },
      parent,
    );
    this.context = trace.setSpan(parent, this.span);
  }

  get logFields(): { readonly trace_id: string } {
    return { trace_id: this.span.spanContext().traceId };
  }

  async during<Result>(name: string, work: () => Promise<Result>): Promise<Result> {
    const span = this.tracer.startSpan(name, { startTime: unixMs() }, this.context);
    try {
      return await work();
    } catch (error) {
      fail(span, error);
      throw error;
    } finally {
      span.end(unixMs());
    }
  }

  refused(error: unknown): void {
    fail(this.span, error);
    this.span.end(unixMs());
  }

  answered(sessionId: string, mode: string): void {
    this.span.setAttributes({
      'telefuser.session_id': sessionId,
      'telefuser.stream_mode': mode,
      'http.response.status_code': 200,
    });
    this.span.end(unixMs());
    for (const name of ['connection', 'pipeline.first_chunk', 'first_frame'] as const) {
      const attributes = { 'telefuser.session_id': sessionId };
      this.waits.set(name, this.tracer.startSpan(name, { startTime: unixMs(), attributes }, this.context));
    }
  }

  connected(): void {
    this.came('connection');
  }

  chunkYielded(): void {
    this.came('pipeline.first_chunk');
  }

  frameSent(sentAtMs: number): void {
    this.came('first_frame', unixMs(sentAtMs));
  }

  closed(reason: string): void {
    for (const [name, span] of this.waits) {
      span.setStatus({ code: SpanStatusCode.ERROR, message: `the session closed first: ${reason}` });
      this.came(name);
    }
  }

  private came(name: Wait, atMs = unixMs()): void {
    this.waits.get(name)?.end(atMs);
    this.waits.delete(name);
  }
}

/**
 * Every time is given to the SDK, since its own begin with whole milliseconds of the wall clock: what follows one another would overlap.
 * @param atMs `performance.now()`
 */
function unixMs(atMs = performance.now()): number {
  return performance.timeOrigin + atMs;
}

function fail(span: Span, error: unknown): void {
  const message = error instanceof Error ? error.message : String(error);
  span.setStatus({ code: SpanStatusCode.ERROR, message });
  const code = (error as { readonly code?: unknown } | undefined)?.code;
  if (typeof code === 'string') span.setAttribute('error.type', code);
}

/** What the SDK complains of, such as a collector that does not answer, is a warning now and then. */
function complainSeldom(): void {
  const logger = new Logger('Tracing');
  let lastMs = -Infinity;
  const complain = (message: string): void => {
    if (performance.now() - lastMs < COMPLAIN_EVERY_MS) return;
    lastMs = performance.now();
    logger.warn(`traces cannot be sent: ${message.slice(0, 500)}`);
  };
  const quiet = (): void => undefined;
  diag.setLogger(
    { error: complain, warn: complain, info: quiet, debug: quiet, verbose: quiet },
    { logLevel: DiagLogLevel.WARN, suppressOverrideMessage: true },
  );
}
