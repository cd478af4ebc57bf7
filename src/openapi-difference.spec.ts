import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { firstDifference } from './openapi-difference.js';

describe('firstDifference', () => {
  it('says where and what', () => {
    expect(firstDifference({ paths: { '/a': { get: 1 } } }, { paths: { '/a': { get: 2 } } })).toBe(
      '/paths/~1a/get: committed 1, built 2',
    );
    expect(firstDifference({}, { a: [1] })).toBe('/a: committed nothing, built [1]');
    expect(firstDifference([1, 2], [1])).toBe('/1: committed 2, built nothing');
    expect(firstDifference(null, {})).toBe('its root: committed null, built {}');
    expect(firstDifference([], {})).toBe('its root: committed [], built {}');
  });

  it('finds none between a value and its copy, and one between values whose JSON differs', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.jsonValue(), (a, b) => {
        const [x, y] = [JSON.stringify(a), JSON.stringify(b)];
        expect(firstDifference(JSON.parse(x), JSON.parse(x))).toBeUndefined();
        if (firstDifference(JSON.parse(x), JSON.parse(y)) === undefined) expect(JSON.parse(x)).toEqual(JSON.parse(y));
      }),
    );
  });

  it('does not mind the order of keys', () => {
    expect(firstDifference({ a: 1, b: 2 }, { b: 2, a: 1 })).toBeUndefined();
  });
});
