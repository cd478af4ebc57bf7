import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { aborted, isStreamErrorCode, StreamError, throwIfAborted } from './stream-error.js';

describe('StreamError', () => {
  it('has a remedy for every code of the server (docs/errors.md)', () => {
    const document = readFileSync(new URL('../../../docs/errors.md', import.meta.url), 'utf8');
    const codes = Array.from(document.matchAll(/^## `([\w-]+)`$/gm), ([, code = '']) => code);
    expect(codes.length).toBeGreaterThan(20);
    expect(codes.filter((code) => !isStreamErrorCode(code))).toEqual([]);
  });

  it('says what to do and whether it may succeed later', () => {
    const error = new StreamError('max-sessions', 'full', { retryAfterMs: 1000 });
    expect(error).toMatchObject({
      name: 'StreamError',
      code: 'max-sessions',
      message: 'full',
      retryable: true,
      retryAfterMs: 1000,
    });
    expect(error.remedy).toMatch(/\.$/);
    expect(new StreamError('unauthenticated', '').retryable).toBe(false);
    expect(isStreamErrorCode('toString')).toBe(false);
  });

  it('keeps the reason of a signal as its cause, or is the reason', () => {
    const reason = new Error('enough');
    expect(aborted(AbortSignal.abort(reason))).toMatchObject({ code: 'aborted', cause: reason });
    const own = new StreamError('timeout', 'late');
    expect(() => throwIfAborted(AbortSignal.abort(own))).toThrow(own);
    expect(() => throwIfAborted(undefined)).not.toThrow();
  });
});
