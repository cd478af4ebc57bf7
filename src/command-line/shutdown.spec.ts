import { setImmediate } from 'node:timers/promises';

import { describe, expect, it, vi } from 'vitest';

import { endOnSignal } from './shutdown.js';

function setUp() {
  const handlers = new Map<string, () => void>();
  const exit = vi.fn<(code: number) => void>();
  const drained = Promise.withResolvers<void>();
  const drain = vi.fn<() => Promise<void>>(() => drained.promise);
  const close = vi.fn<() => void>();
  const clock = { now: 0 };
  const stream = { write: () => true };
  const on = (signal: string, listener: (signal: NodeJS.Signals) => void): void => {
    handlers.set(signal, () => listener('SIGTERM'));
  };
  endOnSignal({ stdout: stream, stderr: stream, on, exit }, { drain, close }, () => clock.now);
  return { exit, drain, drained, close, at: (now: number, signal: string) => ((clock.now = now), handlers.get(signal)?.()) };
}

describe('endOnSignal', () => {
  it('drains once at the first SIGTERM, and closes when that is done', async () => {
    const { at, drain, drained, close, exit } = setUp();
    at(0, 'SIGTERM');
    expect(drain).toHaveBeenCalledOnce();
    await setImmediate();
    expect(close).not.toHaveBeenCalled();
    drained.resolve();
    await setImmediate();
    expect(close).toHaveBeenCalledOnce();
    expect(exit).not.toHaveBeenCalled();
  });

  it('closes at once at the first SIGINT', () => {
    const { at, drain, close } = setUp();
    at(0, 'SIGINT');
    expect(close).toHaveBeenCalledOnce();
    expect(drain).not.toHaveBeenCalled();
  });

  it('closes when the drain fails', async () => {
    const { at, drained, close } = setUp();
    at(0, 'SIGTERM');
    drained.reject(new Error('stuck'));
    await setImmediate();
    expect(close).toHaveBeenCalledOnce();
  });

  it.each(['SIGINT', 'SIGTERM'])('cuts the drain short at a second signal, %s', async (signal) => {
    const { at, drained, close, exit } = setUp();
    at(0, 'SIGTERM');
    at(2000, signal);
    expect(close).toHaveBeenCalledOnce();
    drained.resolve();
    await setImmediate();
    expect(close).toHaveBeenCalledOnce();
    expect(exit).not.toHaveBeenCalled();
  });

  it.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ])('ends the process at once at %s during the close, with %i', async (signal, code) => {
    const { at, exit, drained } = setUp();
    at(0, 'SIGTERM');
    drained.resolve();
    await setImmediate();
    at(2000, signal);
    expect(exit).toHaveBeenCalledExactlyOnceWith(code);
  });

  it('takes the same key press arriving several times for one signal, in every phase', () => {
    const { at, close, exit } = setUp();
    at(100, 'SIGINT');
    at(140, 'SIGINT');
    at(150, 'SIGTERM');
    expect(close).toHaveBeenCalledOnce();
    expect(exit).not.toHaveBeenCalled();
    const second = setUp();
    second.at(0, 'SIGTERM');
    second.at(1000, 'SIGTERM');
    second.at(1100, 'SIGTERM');
    expect(second.close).toHaveBeenCalledOnce();
    expect(second.exit).not.toHaveBeenCalled();
  });
});
