import { describe, expect, it } from 'vitest';
import { collect, formatBound, formatMeasurement, isMet, valueOf, type Figure } from './figures.ts';

const figure = (values: readonly (number | null)[], bound?: Figure['bound']): Figure => ({
  name: 'fps',
  unit: '',
  digits: 1,
  values,
  ...(bound && { bound }),
});

describe('figures', () => {
  it('collects one value a run, and null for what could not be measured', () => {
    const kinds = { fps: { name: 'fps', unit: '' } };
    expect(collect(kinds, [{ fps: 24 }, { fps: Number.NaN }])).toEqual([{ name: 'fps', unit: '', values: [24, null] }]);
  });

  it('is the median of its runs', () => {
    expect(valueOf(figure([1, 30, 24]))).toBe(24);
    expect(valueOf(figure([24, null, 24]))).toBeNaN();
  });

  it.each([
    [[24], { least: 23 }, true],
    [[22.9], { least: 23 }, false],
    [[-31], { least: -30, most: 30 }, false],
    [[30], { least: -30, most: 30 }, true],
    [[null], { most: 30 }, false],
    [[1], undefined, undefined],
  ])('%j against %j: %s', (values, bound, met) => {
    expect(isMet(figure(values, bound))).toBe(met);
  });

  it('says its bound', () => {
    const bounds = [{ least: 23 }, { most: 0.5 }, { least: -30, most: 30 }, undefined].map((bound) =>
      formatBound(figure([], bound)),
    );
    expect(bounds).toEqual(['≥ 23', '≤ 0.5', 'within ±30', '']);
  });

  it('formats a measurement', () => {
    const lines = formatMeasurement({ id: 'x', title: 'A link', figures: [figure([24, 23, 22], { least: 23 }), figure([null])] });
    expect(lines).toEqual(['A link', '  ✓ fps         23.0   ≥ 23             runs: 24.0, 23.0, 22.0', '    fps            –']);
  });
});
