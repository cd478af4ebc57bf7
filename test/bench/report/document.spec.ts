import { describe, expect, it } from 'vitest';
import { benchmarkCharts } from './charts.ts';
import { benchmarkDocument } from './document.ts';
import type { StoredMeasurement } from './stored-measurement.ts';

const machine = { cpu: 'some CPU', cores: 2, node: '26.0.0', chromium: '150', revision: 'abc1234', takenAt: '2026-11-22T12:00Z' };
const NETWORK: StoredMeasurement = {
  id: 'slow',
  title: 'A slow link',
  machine,
  figures: [
    { name: 'frames shown a second', unit: '', digits: 2, bound: { least: 23 }, values: [24, 22, 23.5] },
    { name: 'carried', unit: 'Mbps', digits: 1, values: [1, 1, null] },
  ],
  charts: [
    {
      name: 'slow',
      title: 'A slow link',
      seconds: [0, 1],
      panels: [{ unit: 'Mbps', series: [{ name: 'link', values: [1, null] }] }],
    },
  ],
};
const COMPARED: StoredMeasurement = {
  id: 'compare-slow',
  title: 'Compared: A slow link',
  machine,
  figures: [
    { name: 'ours: frames shown a second', unit: '', digits: 1, values: [24] },
    { name: 'other: frames shown a second', unit: '', digits: 1, values: [20] },
  ],
};

describe('the document of the benchmarks', () => {
  const charts = benchmarkCharts([NETWORK, COMPARED]);
  const text = benchmarkDocument([NETWORK, COMPARED], charts);

  it('lists what has a target, with its mark', () => {
    expect(text).toContain('| A slow link | frames shown a second | ≥ 23 | 23.50 | ✓ |');
    expect(text).toContain('| carried | – | 1.0, 1.0, – |  |');
  });

  it('sets the senders side by side', () => {
    expect(text).toContain('|  | ours | other |\n| --- | --- | --- |\n| frames shown a second | 24.0 | 20.0 |');
  });

  it('shows the charts that were drawn', () => {
    expect(charts.map(({ file }) => file)).toEqual(['slow.svg', 'compared.svg']);
    for (const { file, svg } of charts) {
      expect(text).toContain(`(benchmarks/${file})`);
      expect(svg).toMatch(/^<svg /u);
    }
  });

  it('says so when there is nothing', () => {
    expect(benchmarkDocument([], [])).toContain('Nothing has been measured yet.');
  });
});
