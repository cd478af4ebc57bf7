import { describe, expect, it } from 'vitest';
import { TimeLimitError, withTimeLimit } from './time-limit.js';

/** Takes none of the processor's time. */
const sleep = (ms: number): unknown => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);

describe('withTimeLimit', () => {
  it('hands on what the work returns and throws', () => {
    expect(withTimeLimit(() => 7, 100)).toBe(7);
    expect(() =>
      withTimeLimit(() => {
        throw new RangeError('mine');
      }, 100),
    ).toThrow(new RangeError('mine'));
  });

  it('ends what would never end, and works again afterwards', () => {
    expect(() =>
      withTimeLimit(() => {
        for (;;);
      }, 20),
    ).toThrow(TimeLimitError);
    expect(() => withTimeLimit(() => /^(a|a)*$/u.test(`${'a'.repeat(60)}!`), 20)).toThrow(TimeLimitError);
    expect(withTimeLimit(() => 'still here', 100)).toBe('still here');
  });

  it('tries again when the machine gave it no time', () => {
    let attempts = 0;
    const result = withTimeLimit(() => {
      attempts += 1;
      if (attempts < 3) sleep(60);
      return 'in the end';
    }, 30);
    expect([result, attempts]).toEqual(['in the end', 3]);
  });

  it('tries no more than twenty times', () => {
    let attempts = 0;
    expect(() =>
      withTimeLimit(() => {
        attempts += 1;
        sleep(10);
      }, 5),
    ).toThrow(TimeLimitError);
    expect(attempts).toBeLessThanOrEqual(20);
  });
});
