import { NumberVariable, TextVariable } from './variable.decorators.js';

const HTTP_URL = /^https?:\/\/[^\s?#]{1,1024}$/u;

/** Traces by OpenTelemetry. The first two have the names that OpenTelemetry gives them, so that what sets them for all services does for this one. */
export class TracingConfiguration {
  @TextVariable('OTEL_EXPORTER_OTLP_ENDPOINT', {
    description:
      'Collector that traces are sent to by OTLP over HTTP, at v1/traces under it; unset, nothing is traced. OTEL_EXPORTER_OTLP_HEADERS and its like are read too.',
    maxLength: 1024,
    allowed: 'a URL that begins with http:// or https://',
    test: (url) => HTTP_URL.test(url),
  })
  readonly endpoint?: string;

  @TextVariable('OTEL_SERVICE_NAME', {
    description: 'Name of the service in its traces.',
    maxLength: 255,
    allowed: 'a text of at most 255 characters',
    test: () => true,
  })
  readonly serviceName: string = 'telefuser-stream';

  @NumberVariable('TELEFUSER_TRACE_SAMPLE_RATIO', {
    description: 'Share of the offers that are traced; a request with a traceparent decides itself.',
    min: 0,
    max: 1,
  })
  readonly sampleRatio: number = 1;
}
