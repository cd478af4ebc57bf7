import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';

import type { ApiClient } from '../support/api-client.ts';
import { waitFor } from '../support/condition.ts';
import { CommandProcess, pythonPipeline, shippedPipeline, type ServingCommand } from '../support/server.ts';
import { WATCH, WeriftClient, type ChannelMessage } from '../support/werift-client.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const PYTHON = '/usr/bin/python3';
const PIPELINE = shippedPipeline('lingbot-world-fast');
const PATHS = [join(ROOT, 'python', 'libraries'), PIPELINE];
const START_TIMEOUT_MS = 25_000;
/** Two chunks of two latent frames: 5 video frames, then 8. */
const SHORT = { config: { chunk_size: 2, frame_num: 13, show_control_hud: false } };

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'telefuser-lingbot-'));
});

afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

/** Starts the shipped pipeline, which has to fail, and returns what it says. */
async function failureOf(environment: Readonly<Record<string, string>>, ...args: readonly string[]): Promise<string> {
  await using command = CommandProcess.spawn(['stream-serve', PIPELINE, '--port', '0', '--host', '127.0.0.1', ...args], {
    TELEFUSER_PYTHON: PYTHON,
    ...environment,
  });
  expect(await command.exitCode(START_TIMEOUT_MS)).not.toBe(0);
  return command.stderr;
}

describe('pipelines/lingbot-world-fast', () => {
  it('passes its unit tests', async () => {
    const { stderr } = await promisify(execFile)(PYTHON, ['-B', '-m', 'unittest', 'discover', '-s', 'tests', '-t', '.'], {
      cwd: PIPELINE,
      env: { PATH: process.env['PATH'] ?? '', PYTHONPATH: PATHS.join(':') },
      timeout: 60_000,
    }).catch((error: Error & { stderr?: string }) => {
      throw new Error(error.stderr ?? error.message);
    });
    expect(stderr).toMatch(/^Ran \d\d tests in/mu);
    expect(stderr.trim().split('\n').at(-1)).toBe('OK');
  }, 60_000);

  it('without the package does not start, and says which, for which interpreter and where it looked', async () => {
    const said = await failureOf({ LINGBOT_WORLD_CHECKPOINT_DIR: folder }, '--security-level', 'permissive');
    expect(said).toMatch(
      /the Python package telefuser and torch is not installed: looked for by \/usr\/bin\/python3\S* in \S*dist-packages/u,
    );
    expect(said).toContain('pip install telefuser==0.1.0.post3, and name its interpreter in TELEFUSER_PYTHON');
  });

  it('with the package but no weights does not start, and names the files and the folders', async () => {
    const packages = join(folder, 'packages');
    for (const name of ['telefuser', 'torch']) {
      // Nothing of them may be imported before the files have been found.
      await mkdir(join(packages, name), { recursive: true });
      await writeFile(join(packages, name, '__init__.py'), 'raise SystemExit("imported too soon")\n');
    }
    const base = join(folder, 'no-weights');
    await mkdir(base);
    const environment = { LINGBOT_WORLD_CHECKPOINT_DIR: base, PYTHONPATH: packages };
    const said = await failureOf(environment, '--security-level', 'permissive');
    expect(said).toContain(`there is no Wan2.1_VAE.pth in ${base}; there is no models_t5_umt5-xxl-enc-bf16.pth in ${base}; `);
    expect(said).toContain('there is no folder google/umt5-xxl');
    expect(said).toContain(`${base} (LINGBOT_WORLD_CHECKPOINT_DIR) and ${base}/lingbot_world_fast`);
    expect(said).not.toContain('imported too soon');
  });

  it('says that a folder is not named, also where the level keeps the variable from it', async () => {
    const said = await failureOf({ LINGBOT_WORLD_CHECKPOINT_DIR: folder }, '--security-level', 'standard');
    expect(said).toContain('LINGBOT_WORLD_CHECKPOINT_DIR is not set');
    expect(said).toContain('TELEFUSER_PIPELINE_ENV must grant it');
  });

  describe('with small random weights, and a stand-in for the networks', () => {
    let serving: ServingCommand;

    beforeAll(async () => {
      const weights = join(folder, 'weights');
      const script = `from pathlib import Path; from tests.small_weights import write_checkpoint; write_checkpoint(Path(${JSON.stringify(weights)}))`;
      await promisify(execFile)(PYTHON, ['-B', '-c', script], { env: { PYTHONPATH: PATHS.join(':') } });
      serving = await CommandProcess.serve(
        pythonPipeline('lingbot_small'),
        {
          TELEFUSER_PYTHON: PYTHON,
          TELEFUSER_WEBRTC_DONE_GRACE_SECONDS: '0.2',
          LINGBOT_WORLD_CHECKPOINT_DIR: join(weights, 'Wan2.2-I2V-A14B'),
          LINGBOT_WORLD_FAST_CHECKPOINT_SUBDIR: join(weights, 'lingbot-world-fast'),
        },
        ['--security-level', 'permissive'],
      );
    }, 30_000);

    afterAll(async () => {
      await serving[Symbol.asyncDispose]();
    });

    afterEach(() => serving.api.noSessions());

    it('a walk has a preview, chunks that say which keys they were made with, and an end', async () => {
      await using client = await enter(serving.api, { prompt: 'a lake', ...SHORT });
      await client.message('the preview', ({ data }) => data?.['type'] === 'preview');
      client.send({ type: 'control_state', controls: ['w', 'j'] });
      const isChunk =
        (index: number) =>
        ({ data }: ChannelMessage): boolean =>
          data?.['type'] === 'chunk' && data['index'] === index;
      const first = await client.message('chunk 0', isChunk(0));
      expect(first.data).toMatchObject({ num_frames: 5, resolution: '128x64', applied_controls: ['j', 'w'] });
      expect((await client.message('chunk 1', isChunk(1))).data).toMatchObject({ num_frames: 8 });
      await client.message('done', ({ type }) => type === 'done');
      expect(stagesOf(client)).toEqual(
        expect.arrayContaining(['encoding_prompt', 'runtime_ready', 'denoising_chunk', 'chunk_sent']),
      );
      const pictures = await client.video.pictures();
      expect(pictures.at(-1)).toMatchObject({ width: 128, height: 64 });
    }, 20_000);

    it('another viewer is refused while one walks', async () => {
      await using client = await enter(serving.api, SHORT);
      await using other = await WeriftClient.prepare(WATCH);
      expect([409, 503]).toContain((await other.offer(serving.api, SHORT)).status);
      client.send({ type: 'stop' });
      expect(await serving.api.closeReason(client.sessionId)).toBe('client_stop');
    }, 20_000);

    it.each([
      [
        'no memory to begin',
        'the GPU had no memory left for beginning the session: CUDA out of memory. Tried to allocate 24.99 GiB.',
      ],
      ['no memory for chunk 1', 'the GPU had no memory left for making chunk 1: CUDA out of memory.'],
    ])(
      'a session for which the GPU has %s ends with that reason, and the next one works',
      async (prompt, reason) => {
        await using client = await enter(serving.api, { prompt, ...SHORT });
        client.send({ type: 'control', key: 'ArrowUp', action: 'press' });
        const failure = await client.message('the reason', ({ data }) => data?.['stage'] === 'worker_failed');
        expect(failure.data?.['error']).toContain(reason);
        expect(await serving.api.closeReason(client.sessionId)).toBe('pipeline_failed');
        await serving.api.noSessions();
        await using next = await enter(serving.api, { prompt: 'a lake', ...SHORT });
        next.send({ type: 'control', key: 'ArrowUp', action: 'press' });
        await next.message('a chunk', ({ data }) => data?.['type'] === 'chunk');
      },
      30_000,
    );
  });
});

/** A viewer who tries again while the model lets go of the session before, which is a moment after that has closed. */
async function enter(api: ApiClient, fields: Readonly<Record<string, unknown>>): Promise<WeriftClient> {
  const client = await WeriftClient.prepare(WATCH);
  const answer = await waitFor('the model to be free', async () => {
    const tried = await client.offer(api, fields);
    return tried.status !== 409 && tried;
  });
  expect(answer.status).toBe(200);
  await client.accept(answer);
  return client;
}

function stagesOf(client: WeriftClient): unknown[] {
  return client.messages.map(({ data }) => data?.['stage']);
}
