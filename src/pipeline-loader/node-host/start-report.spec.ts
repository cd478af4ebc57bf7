import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { StartProgress } from '../protocol/messages.js';
import { StartReport } from './start-report.js';

const sent: StartProgress[] = [];
let report: StartReport;

beforeEach(() => {
  vi.useFakeTimers();
  sent.length = 0;
  report = new StartReport((progress) => sent.push(progress));
});
afterEach(() => void vi.useRealTimers());

describe('StartReport', () => {
  it('hands the first word on at once', () => {
    report.say(0.25, 'Loading the text encoder');
    expect(sent).toEqual([{ fraction: 0.25, text: 'Loading the text encoder' }]);
  });

  it('thins what comes faster, and loses nothing that stays true', () => {
    for (let step = 0; step <= 1000; step += 1) report.say(step / 1000);
    expect(sent).toEqual([{ fraction: 0 }]);
    vi.advanceTimersByTime(100);
    expect(sent).toEqual([{ fraction: 0 }, { fraction: 1 }]);
    vi.advanceTimersByTime(1000);
    expect(sent).toHaveLength(2);
  });

  it.each([
    [-1, undefined, { fraction: 0 }],
    [7, undefined, { fraction: 1 }],
    [undefined, 'Downloading', { text: 'Downloading' }],
    [Number.NaN, 'Downloading', { text: 'Downloading' }],
    [0.5, { not: 'text' }, { fraction: 0.5 }],
    [0.5, 'x'.repeat(300), { fraction: 0.5, text: 'x'.repeat(200) }],
  ])('makes the best of %s and %s', (fraction, message, expected) => {
    report.say(fraction, message);
    expect(sent).toEqual([expected]);
  });

  it('has nothing to say about what says nothing', () => {
    for (const nothing of [undefined, null, 'half', Number.POSITIVE_INFINITY]) report.say(nothing, ' ');
    expect(sent).toEqual([]);
  });

  it('says nothing more once the service has started', () => {
    report.say(0.1);
    report.say(0.9);
    report.end();
    report.say(1);
    vi.advanceTimersByTime(1000);
    expect(sent).toEqual([{ fraction: 0.1 }]);
    expect(vi.getTimerCount()).toBe(0);
  });
});
