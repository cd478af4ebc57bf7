import { describe, expect, it } from 'vitest';
import { Turnstile } from './turnstile.js';

const NEVER = new AbortController().signal;

describe('Turnstile', () => {
  it('lets so many through at a time, in the order in which they came', async () => {
    const turnstile = new Turnstile(2);
    const begun: number[] = [];
    const works = Array.from({ length: 5 }, () => Promise.withResolvers<void>());
    const passes = works.map(({ promise }, index) =>
      turnstile.pass(() => {
        begun.push(index);
        return promise;
      }, NEVER),
    );
    await Promise.resolve();
    expect(begun).toEqual([0, 1]);
    works[1]?.resolve();
    await passes[1];
    expect(begun).toEqual([0, 1, 2]);
    works.forEach(({ resolve }) => resolve());
    await Promise.all(passes);
    expect(begun).toEqual([0, 1, 2, 3, 4]);
  });

  it('gives the place on when the work fails', async () => {
    const turnstile = new Turnstile(1);
    const failing = turnstile.pass(() => Promise.reject(new Error('damaged')), NEVER);
    const next = turnstile.pass(() => Promise.resolve('next'), NEVER);
    await expect(failing).rejects.toThrow('damaged');
    expect(await next).toBe('next');
  });

  it('forgets who goes away while it waits', async () => {
    const turnstile = new Turnstile(1);
    const first = Promise.withResolvers<void>();
    const working = turnstile.pass(() => first.promise, NEVER);
    const aborter = new AbortController();
    const waiting = turnstile.pass(() => Promise.reject(new Error('it was begun')), aborter.signal);
    aborter.abort(new Error('the client went away'));
    await expect(waiting).rejects.toThrow('the client went away');
    await expect(turnstile.pass(() => Promise.resolve(), aborter.signal)).rejects.toThrow('the client went away');
    first.resolve();
    await working;
    expect(await turnstile.pass(() => Promise.resolve('free'), NEVER)).toBe('free');
  });
});
