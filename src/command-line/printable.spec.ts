import { describe, expect, it } from 'vitest';

import { printable, printableJson } from './printable.js';

describe('printable', () => {
  it('has a space for each control character, C1 and line breaks too, and leaves the rest', () => {
    expect(printable('a\u001B]0;x\u0007b\u009B31m\r\n\tü─🙂')).toBe('a ]0;x b 31m   ü─🙂');
  });
});

describe('printableJson', () => {
  it('is the same document without control characters', () => {
    const value = { reason: '\u001B]0;x\u0007 \u007F \u009B31m' };
    const text = printableJson(JSON.stringify(value));
    expect(text).toBe(String.raw`{"reason":"\u001b]0;x\u0007 \u007f \u009b31m"}`);
    expect(JSON.parse(text)).toEqual(value);
  });
});
