import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { editDistance, nearestName } from './nearest-name.js';

describe('editDistance', () => {
  it('counts insertions, deletions and replacements', () => {
    expect(editDistance('kitten', 'sitting')).toBe(3);
    expect(editDistance('', 'abc')).toBe(3);
    expect(editDistance('abc', '')).toBe(3);
  });

  it('is a metric: zero only for equals, symmetric, and no detour is shorter', () => {
    const word = fc.string({ maxLength: 12 });
    fc.assert(
      fc.property(word, word, word, (a, b, c) => {
        expect(editDistance(a, b) === 0).toBe(a === b);
        expect(editDistance(a, b)).toBe(editDistance(b, a));
        expect(editDistance(a, c)).toBeLessThanOrEqual(editDistance(a, b) + editDistance(b, c));
      }),
    );
  });
});

describe('nearestName', () => {
  it('finds the name that was meant, and none when nothing is near', () => {
    expect(nearestName('LOG_LEVLE', ['LOG_FORMAT', 'LOG_LEVEL'])).toBe('LOG_LEVEL');
    expect(nearestName('MAX_SESSION', ['MAX_BODY', 'MAX_SESSIONS'])).toBe('MAX_SESSIONS');
    expect(nearestName('COMPLETELY_ELSE', ['PORT'])).toBeUndefined();
    expect(nearestName('X', [])).toBeUndefined();
  });
});
