import { afterEach, describe, expect, it, vi } from 'vitest';
import { TypedEvents } from './typed-events.js';

interface Events {
  word: string;
}

afterEach(() => vi.unstubAllGlobals());

describe('TypedEvents', () => {
  it('tells every listener until it stops, by its return value or its signal', () => {
    const events = new TypedEvents<Events>();
    const heard: string[] = [];
    const aborter = new AbortController();
    const stop = events.on('word', (word) => heard.push(`a ${word}`));
    events.on('word', (word) => heard.push(`b ${word}`), { signal: aborter.signal });
    events.emit('word', '1');
    stop();
    stop();
    events.emit('word', '2');
    aborter.abort();
    events.emit('word', '3');
    expect(heard).toEqual(['a 1', 'b 1', 'b 2']);
    expect(events.has('word')).toBe(false);
    events.on('word', () => heard.push('never'), { signal: aborter.signal });
    expect(events.has('word')).toBe(false);
  });

  it('takes the same function twice', () => {
    const events = new TypedEvents<Events>();
    let count = 0;
    const listener = (): void => void (count += 1);
    const stop = events.on('word', listener);
    events.on('word', listener);
    events.emit('word', '1');
    stop();
    events.emit('word', '2');
    expect(count).toBe(3);
  });

  it('reports what a listener throws, and tells the others', () => {
    const reported: unknown[] = [];
    vi.stubGlobal('reportError', (error: unknown) => reported.push(error));
    const events = new TypedEvents<Events>();
    const heard: string[] = [];
    const broken = new Error('broken');
    events.on('word', () => {
      throw broken;
    });
    events.on('word', (word) => heard.push(word));
    events.emit('word', '1');
    expect([heard, reported]).toEqual([['1'], [broken]]);
  });

  it('says when listeners come and go', () => {
    const changes: boolean[] = [];
    const events: TypedEvents<Events> = new TypedEvents((name) => changes.push(events.has(name)));
    events.on('word', () => undefined)();
    expect(changes).toEqual([true, false]);
  });
});
