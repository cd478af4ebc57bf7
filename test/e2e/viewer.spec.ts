import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeApiKey } from '#server/identity/index.js';
import type { BenchReport } from '#server/viewer/index.js';
import { waitFor } from '../support/condition.ts';
import { beepTimes, flashTimes, pictureTimes, probeRecording } from '../support/recording.ts';
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
  await Promise.all([pattern.close(), overlay.close()]);
  await rm(folder, { recursive: true, force: true });
});

interface Outcome {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

async function run(args: readonly string[], environment: Readonly<Record<string, string>> = {}): Promise<Outcome> {
  await using command = CommandProcess.spawn(args, environment, folder);
  const code = await command.exitCode(20_000);
  return { code, stdout: command.stdout, stderr: command.stderr };
}

/** Waits until a recording is under way. */
async function isRecording(command: CommandProcess, path: string): Promise<void> {
  await waitFor(
    () => `a recording; the viewer says ${command.stdout}${command.stderr}`,
    async () => existsSync(path) && (await stat(path)).size > 20_000,
    12_000,
  );
}

describe('telefuser watch', () => {
  it('records an MP4 with the sound in sync and each picture at its time', async () => {
    const path = join(folder, 'sync.mp4');
    const { code, stdout, stderr } = await run(['watch', pattern.api.url, '--seconds', '4', '--stats', '--record', path]);
    expect({ code, stderr }, stdout).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(/^Connected in \d+ ms \(answer after \d+ ms\): session \S+, H264 and OPUS\nFirst picture after \d+ ms\n/u);
    expect(stdout).toMatch(/^2 s of 4 s: [\d.]+ fps, video \d+ kbit\/s, audio \d+ kbit\/s, 0 lost$/mu);
    expect(stdout).toMatch(/^Ended: \d+ pictures in [\d.]+ s \(2[34]\.\d\d fps\), 0\.00 % of the packets lost\nRecorded .* with sound/mu);
    const { formatName, seconds, streams } = await probeRecording(path);
    expect(formatName).toMatch(/mp4/u);
    expect(Math.abs(seconds - 4)).toBeLessThan(0.4);
    expect(streams).toMatchObject([
      { codec_type: 'video', codec_name: 'h264', width: 832 },
      { codec_type: 'audio', codec_name: 'opus' },
    ]);
    const times = await pictureTimes(path);
    expect(times.length).toBeGreaterThan(80);
    // All at the places of 24 a second, though they arrived unevenly.
    const uneven = times.map((time) => Math.abs(time * 24 - Math.round(time * 24)));
    expect(Math.max(...uneven)).toBeLessThan(0.01);
    const [flashes, beeps] = await Promise.all([flashTimes(path), beepTimes(path)]);
    const offsets = flashes.map((flash) => Math.min(...beeps.map((beep) => Math.abs(beep - flash))));
    expect(offsets.length).toBeGreaterThanOrEqual(3);
    // Opus looks 6.5 ms ahead, and an onset is found to a few milliseconds.
    expect(Math.max(...offsets), JSON.stringify({ flashes, beeps })).toBeLessThan(0.02);
    await pattern.idle();
  });

  it('records another pace and VP8, and completes the file on Ctrl-C', async () => {
    const path = join(folder, 'pace.webm');
    const args = ['watch', pattern.api.url, '--fps', '10', '--record', path];
    await using command = CommandProcess.spawn(args, {}, folder);
    await isRecording(command, path);
    command.child.kill('SIGINT');
    expect(await command.exitCode(), command.stderr).toBe(0);
    expect(command.stdout).toMatch(/^Recorded /mu);
    const { streams } = await probeRecording(path);
    expect(streams).toMatchObject([{ codec_name: 'vp8' }, { codec_name: 'opus' }]);
    const times = await pictureTimes(path);
    const steps = times.slice(1).map((time, index) => time - (times[index] ?? 0));
    expect(steps.every((step) => Math.abs(step - 0.1) < 0.002)).toBe(true);
    await pattern.idle();
  });

  it('completes the recording when the server says goodbye, and when it is gone without a word', async () => {
    for (const signal of ['SIGINT', 'SIGKILL'] as const) {
      const path = join(folder, `${signal}.mp4`);
      await using serving = await CommandProcess.serve(shippedPipeline('test-pattern'));
      const args = ['watch', serving.api.url, '--timeout', '2', '--record', path];
      await using command = CommandProcess.spawn(args, {}, folder);
      await isRecording(command, path);
      serving.command.child.kill(signal);
      expect(await command.exitCode()).toBe(8);
      expect(command.stderr).toMatch(
        signal === 'SIGINT'
          ? /^telefuser: the session ended before its time \(server_shutdown\)\. \S.*\n$/u
          : /^telefuser: the session ended before its time \((silence|connection-lost)\)\. \S.*\n$/u,
      );
      expect((await probeRecording(path)).streams).toHaveLength(2);
    }
  });

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
    await overlay.idle();
  });

  it('says in one line why it cannot, and what to do', async () => {
    const there = join(folder, 'there.mp4');
    await writeFile(there, 'precious');
    const cases: readonly (readonly [string[], number, RegExp])[] = [
      [['http://127.0.0.1:1/'], 7, /http:\/\/127\.0\.0\.1:1\/ cannot be reached \(.*\)\. Check the address/],
      [['localhost:8088'], 7, /is no HTTP address\. Give a URL/],
      [[pattern.api.url, '--field', 'width=3'], 7, /refused \(400\): .*width.*\. Correct the request/],
      [[pattern.api.url, '--record', there], 2, /there\.mp4 is there already\. .*--force/],
      [[pattern.api.url, '--record', 'film.avi'], 2, /film\.avi has no end that names a container\. .*\.mp4, \.mov, \.mkv, \.webm/],
      [[pattern.api.url, '--record', join(folder, 'no', 'film.mp4')], 2, /film\.mp4 cannot be written/],
      [[pattern.api.url, '--image', 'none.jpg'], 2, /none\.jpg cannot be read \(ENOENT\)/],
    ];
    const outcomes = await Promise.all(cases.map(([args]) => run(['watch', ...args])));
    for (const [index, [args, code, line]] of cases.entries()) {
      expect(outcomes[index], args.join(' ')).toMatchObject({ code, stderr: expect.stringMatching(/^telefuser: [^\n]+\n$/u) });
      expect(outcomes[index]?.stderr).toMatch(line);
    }
    expect(await readFile(there, 'utf8')).toBe('precious');
    await pattern.idle();
  });

  it('takes its credential from the environment or a file, and never prints it', async () => {
    const { key, record } = await makeApiKey({ tenant: 'acme', scopes: ['stream:create', 'stream:read', 'stream:close'], expiresAtMs: undefined });
    await using server = await TestServer.start(shippedPipeline('test-pattern'), {
      TELEFUSER_AUTH: 'required',
      TELEFUSER_API_KEYS: JSON.stringify([record]),
    });
    const args = ['watch', server.api.url, '--seconds', '0.2'];
    const file = join(folder, 'key');
    await writeFile(file, `${key}\n`);
    const outcomes = await Promise.all([
      run(args, { STREAM_TOKEN: key }),
      run([...args, '--token-file', file]),
      run(args, { STREAM_TOKEN: `${key}x` }),
      run(args),
    ]);
    expect(outcomes.map(({ code }) => code)).toEqual([0, 0, 7, 7]);
    expect(outcomes[3]?.stderr).toMatch(/refused \(401\).*STREAM_TOKEN/u);
    for (const { stdout, stderr } of outcomes) expect(`${stdout}${stderr}`).not.toContain(key);
  });
});

describe('telefuser bench', () => {
  it('measures sessions and their controls, as a table and as JSON', async () => {
    const file = join(folder, 'figures.json');
    const args = ['bench', overlay.api.url, '-n', '3', '--seconds', '3', '--json', file, '--control', PRESS, '--control', RELEASE];
    const { code, stdout, stderr } = await run(args);
    expect({ code, stderr }, stdout).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(/^3 of 3 sessions of 3 s succeeded \(100 %\)\n(\d+) of \1 controls acknowledged\n/u);
    const report = JSON.parse(await readFile(file, 'utf8')) as BenchReport;
    expect(report).toMatchObject({ sessions: 3, succeeded: 3, success_rate: 1, failures: [], url: overlay.api.url });
    const { controls, fps, offer_round_trip_ms: offer, connected_ms: connected, first_frame_ms: first } = report;
    expect(controls.sent).toBeGreaterThanOrEqual(15);
    expect(controls.acknowledged).toBe(controls.sent);
    // What is sent is in the next frame of 24 a second; the machine may be busy.
    expect(controls.applied_ms?.p50).toBeGreaterThan(1);
    expect(controls.applied_ms?.p50).toBeLessThan(100);
    expect(controls.acknowledged_ms?.p50).toBeLessThan(100);
    expect(fps?.p50).toBeGreaterThan(20);
    expect(fps?.max).toBeLessThan(26);
    expect(offer?.p50).toBeLessThan(connected?.p50 ?? 0);
    expect(connected?.p50).toBeLessThan(first?.p50 ?? 0);
    await overlay.idle();
  });

  it('counts the sessions that fail, by their reasons, and ends with a code that says so', async () => {
    await using server = await TestServer.start(shippedPipeline('test-pattern'), { TELEFUSER_WEBRTC_MAX_SESSIONS: '1' });
    const { code, stdout } = await run(['bench', server.api.url, '-n', '3', '--seconds', '1.5', '--json', '-']);
    expect(code).toBe(8);
    const report = JSON.parse(stdout) as BenchReport;
    expect(report).toMatchObject({ succeeded: 1, success_rate: 1 / 3, failures: [{ sessions: 2 }], controls: { sent: 0 } });
    expect(report.failures[0]?.reason).toMatch(/refused \(503\)/u);
  });

  it('says why where no session could be opened, and closes its sessions on Ctrl-C', async () => {
    const none = await run(['bench', pattern.api.url, '-n', '2', '--field', 'width=3']);
    expect(none).toMatchObject({ code: 7, stdout: '' });
    expect(none.stderr).toMatch(/^telefuser: none of 2 sessions was opened\. .*refused \(400\)[^\n]+\n$/u);
    await using command = CommandProcess.spawn(['bench', pattern.api.url, '-n', '2', '--seconds', '60'], {}, folder);
    await waitFor('both sessions', async () => (await pattern.api.activeSessions()) === 2);
    command.child.kill('SIGINT');
    expect(await command.exitCode()).toBe(0);
    await pattern.idle(3000);
  });
});
