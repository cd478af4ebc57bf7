import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { ApiClient } from '../support/api-client.ts';
import { launchChromium, type Chromium } from '../support/chromium.ts';
import { waitFor } from '../support/condition.ts';
import { pidBehind, pidNamespaceLauncher } from '../support/pid-namespace.ts';
import { ProbePage, type Recording } from '../support/probe-page.ts';
import { CommandProcess, shippedPipeline, type ServingCommand } from '../support/server.ts';
import { skipReason } from '../support/skip-reason.ts';

interface Message {
  readonly type: string;
  readonly reason?: string;
  readonly deadline?: number;
}

/** What a client and an orchestrator saw. */
interface Outcome {
  readonly answers: Readonly<Record<string, unknown>>;
  readonly closed: string | undefined;
  readonly code: number | null;
  /** From the signal. */
  readonly unreadyAfterMs: number;
  /** Steps of the frame counter, from before the signal on, that are none of a stream that goes on. */
  readonly outOfOrder: readonly number[];
  /** Between two pictures. */
  readonly longestPauseMs: number;
}

/** A drain that a viewer does not notice. */
const SEAMLESS: Outcome = {
  answers: { offer: [503, 'draining', true], livez: 200, session: ['active', 'live'], delete: 200 },
  closed: 'client_delete',
  code: 0,
  unreadyAfterMs: expect.toSatisfy((ms: number) => ms < 1000) as number,
  outOfOrder: [],
  longestPauseMs: expect.toSatisfy((ms: number) => ms < 1000) as number,
};

const LAUNCHER = pidNamespaceLauncher();

/** What happened when, in milliseconds since the signal. `SHOW_TIMELINE=1` prints it. */
class Timeline {
  readonly entries: { readonly atMs: number; readonly what: string }[] = [];
  private readonly beganAtMs = Date.now();

  mark(what: string): void {
    this.entries.push({ atMs: Date.now() - this.beganAtMs, what });
  }

  show(title: string): void {
    if (process.env['SHOW_TIMELINE'] === undefined) return;
    const lines = this.entries.map(({ atMs, what }) => `${String(atMs).padStart(6)} ms  ${what}`);
    console.log(`${title}, SIGTERM at ${new Date(this.beganAtMs).toISOString()}\n${lines.join('\n')}`);
  }
}

/** Each value with the one after it. */
function pairs<T>(values: readonly T[]): [T, T][] {
  return values.slice(1).map((next, index) => [values[index] as T, next]);
}

describe('a server that is asked to end while Chromium watches', () => {
  let chromium: Chromium;

  beforeAll(async () => {
    chromium = await launchChromium();
  });
  afterAll(async () => {
    await chromium[Symbol.asyncDispose]();
  });

  /** The whole sequence; `pid` is that of the server's process. */
  async function drain(serving: ServingCommand, pid: number, title: string): Promise<Outcome> {
    const { command, api } = serving;
    const management = new ApiClient(await command.managementUrl());
    const probe = await ProbePage.open(chromium.context, api.url);
    const { handle, sessionId } = await probe.openSession();
    const messages = ({ messages: all }: Recording): readonly Message[] => all as readonly Message[];
    const recorded = (what: string, accepts: (recording: Recording) => boolean): Promise<Recording> =>
      waitFor(what, async () => {
        const recording = await probe.recording(handle);
        return accepts(recording) && recording;
      });
    await recorded('a second of pictures', ({ frames }) => frames.length >= 24);
    expect((await management.get('readyz')).status).toBe(200);

    const timeline = new Timeline();
    process.kill(pid, 'SIGTERM');
    const notReady = await waitFor('readiness to end', async () => {
      const answer = await management.get('readyz');
      return answer.status === 503 && answer;
    });
    timeline.mark(`/readyz ${notReady.status}: ${String(notReady.body['detail'])}`);
    const refused = await api.offer({ sdp: 'v=0', type: 'offer', task: 't2v' });
    timeline.mark(`offer ${refused.status} ${String(refused.body['type'])}, Retry-After ${refused.headers.get('retry-after')}`);
    const told = await recorded('the client to be told', (recording) =>
      messages(recording).some(({ type }) => type === 'going_away'),
    );
    const deadline = messages(told).find(({ type }) => type === 'going_away')?.deadline ?? 0;
    timeline.mark(`the page has going_away, deadline ${new Date(deadline * 1000).toISOString()}`);
    const livez = await management.get('livez');
    const status = await api.status(sessionId);
    timeline.mark(`/livez ${livez.status}, status of the session ${status.status} ${status.state}`);
    const before = told.frames.length;
    const watched = await recorded('another second of pictures', ({ frames }) => frames.length >= before + 24);
    timeline.mark(`${watched.frames.length - before} more pictures were shown`);
    const deleted = await api.delete(sessionId);
    timeline.mark(`DELETE ${deleted.status}`);
    const closed = await recorded('the close to be told', (recording) =>
      messages(recording).some(({ type }) => type === 'closed'),
    );
    timeline.mark(`the page has closed, reason ${messages(closed).at(-1)?.reason}`);
    const code = await command.exitCode(10_000);
    timeline.mark(`the process has ended with ${code}`);
    await probe.page.close();
    timeline.show(title);

    const across = watched.frames.slice(before - 12);
    const steps = pairs(across).map(([one, next]) => ((next.counter ?? Number.NaN) - (one.counter ?? Number.NaN) + 256) % 256);
    const pausesMs = pairs(across).map(([one, next]) => next.arrivalMs - one.arrivalMs);
    return {
      answers: {
        offer: [refused.status, refused.body['code'], Number(refused.headers.get('retry-after')) > 0],
        livez: livez.status,
        session: [status.status, status.state],
        delete: deleted.status,
      },
      closed: messages(closed).at(-1)?.reason,
      code,
      unreadyAfterMs: timeline.entries[0]?.atMs ?? Number.NaN,
      // On a busy machine Chromium leaves out frames; a session that was cut, or begun anew, would show in the order or in a long pause.
      outOfOrder: steps.filter((step) => !(step > 0 && step < 24)),
      longestPauseMs: Math.max(...pausesMs),
    };
  }

  const serve = (launcher: readonly string[] = []): Promise<ServingCommand> =>
    CommandProcess.serve(shippedPipeline('test-pattern'), { TELEFUSER_MANAGEMENT_PORT: '0' }, [], launcher);

  it('takes no more sessions, tells the page, goes on playing, and ends with 0 when the page has left', async () => {
    await using serving = await serve();
    expect(await drain(serving, serving.command.child.pid ?? 0, 'A process')).toEqual(SEAMLESS);
  });

  const missing = LAUNCHER === undefined ? 'needs a kernel that allows PID namespaces: run it as root' : undefined;
  it.skipIf(missing !== undefined)(`does the same as PID 1${skipReason(missing)}`, async () => {
    await using serving = await serve(LAUNCHER);
    const pid = await pidBehind(serving.command.child.pid ?? 0);
    expect(await drain(serving, pid, 'PID 1 of a PID namespace')).toEqual(SEAMLESS);
  });
});
