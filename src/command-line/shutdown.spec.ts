import { describe, expect, it, vi } from 'vitest';

import { closeOnSignal } from './shutdown.js';

function setUp() {
  const handlers = new Map<string, () => void>();
  const exit = vi.fn<(code: number) => void>();
  const close = vi.fn<() => void>();
  const clock = { now: 0 };
  const stream = { write: () => true };
  const on = (signal: string, listener: (signal: NodeJS.Signals) => void): void => {
    handlers.set(signal, () => listener('SIGTERM'));
  };
  closeOnSignal({ stdout: stream, stderr: stream, on, exit }, close, () => clock.now);
  return { exit, close, at: (now: number, signal: string) => ((clock.now = now), handlers.get(signal)?.()) };
}

describe('closeOnSignal', () => {
  it('closes once at the first signal', () => {
    const { at, close, exit } = setUp();
    at(0, 'SIGTERM');
    expect(close).toHaveBeenCalledOnce();
    expect(exit).not.toHaveBeenCalled();
  });

  it('takes the same key press arriving twice for one signal', () => {
    const { at, close, exit } = setUp();
    at(100, 'SIGINT');
    at(140, 'SIGINT');
    expect(close).toHaveBeenCalledOnce();
    expect(exit).not.toHaveBeenCalled();
  });

  it.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ])('ends the process at once at a second %s, with %i', (signal, code) => {
    const { at, exit } = setUp();
    at(0, 'SIGTERM');
    at(2_000, signal);
    expect(exit).toHaveBeenCalledExactlyOnceWith(code);
  });
});
