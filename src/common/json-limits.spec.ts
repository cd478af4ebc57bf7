import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { exceedsJsonDepth } from './json-limits.js';

/** The definition, by recursion: correct, but only usable on values that are known to be shallow. */
function depthOf(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0;
  return 1 + Math.max(0, ...Object.values(value).map(depthOf));
}

function nested(depth: number): unknown {
  let value: unknown = 1;
  for (let level = 0; level < depth; level += 1) value = level % 2 === 0 ? [value] : { a: value };
  return value;
}

describe('exceedsJsonDepth', () => {
  it('accepts a value exactly at the limit and refuses one level more', () => {
    expect(exceedsJsonDepth(nested(32), 32)).toBe(false);
    expect(exceedsJsonDepth(nested(33), 32)).toBe(true);
  });

  it('gives scalars depth 0 and empty containers depth 1', () => {
    for (const scalar of [null, true, 0, 'x', undefined]) expect(exceedsJsonDepth(scalar, 0)).toBe(false);
    expect(exceedsJsonDepth([], 0)).toBe(true);
    expect(exceedsJsonDepth({}, 1)).toBe(false);
  });

  it('does not overflow the stack on a value a hundred thousand levels deep', () => {
    expect(exceedsJsonDepth(nested(100_000), 99_999)).toBe(true);
    expect(exceedsJsonDepth(nested(100_000), 100_000)).toBe(false);
  });

  it('agrees with the recursive definition for any JSON value and any limit', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 6 }), fc.nat(8), (value, limit) => {
        expect(exceedsJsonDepth(value, limit)).toBe(depthOf(value) > limit);
      }),
    );
  });
});
