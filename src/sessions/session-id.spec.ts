import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isValidSessionId } from './session-id.js';

describe('isValidSessionId', () => {
  it.each(['a', '7', 'demo-1', 'A.b_c-9', 'x'.repeat(128), randomUUID()])('takes %j', (id) => {
    expect(isValidSessionId(id)).toBe(true);
  });

  it.each([
    '',
    '.',
    '..',
    '-a',
    'a-',
    '_a',
    'a.',
    'a/b',
    'a b',
    'a\n',
    '\na',
    'ä',
    'a%2Fb',
    'a?b',
    'a#b',
    '../a',
    'x'.repeat(129),
    'a\u0000',
  ])('refuses %j', (id) => {
    expect(isValidSessionId(id)).toBe(false);
  });

  it('takes only what stands for itself as a segment of a URL path', () => {
    const nearly = fc.string({ unit: fc.constantFrom('a', 'Z', '0', '.', '_', '-', '/', '%', ' '), maxLength: 8 });
    fc.assert(
      fc.property(fc.oneof(nearly, fc.string({ unit: 'binary', maxLength: 6 })), (id) => {
        if (!isValidSessionId(id)) return;
        expect(encodeURIComponent(id)).toBe(id);
        expect(new URL(`http://host/v1/${id}/status`).pathname).toBe(`/v1/${id}/status`);
      }),
    );
  });

  it('decides about a long id without trying every way to read it, which would take for ever', () => {
    expect(isValidSessionId(`${'a-'.repeat(500_000)}!`)).toBe(false);
  });
});
