import { testVariables } from './variables.testing.js';

testVariables('tracing', {
  OTEL_EXPORTER_OTLP_ENDPOINT: {
    good: [
      ['http://collector:4318', 'http://collector:4318'],
      ['https://a.example/otlp/', 'https://a.example/otlp/'],
    ],
    bad: ['collector:4318', 'grpc://collector:4317', 'http://a b', 'http://'],
  },
  OTEL_SERVICE_NAME: { good: [['stream', 'stream']], bad: ['n'.repeat(256)] },
  TELEFUSER_TRACE_SAMPLE_RATIO: {
    good: [
      ['0', 0],
      ['0.25', 0.25],
      ['1', 1],
    ],
    bad: ['-0.1', '1.1', 'all'],
  },
});
