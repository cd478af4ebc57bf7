import { describe, expect, it } from 'vitest';

import { FeedbackWatch } from './feedback-watch.js';

/** Sends every 20 ms and asks each time; the words other than "no", with their times. */
function send(
  watch: FeedbackWatch,
  fromMs: number,
  toMs: number,
  answers: 'transport-feedback' | 'reports' = 'transport-feedback',
): string[] {
  const words: string[] = [];
  for (let nowMs = fromMs; nowMs <= toMs; nowMs += 20) {
    watch.packetSent(nowMs);
    const word = watch.overdue(answers, 50);
    if (word !== 'no') words.push(`${nowMs} ${word}`);
  }
  return words;
}

describe('FeedbackWatch', () => {
  it('says "late" once a waiting period and "dead" after three seconds more', () => {
    expect(send(new FeedbackWatch(), 0, 4700)).toEqual([
      '600 late',
      '1100 late',
      '1600 late',
      '2100 late',
      '2600 late',
      '3100 late',
      '3600 late',
      '4100 dead',
      '4600 dead',
    ]);
  });

  it('starts over with every answer', () => {
    const watch = new FeedbackWatch();
    send(watch, 0, 500);
    watch.answered();
    expect(send(watch, 520, 1100)).toEqual([]);
  });

  it('waits for no answer while nothing is sent', () => {
    const watch = new FeedbackWatch();
    send(watch, 0, 100);
    expect(watch.overdue('transport-feedback', 50)).toBe('no');
    watch.answered();
    watch.packetSent(60_000);
    expect(watch.overdue('transport-feedback', 50)).toBe('no');
  });

  it('is patient with receivers that only send reports', () => {
    expect(send(new FeedbackWatch(), 0, 5000, 'reports')).toEqual([]);
  });
});
