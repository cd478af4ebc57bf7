import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeApiKey } from '#server/identity/index.js';
import { runCommand, type ProcessPort } from '#server/command-line/index.js';
import { bench, watch, type BenchReport } from '#server/viewer/index.js';
import { waitFor, within } from '../support/condition.ts';
import { beepTimes, countedPictures, pictureTimes, probeRecording, type CountedPicture } from '../support/recording.ts';
import { CommandProcess, shippedPipeline, TestServer } from '../support/server.ts';

const PRESS = '{"type":"control","key":"ArrowUp","action":"press"}';
const RELEASE = '{"type":"control","key":"ArrowUp","action":"release"}';

let folder: string;
let pattern: TestServer;
let overlay: TestServer;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'telefuser-viewer-'));
  [pattern, overlay] = await Promise.all([
    TestServer.start(shippedPipeline('test-pattern')),
    TestServer.start(shippedPipeline('arrow-overlay')),
  ]);
});
afterAll(async () => {
  await Promise.all([pattern.idle(), overlay.idle()]);
  await Promise.all([pattern.close(), overlay.close()]);
  await rm(folder, { recursive: true, force: true });
});

/** The command in this process: starting another takes longer than most of what is looked at. */
class Command implements ProcessPort {
  out = '';
  err = '';
  readonly stdout = { write: (text: string) => (this.out += text) };
  readonly stderr = { write: (text: string) => (this.err += text) };
  private readonly signals = new Map<string, (signal: NodeJS.Signals) => void>();

  on(signal: 'SIGTERM' | 'SIGINT', listener: (signal: NodeJS.Signals) => void): void {
    this.signals.set(signal, listener);
  }

  kill(signal: 'SIGTERM' | 'SIGINT'): void {
    this.signals.get(signal)?.(signal);
  }

  exit(code: number): void {
    throw new Error(`the command ended itself with ${code}`);
  }

  async run(args: readonly string[]): Promise<{ readonly code: number; readonly stdout: string; readonly stderr: string }> {
    const unloaded = (): Promise<never> => Promise.reject(new Error('a viewer loads no server'));
    const server = { serve: unloaded, validate: unloaded, makeApiKey: unloaded, watch, bench };
    const code = await within('the command to end', runCommand(args, this, server), 20_000);
    return { code, stdout: this.out, stderr: this.err };
  }
}

const run = (args: readonly string[]): ReturnType<Command['run']> => new Command().run(args);

/** Waits until a recording is under way. */
async function isRecording(path: string, said: () => string): Promise<void> {
  await waitFor(
    () => `a recording; the viewer says: ${said()}`,
    async () => existsSync(path) && (await stat(path)).size > 20_000,
    20_000,
  );
}

/** The share of the steps between instants that are a whole number of `stepSeconds`, but for a container's milliseconds. */
function shareOfSteps(times: readonly number[], stepSeconds: number): number {
  const steps = times.slice(1).map((time, index) => (time - (times[index] ?? Number.NaN)) / stepSeconds);
  return steps.filter((step) => Math.abs(step - Math.round(step)) * stepSeconds < 0.0011).length / steps.length;
}

/** How much later than its place a beep is heard, seconds: it belongs to the frame of a full second, and each picture says which frame it is. */
function soundAfterPicture(beep: number, pictures: readonly CountedPicture[]): number {
  const distance = ({ seconds }: CountedPicture): number => Math.abs(seconds - beep);
  const nearest = pictures.reduce((best, picture) => (distance(picture) < distance(best) ? picture : best));
  const sourceSeconds = beep - nearest.seconds + nearest.counter / 24;
  return sourceSeconds - Math.round(sourceSeconds);
}

describe('a recording of telefuser watch', () => {
  it('is an MP4 with the sound in sync and the pictures at the pace of their source', async () => {
    const path = join(folder, 'sync.mp4');
    const { code, stdout, stderr } = await run(['watch', pattern.api.url, '--seconds', '3.3', '--stats', '--record', path]);
    expect({ code, stderr }, stdout).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(
      /^Connected in \d+ ms \(answer after \d+ ms\): session \S+, H264 and OPUS\nFirst picture after \d+ ms\n/u,
    );
    expect(stdout).toMatch(/^[123] s of 3\.3 s: [\d.]+ fps, video \d+ kbit\/s, audio \d+ kbit\/s, \d+ lost$/mu);
    expect(stdout).toMatch(
      /^Ended: \d+ pictures in [\d.]+ s \([\d.]+ fps\), [\d.]+ % of the packets lost\nRecorded .* with sound/mu,
    );
    const { formatName, seconds, streams } = await probeRecording(path);
    expect(formatName).toMatch(/mp4/u);
    expect(Math.abs(seconds - 3.3)).toBeLessThan(0.4);
    expect(streams).toMatchObject([
      { codec_type: 'video', codec_name: 'h264', width: 832 },
      { codec_type: 'audio', codec_name: 'opus' },
    ]);
    const times = await pictureTimes(path);
    expect(times.length).toBeGreaterThan(25);
    // As they were sent: at the pace of the source, but where a busy machine was late with one. By their arrival hardly any would be.
    expect(shareOfSteps(times, 1 / 24)).toBeGreaterThan(0.25);
    const [pictures, beeps] = await Promise.all([countedPictures(path), beepTimes(path)]);
    const offsets = beeps.map((beep) => Math.abs(soundAfterPicture(beep, pictures)));
    expect(offsets.length).toBeGreaterThanOrEqual(2);
    // Opus looks 6.5 ms ahead.
    expect(Math.max(...offsets), JSON.stringify(offsets)).toBeLessThan(0.02);
  });
});

// Each waits most of its time, so they do so together.
describe.concurrent('the end of telefuser watch', () => {
  it('records another pace and VP8, and completes the file on Ctrl-C', async () => {
    const path = join(folder, 'pace.webm');
    const args = ['watch', pattern.api.url, '--fps', '10', '--record', 'pace.webm'];
    await using command = CommandProcess.spawn(args, {}, folder);
    await isRecording(path, () => command.stdout + command.stderr);
    command.child.kill('SIGINT');
    expect(await command.exitCode(), command.stderr).toBe(0);
    expect(command.stdout).toMatch(/^Recorded /mu);
    const { streams } = await probeRecording(path);
    expect(streams).toMatchObject([{ codec_name: 'vp8' }, { codec_name: 'opus' }]);
    const times = await pictureTimes(path);
    expect(times.length).toBeGreaterThan(5);
    expect(shareOfSteps(times, 1 / 10)).toBeGreaterThan(0.25);
  });

  it('completes the recording when the server says goodbye', async () => {
    await using server = await TestServer.start(shippedPipeline('test-pattern'));
    const path = join(folder, 'goodbye.mp4');
    const command = new Command();
    const watching = command.run(['watch', server.api.url, '--record', path]);
    await isRecording(path, () => command.out + command.err);
    await server.close();
    const { code, stderr } = await watching;
    expect({ code, stderr }).toEqual({
      code: 8,
      stderr: expect.stringMatching(/^telefuser: .* before its time \(server_shutdown\)\. \S.*\n$/u),
    });
    expect((await probeRecording(path)).streams).toHaveLength(2);
  });

  it('completes the recording when the server is gone without a word', async () => {
    await using serving = await CommandProcess.serve(shippedPipeline('test-pattern'));
    const path = join(folder, 'gone.mp4');
    const command = new Command();
    const watching = command.run(['watch', serving.api.url, '--timeout', '2', '--record', path]);
    await isRecording(path, () => command.out + command.err);
    serving.command.child.kill('SIGKILL');
    const { code, stderr } = await watching;
    expect(code, stderr).toBe(8);
    expect(stderr).toMatch(/^telefuser: the session ended before its time \((silence|connection-lost)\)\. \S.*\n$/u);
    expect((await probeRecording(path)).streams).toHaveLength(2);
  });
});

describe('telefuser watch', () => {
  it('ends with a stream that is complete', async () => {
    const { code, stdout } = await run(['watch', pattern.api.url, '--field', 'duration_s=0.5']);
    expect(code, stdout).toBe(0);
    expect(stdout).toMatch(/^Ended \(completed\): 12 pictures/mu);
  });

  it('sends controls and prints the messages of a bidirectional pipeline', async () => {
    const { code, stdout } = await run([
      ...['watch', overlay.api.url, '--task', 'arrow_overlay', '--config', '{"fps":24}', '--seconds', '1'],
      ...['--messages', '--control', '{"type":"control","key":"ArrowUp","action":"press","id":"a"}'],
    ]);
    expect(code, stdout).toBe(0);
    const messages = stdout
      .split('\n')
      .filter((line) => line.startsWith('{'))
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(messages).toContainEqual(expect.objectContaining({ type: 'chunk', applied_controls: ['a'] }));
  });

  it('says in one line why it cannot, and what to do', async () => {
    const there = join(folder, 'there.mp4');
    await writeFile(there, 'precious');
    const cases: readonly (readonly [string[], number, RegExp])[] = [
      [[pattern.api.url, '--field', 'session_id=?'], 7, /refused \(422\): .*session_id.*\. Correct the request/],
      [
        [pattern.api.url, '--field', 'width=3', '--record', join(folder, 'none.mp4')],
        8,
        /before a picture came \(pipeline_failed: .*width/,
      ],
      [[pattern.api.url, '--record', there], 2, /there\.mp4 is there already\. .*--force/],
      [[pattern.api.url, '--record', join(folder, 'no', 'film.mp4')], 2, /film\.mp4 cannot be written/],
    ];
    const outcomes = await Promise.all(cases.map(([args]) => run(['watch', ...args])));
    for (const [index, [args, code, line]] of cases.entries()) {
      expect(outcomes[index], args.join(' ')).toMatchObject({ code, stderr: expect.stringMatching(/^telefuser: [^\n]+\n$/u) });
      expect(outcomes[index]?.stderr).toMatch(line);
    }
    expect(await readFile(there, 'utf8')).toBe('precious');
  });

  it('shows its credential to the server, and to nobody else', async () => {
    const { key, record } = makeApiKey({
      tenant: 'acme',
      scopes: ['stream:create', 'stream:read', 'stream:close'],
      expiresAtMs: undefined,
    });
    await using server = await TestServer.start(shippedPipeline('test-pattern'), {
      TELEFUSER_AUTH: 'required',
      TELEFUSER_API_KEYS: JSON.stringify([record]),
    });
    const args = ['watch', server.api.url, '--seconds', '0.2'];
    const outcomes = await Promise.all([run([...args, '--token', key]), run([...args, '--token', `${key}x`]), run(args)]);
    expect(outcomes.map(({ code }) => code)).toEqual([0, 7, 7]);
    expect(outcomes[2].stderr).toMatch(/refused \(401\).*STREAM_TOKEN/u);
    for (const { stdout, stderr } of outcomes) expect(`${stdout}${stderr}`).not.toContain(key);
  });
});

describe('telefuser bench', () => {
  it('measures sessions and their controls, as a table and as JSON', async () => {
    const file = join(folder, 'figures.json');
    const args = [
      'bench',
      overlay.api.url,
      '-n',
      '3',
      '--seconds',
      '2',
      '--json',
      file,
      '--control',
      PRESS,
      '--control',
      RELEASE,
    ];
    const { code, stdout, stderr } = await run(args);
    expect({ code, stderr }, stdout).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(/^3 of 3 sessions of 2 s succeeded \(100 %\)\n(\d+) of \1 controls acknowledged\n/u);
    const report = JSON.parse(await readFile(file, 'utf8')) as BenchReport;
    expect(report).toMatchObject({ sessions: 3, succeeded: 3, success_rate: 1, failures: [], url: overlay.api.url });
    const { controls, fps, offer_round_trip_ms: offer, connected_ms: connected, first_frame_ms: first } = report;
    expect(controls.sent).toBeGreaterThanOrEqual(3);
    expect(controls.acknowledged).toBe(controls.sent);
    expect(controls.acknowledged_ms?.min).toBeGreaterThan(0);
    expect(controls.applied_ms?.min).toBeGreaterThan(0);
    // The next frame has it, and there are 24 a second; the machine may be busy.
    expect(controls.applied_ms?.p50).toBeLessThan(1500);
    expect(fps?.p50).toBeGreaterThan(5);
    // Over two seconds, on a machine that may be busy at their beginning.
    expect(fps?.max).toBeLessThan(30);
    expect(offer?.p50).toBeLessThan(connected?.p50 ?? 0);
    expect(connected?.p50).toBeLessThan(first?.p50 ?? 0);
  });

  it('counts the sessions that fail, by their reasons, and ends with a code that says so', async () => {
    await using server = await TestServer.start(shippedPipeline('test-pattern'), { TELEFUSER_WEBRTC_MAX_SESSIONS: '1' });
    const { code, stdout } = await run(['bench', server.api.url, '-n', '3', '--seconds', '1.5', '--json', '-']);
    expect(code).toBe(8);
    const report = JSON.parse(stdout) as BenchReport;
    expect(report).toMatchObject({ succeeded: 1, success_rate: 1 / 3, failures: [{ sessions: 2 }], controls: { sent: 0 } });
    expect(report.failures[0]?.reason).toMatch(/refused \(503\)/u);
  });

  it('says why where no session could be opened', async () => {
    const none = await run(['bench', pattern.api.url, '-n', '2', '--field', 'session_id=?']);
    expect(none).toMatchObject({ code: 7, stdout: '' });
    expect(none.stderr).toMatch(/^telefuser: none of 2 sessions was opened\. .*refused \(422\)[^\n]+\n$/u);
  });

  it('closes its sessions on Ctrl-C', async () => {
    const args = ['bench', pattern.api.url, '--seconds', '60', '--field', 'session_id=interrupted'];
    const command = new Command();
    const running = command.run(args);
    await waitFor('the session', async () => (await pattern.api.status('interrupted')).state === 'live');
    command.kill('SIGINT');
    expect(await running).toEqual({ code: 0, stdout: '', stderr: '' });
    // It may be on its way out still: the command does not wait for the pipeline.
    await waitFor('the session to end', async () => (await pattern.api.status('interrupted')).status === 'unknown');
  });
});
