import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { Histogram } from '../../common/index.js';
import { counter, distributionOf, gauge, histogram } from './metric-family.js';
import { negotiateFormat, renderText } from './text-format.js';

function latencies(): Histogram {
  const values = new Histogram([5, 10, 100]);
  for (const ms of [3, 7, 8, 500]) values.record(ms);
  return values;
}

const FAMILIES = [
  counter('app_frames_dropped_total', 'Frames that were not sent', [{ labels: { reason: 'late' }, value: 3 }]),
  gauge('app_sessions', 'Open sessions', [{ value: 2 }]),
  histogram('app_delay_seconds', 'How late it was', [distributionOf(latencies(), { labels: { stage: 'encode' }, scale: 0.001 })]),
];

describe('the text formats', () => {
  it('write a family as Prometheus 0.0.4', () => {
    expect(renderText(FAMILIES, 'prometheus').split('\n')).toEqual([
      '# HELP app_frames_dropped_total Frames that were not sent.',
      '# TYPE app_frames_dropped_total counter',
      'app_frames_dropped_total{reason="late"} 3',
      '# HELP app_sessions Open sessions.',
      '# TYPE app_sessions gauge',
      'app_sessions 2',
      '# HELP app_delay_seconds How late it was.',
      '# TYPE app_delay_seconds histogram',
      'app_delay_seconds_bucket{stage="encode",le="0.005"} 1',
      'app_delay_seconds_bucket{stage="encode",le="0.01"} 3',
      'app_delay_seconds_bucket{stage="encode",le="0.1"} 3',
      'app_delay_seconds_bucket{stage="encode",le="+Inf"} 4',
      'app_delay_seconds_sum{stage="encode"} 0.518',
      'app_delay_seconds_count{stage="encode"} 4',
      '',
    ]);
  });

  it('write a counter of OpenMetrics 1.0.0 under the name of its family, and say where the text ends', () => {
    const lines = renderText(FAMILIES, 'openmetrics').split('\n');
    expect(lines.slice(0, 3)).toEqual([
      '# HELP app_frames_dropped Frames that were not sent.',
      '# TYPE app_frames_dropped counter',
      'app_frames_dropped_total{reason="late"} 3',
    ]);
    expect(lines.slice(-2)).toEqual(['# EOF', '']);
  });

  it('keep any label value on its line, and it can be read back', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (value) => {
        const lines = renderText([gauge('app_info', 'Any', [{ labels: { text: value }, value: 1 }])], 'prometheus').split('\n');
        expect(lines).toHaveLength(4);
        const escaped = /^app_info\{text="(.*)"\} 1$/su.exec(lines[2] ?? '')?.[1] ?? '';
        const unescaped = escaped.replaceAll(/\\(.)/gu, (_, letter: string) => (letter === 'n' ? '\n' : letter));
        expect(unescaped).toBe(value);
      }),
    );
  });

  it('name a bound the same in both', () => {
    const whole = new Histogram([1, 2.5]);
    const families = [histogram('app_things', 'Any', [distributionOf(whole)])];
    for (const format of ['prometheus', 'openmetrics'] as const) {
      expect(renderText(families, format)).toContain('le="1.0"} 0\napp_things_bucket{le="2.5"} 0\n');
    }
  });
});

describe('the format of an answer', () => {
  it.each([
    [undefined, 'prometheus'],
    ['*/*', 'prometheus'],
    ['text/plain;version=0.0.4;q=0.5', 'prometheus'],
    ['application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5,*/*;q=0.1', 'openmetrics'],
    ['text/plain, Application/OpenMetrics-Text; q=0.2', 'openmetrics'],
    ['application/openmetrics-text;q=0.0, text/plain', 'prometheus'],
  ])('for Accept %s is %s', (accept, format) => {
    expect(negotiateFormat(accept)).toBe(format);
  });
});
