import { describe, expect, it } from 'vitest';
import { CHART_SIZE, drawChart, meanErrors, patchArea, PATCHES } from './colour-patches.ts';

describe('the colour chart', () => {
  it('has each patch where it says', () => {
    const picture = drawChart();
    PATCHES.forEach((patch, index) => {
      const { x, y, width, height } = patchArea(index);
      expect(x + width).toBeLessThanOrEqual(CHART_SIZE.width);
      expect(y + height).toBeLessThanOrEqual(CHART_SIZE.height);
      const at = ((y + height / 2) * CHART_SIZE.width + x + width / 2) * 3;
      expect([...picture.subarray(at, at + 3)]).toEqual([...patch]);
    });
  });

  it('measures each channel by itself', () => {
    expect(meanErrors(PATCHES)).toEqual([0, 0, 0]);
    expect(meanErrors(PATCHES.map(([red, green, blue]) => [red + 2, green, blue - 1]))).toEqual([2, 0, 1]);
    expect(meanErrors(PATCHES.slice(1))[0]).toBeNaN();
  });
});
