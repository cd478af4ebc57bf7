import { describe, expect, it } from 'vitest';
import type { HostMessage } from '../protocol/messages.js';
import { attributeConsole, forRun } from './run-console.js';

function setUp() {
  const printed: string[] = [];
  const sent: HostMessage[] = [];
  const clock = { nowMs: 0 };
  const print = (...values: unknown[]) => void printed.push(values.join(' '));
  const target = { debug: print, log: print, info: print, warn: print, error: print };
  attributeConsole(
    target,
    (message) => sent.push(message),
    () => clock.nowMs,
  );
  return { target, printed, sent, clock };
}

describe('the console of a pipeline', () => {
  it('prints what is said for no run', () => {
    const { target, printed, sent } = setUp();
    target.log('loading %d %', 5);
    expect([printed, sent]).toEqual([['loading %d % 5'], []]);
  });

  it('sends what is said for a run, with its level, from whatever the work for it set off', async () => {
    const { target, printed, sent } = setUp();
    await forRun(3, async () => {
      target.log('frame %d of %s', 5, 'film', { fast: true });
      await new Promise(setImmediate);
      target.error(new RangeError('too dark').message);
    });
    target.warn('idle');
    expect(sent).toEqual([
      { type: 'log', level: 'info', run: 3, text: 'frame 5 of film { fast: true }' },
      { type: 'log', level: 'error', run: 3, text: 'too dark' },
    ]);
    expect(printed).toEqual(['idle']);
  });

  it('cuts a long line, and prints a flood as if it were for no run', () => {
    const { target, printed, sent, clock } = setUp();
    forRun(1, () => target.log('x'.repeat(5000)));
    expect(sent).toMatchObject([{ text: `${'x'.repeat(2000)}…` }]);
    forRun(1, () => {
      for (let line = 0; line < 300; line += 1) target.log('again');
    });
    expect([sent.length, printed.length]).toEqual([200, 101]);
    clock.nowMs = 1000;
    forRun(1, () => target.log('a second later'));
    expect(sent.at(-1)).toMatchObject({ text: 'a second later' });
  });
});
