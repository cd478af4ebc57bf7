import { describe, expect, it } from 'vitest';
import { LogBook, matching, MAX_LINES, toText, type LineKind } from './log-book.ts';

const ALL: ReadonlySet<LineKind> = new Set<LineKind>(['received', 'sent', 'connection', 'problem']);

describe('the log of a session', () => {
  it('keeps the last lines and no more', () => {
    const log = new LogBook();
    for (let index = 0; index < MAX_LINES * 3; index += 1) log.write('received', 'chunk', String(index));
    log.flush();
    expect(log.lines.get()).toHaveLength(MAX_LINES);
    expect(log.lines.get().at(-1)?.text).toBe(String(MAX_LINES * 3 - 1));
  });

  it('shortens a message that would fill the page, and says how long it was', () => {
    const log = new LogBook();
    log.write('received', 'chunk', 'x'.repeat(100_000));
    log.flush();
    expect(log.lines.get()[0]?.text).toMatch(/^x{4000}… \(100000 characters\)$/u);
  });

  it('finds lines that have all of the words', () => {
    const log = new LogBook();
    log.write('received', 'chunk', '{"index":1,"prompt":"Fox"}');
    log.write('sent', 'control', '{"key":"w"}');
    log.flush();
    const lines = log.lines.get();
    expect(matching(lines, 'fox CHUNK', ALL)).toHaveLength(1);
    expect(matching(lines, 'fox control', ALL)).toHaveLength(0);
    expect(matching(lines, '', new Set<LineKind>(['sent']))).toHaveLength(1);
  });

  it('is copied as one line of text for each', () => {
    const log = new LogBook();
    log.write('sent', 'stop', '{"type":"stop"}', 0);
    log.flush();
    expect(toText(log.lines.get())).toBe('1970-01-01T00:00:00.000Z\tsent\tstop\t{"type":"stop"}');
  });
});
