import { describe, expect, it } from 'vitest';
import { errorOf } from './viewing.js';

describe('errorOf', () => {
  it('is what the server says of a message, or the pipeline with a chunk, in one line', () => {
    expect(errorOf({ type: 'error', detail: 'The message is\nnot JSON.', error: 'x' })).toBe('The message is not JSON');
    expect(errorOf({ type: 'chunk', error: ' width must be even ' })).toBe('width must be even');
    expect(errorOf({ type: 'chunk', error: 'x'.repeat(1000) })).toHaveLength(300);
    for (const message of [
      { type: 'chunk' },
      { type: 'error' },
      { type: 'chunk', error: { a: 1 } },
      { type: 'chunk', error: ' ' },
    ]) {
      expect(errorOf(message)).toBeUndefined();
    }
  });
});
