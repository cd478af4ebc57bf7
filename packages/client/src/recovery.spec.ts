import { describe, expect, it, vi } from 'vitest';
import { Recovery, type Loss, type RecoverySteps } from './recovery.js';
import { StreamError } from './stream-error.js';

const QUICK = { minDelayMs: 0, maxDelayMs: 0 };
const NEVER = new AbortController().signal;

const unreachable = (): StreamError => new StreamError('server-unreachable', 'no route');
const refused = (code: 'session-not-found' | 'unauthenticated' | 'max-sessions'): StreamError =>
  new StreamError(code, code, { problem: { type: '', title: '', status: 400, detail: code, code } });

const crashed = new StreamError('pipeline-crashed', 'it crashed');
const firstLoss = (): Loss => ({ error: crashed, sinceMs: performance.now(), shortLives: 0 });

function steps(outcomes: { restart?: (StreamError | undefined)[]; open?: (StreamError | undefined)[] }) {
  const log: string[] = [];
  const next = (list: (StreamError | undefined)[] = []): Promise<void> => {
    const error = list.shift();
    return error === undefined ? Promise.resolve() : Promise.reject(error);
  };
  return {
    log,
    isConnected: vi.fn<RecoverySteps['isConnected']>(() => false),
    restartIce: vi.fn<RecoverySteps['restartIce']>(() => next(outcomes.restart)),
    openAnother: vi.fn<RecoverySteps['openAnother']>(() => next(outcomes.open)),
    get port(): RecoverySteps {
      const { isConnected, restartIce, openAnother } = this;
      return { isConnected, restartIce, openAnother, log: (event) => void log.push(event) };
    },
  };
}

describe('Recovery', () => {
  it('restarts ICE again and again while the server is out of reach', async () => {
    const made = steps({ restart: [unreachable(), new StreamError('timeout', 'slow'), undefined] });
    expect(await new Recovery(made.port, QUICK, false).run(NEVER, firstLoss())).toBe('restarted');
    expect(made.restartIce).toHaveBeenCalledTimes(3);
    expect(made.openAnother).not.toHaveBeenCalled();
    expect(made.log.filter((event) => event === 'attempt-failed')).toHaveLength(2);
  });

  it('opens another session at once when the server has it no longer', async () => {
    const made = steps({ restart: [refused('session-not-found')] });
    expect(await new Recovery(made.port, { minDelayMs: 60_000 }, false).run(NEVER, firstLoss())).toBe('reopened');
  });

  it('opens another session when restarts find no path', async () => {
    const pathless = (): StreamError => new StreamError('connection-failed', 'no path');
    const made = steps({ restart: [pathless(), pathless()] });
    expect(await new Recovery(made.port, QUICK, false).run(NEVER, firstLoss())).toBe('reopened');
    expect(made.restartIce).toHaveBeenCalledTimes(2);
  });

  it('does not try to restart what is known to be gone', async () => {
    const made = steps({ open: [refused('max-sessions'), unreachable(), undefined] });
    expect(await new Recovery(made.port, QUICK, true).run(NEVER, firstLoss())).toBe('reopened');
    expect([made.restartIce.mock.calls.length, made.openAnother.mock.calls.length]).toEqual([0, 3]);
  });

  it('learns while it waits that the session is gone', async () => {
    const made = steps({ restart: [unreachable()] });
    const recovery = new Recovery(made.port, { minDelayMs: 60_000 }, false);
    const outcome = recovery.run(NEVER, firstLoss());
    await vi.waitFor(() => expect(made.log).toContain('waiting'));
    recovery.sessionGone(new StreamError('session-lost', 'gone'));
    expect(await outcome).toBe('reopened');
  });

  it('does nothing when the connection is back before anything was sent, and mends what may have been', async () => {
    const idle = steps({});
    idle.isConnected.mockReturnValue(true);
    expect(await new Recovery(idle.port, QUICK, false).run(NEVER, firstLoss())).toBe('recovered');
    expect(idle.restartIce).not.toHaveBeenCalled();

    const sent = steps({ restart: [unreachable(), undefined] });
    const recovery = new Recovery(sent.port, { minDelayMs: 60_000 }, false);
    const outcome = recovery.run(NEVER, firstLoss());
    await vi.waitFor(() => expect(sent.log).toContain('waiting'));
    sent.isConnected.mockReturnValue(true);
    recovery.wake();
    expect(await outcome).toBe('restarted');
  });

  it('ends with what another try would not mend', async () => {
    const error = refused('unauthenticated');
    await expect(new Recovery(steps({ open: [error] }).port, QUICK, true).run(NEVER, firstLoss())).rejects.toBe(error);
  });

  it('gives up in the end, and says why', async () => {
    const made = steps({ open: [unreachable()] });
    await expect(new Recovery(made.port, { ...QUICK, giveUpAfterMs: 0 }, true).run(NEVER, firstLoss())).rejects.toMatchObject({
      code: 'reconnect-failed',
      cause: { code: 'server-unreachable' },
    });
  });

  it('stops when it is told to', async () => {
    const aborter = new AbortController();
    const made = steps({ restart: [unreachable()] });
    const outcome = new Recovery(made.port, { minDelayMs: 60_000 }, false).run(aborter.signal, firstLoss());
    await vi.waitFor(() => expect(made.log).toContain('waiting'));
    aborter.abort(new StreamError('closed', 'over'));
    await expect(outcome).rejects.toMatchObject({ code: 'closed' });
  });

  it('waits before it opens another session after one that was lost as soon as it was opened, longer each time', async () => {
    const waits: number[] = [];
    for (const shortLives of [1, 4]) {
      const made = steps({});
      const recovery = new Recovery(
        { ...made.port, log: (_event, message) => void waits.push(Number(/in (\d+) ms/u.exec(message)?.[1])) },
        { minDelayMs: 60_000, maxDelayMs: Infinity },
        true,
      );
      const outcome = recovery.run(NEVER, { ...firstLoss(), shortLives });
      await vi.waitFor(() => expect(waits).toHaveLength(shortLives === 1 ? 1 : 3));
      expect(made.openAnother).not.toHaveBeenCalled();
      recovery.wake();
      expect(await outcome).toBe('reopened');
    }
    const [first = 0, , fourth = 0] = waits;
    expect([first >= 30_000, first <= 60_000, fourth >= 240_000]).toEqual([true, true, true]);
  });

  it('gives up when sessions were lost as soon as they were opened for too long, and says why', async () => {
    const made = steps({});
    const loss = { error: crashed, sinceMs: performance.now() - 120_001, shortLives: 9 };
    await expect(new Recovery(made.port, {}, true).run(NEVER, loss)).rejects.toMatchObject({
      code: 'reconnect-failed',
      cause: crashed,
    });
    expect(made.openAnother).not.toHaveBeenCalled();
  });
});
