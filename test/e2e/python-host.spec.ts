import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';

import { waitFor } from '../support/condition.ts';
import { CommandProcess, isRunning, pythonPipeline, TemporaryPipeline, TestServer } from '../support/server.ts';
import { counterOf, middleOf, WATCH, WeriftClient } from '../support/werift-client.ts';

/** Debian's interpreter has the libraries; the first on the PATH may have none. */
const DEBIAN = { TELEFUSER_PYTHON: '/usr/bin/python3' };
const COLOUR_TOLERANCE = 6;
/** Session ids of the tests, for the log. */
const WATCHED = { session_id: 'watched' };

/** By how many levels a colour is off. */
function colourError(actual: readonly number[], expected: readonly number[]): number {
  return Math.max(...expected.map((level, index) => Math.abs(level - (actual[index] ?? Number.NaN))));
}

describe('a server-push pipeline in Python', () => {
  let server: TestServer;

  beforeAll(async () => {
    server = await TestServer.start(pythonPipeline('jpeg_push'), DEBIAN);
  });
  afterEach(() => server.idle());
  afterAll(() => server.close());

  it('plays every picture in order and in its colour, with sound, metadata and done', async () => {
    await using client = await WeriftClient.connect(server.api, WATCH, { chunks: 4, prompt: 'a lighthouse' });
    const done = await client.message('done', ({ type }) => type === 'done');
    expect(done).toMatchObject({ session_id: client.sessionId, total_chunks: 4 });
    expect(await server.api.closeReason(client.sessionId)).toBe('completed');
    const chunks = client.messages.filter(({ type }) => type === 'chunk');
    expect(chunks.map(({ index }) => index)).toEqual([0, 1, 2, 3]);
    expect(Object.keys(chunks[0]?.data ?? {}).sort()).toEqual(
      ['type', 'index', 'num_frames', 'fps', 'resolution', 'prompt', 'timestamp'].sort(),
    );
    expect(chunks[0]?.data).toMatchObject({ num_frames: 8, resolution: '832x480', prompt: 'a lighthouse' });
    const pictures = await client.video.pictures();
    expect(pictures.map(counterOf)).toEqual(Array.from({ length: 32 }, (_, index) => index));
    expect(colourError(middleOf(pictures.at(-1)!), [200, 48, 48])).toBeLessThanOrEqual(COLOUR_TOLERANCE);
    const sound = await client.audio.sound();
    expect(sound.length).toBeGreaterThan(50);
    const levels = sound
      .slice(10, 50)
      .map(({ data }) => Math.max(...new Int16Array(data.buffer, data.byteOffset, data.length / 2)));
    expect(Math.min(...levels)).toBeGreaterThan(9000);
  });

  it('says what it runs', async () => {
    const { body } = await server.api.get('v1/service/metadata');
    expect(body).toMatchObject({ stream_mode: 'server_push', pipeline_file: pythonPipeline('jpeg_push') });
  });
});

describe('a bidirectional pipeline in Python', () => {
  let server: TestServer;

  beforeAll(async () => {
    server = await TestServer.start(pythonPipeline('keyboard'), DEBIAN);
  });
  afterEach(() => server.idle());
  afterAll(() => server.close());

  it('hears keys and shows them', async () => {
    await using client = await WeriftClient.connect(server.api, { video: 'recvonly' });
    const pressed = (keys: readonly string[]) =>
      client.message(`the keys ${keys.join()}`, ({ data }) => JSON.stringify(data?.['pressed']) === JSON.stringify(keys));
    client.send({ type: 'control', key: 'ArrowLeft', action: 'press' });
    await pressed(['ArrowLeft']);
    let colour: readonly number[] = [];
    await waitFor(
      () => `the picture to be blue; it is ${colour.join()}`,
      async () => {
        const last = (await client.video.pictures()).at(-1);
        colour = last === undefined ? [] : middleOf(last);
        return colourError(colour, [48, 80, 200]) <= COLOUR_TOLERANCE;
      },
    );
    client.send({ type: 'stop' });
    expect(await server.api.closeReason(client.sessionId)).toBe('client_stop');
  });

  it('answers 400 to a ValueError of create_session and 409 to a RuntimeError, with what they say', async () => {
    await using refused = await WeriftClient.prepare({ video: 'recvonly' });
    expect(await refused.offer(server.api, { config: { style: 'unknown' } })).toMatchObject({
      status: 400,
      body: { detail: expect.stringContaining('there is no style unknown') },
    });
    await using client = await WeriftClient.connect(server.api, { video: 'recvonly' });
    await using second = await WeriftClient.prepare({ video: 'recvonly' });
    expect(await second.offer(server.api, { config: { alone: true } })).toMatchObject({
      status: 409,
      body: { detail: expect.stringContaining('this session must be alone') },
    });
    client.send({ type: 'stop' });
    await server.api.closeReason(client.sessionId);
  });

  it('tells the client what push_chunk raised, and goes on', async () => {
    await using client = await WeriftClient.connect(server.api, { video: 'recvonly' });
    client.send({ type: 'control', action: 'press' });
    const { detail } = await client.message('the error', ({ type }) => type === 'error');
    expect(detail).toContain("KeyError: 'key'");
    client.send({ type: 'control', key: 'ArrowUp', action: 'press' });
    await client.message('the next key', ({ data }) => JSON.stringify(data?.['pressed']) === '["ArrowUp"]');
    client.send({ type: 'stop' });
    await server.api.closeReason(client.sessionId);
  });
});

describe('a pipeline in Python that blocks', () => {
  let server: TestServer;

  beforeAll(async () => {
    server = await TestServer.start(pythonPipeline('blocking'), DEBIAN);
  });
  afterEach(() => server.idle());
  afterAll(() => server.close());

  it('does not delay the sessions beside it', async () => {
    await using blocked = await WeriftClient.connect(server.api, WATCH, { block_s: 2, frames: 1 });
    await using client = await WeriftClient.connect(server.api, WATCH, { frames: 24 });
    await client.message('done', ({ type }) => type === 'done');
    const chunks = client.messages.filter(({ type }) => type === 'chunk').map(({ timestamp }) => timestamp);
    const gaps = chunks.slice(1).map((at, index) => at - (chunks[index] ?? 0));
    expect(Math.max(...gaps)).toBeLessThan(1);
    expect(blocked.messages.filter(({ type }) => type === 'chunk')).toEqual([]);
    await Promise.all([blocked, client].map(({ sessionId }) => server.api.closeReason(sessionId)));
  });

  it('can be closed while it blocks', async () => {
    await using client = await WeriftClient.connect(server.api, WATCH, { block_s: 3 });
    const began = performance.now();
    expect(await server.api.delete(client.sessionId)).toMatchObject({ status: 200 });
    expect(await server.api.closeReason(client.sessionId)).toBe('client_delete');
    expect(performance.now() - began).toBeLessThan(3000);
  });

  it('is ended when the server closes, blocking or not', async () => {
    await using other = await TestServer.start(pythonPipeline('blocking'), {
      ...DEBIAN,
      TELEFUSER_PIPELINE_CLOSE_TIMEOUT_SECONDS: '1',
    });
    await using client = await WeriftClient.connect(other.api, WATCH, { block_s: 30 });
    const pid = other.pipelinePid!;
    await waitFor('the session', async () => (await other.api.status(client.sessionId)).state === 'live');
    await other.close();
    expect(isRunning(pid)).toBe(false);
  });
});

describe('frames of numpy, PIL and PyAV', () => {
  it.each([
    ['numpy', [200, 48, 48]],
    ['pil', [48, 160, 72]],
    ['pyav', [48, 80, 200]],
  ] as const)('of %s play in their colour', async (kind, colour) => {
    await using server = await TestServer.start(pythonPipeline('raw_frames'), DEBIAN);
    await using client = await WeriftClient.connect(server.api, WATCH, { config: { kinds: [kind] } });
    const { data } = await client.message('a second of it', ({ index }) => index === 24);
    expect(data).toMatchObject({ kind, pace: '1/24', mean: expect.any(Number) });
    client.send({ type: 'stop' });
    await server.api.closeReason(client.sessionId);
    const pictures = await client.video.pictures();
    const counters = pictures.map((picture) => counterOf(picture) ?? Number.NaN);
    // A busy machine may make the server leave some out: of a conversation the latest counts.
    expect(counters.every((counter, index) => index === 0 || counter > (counters[index - 1] ?? Number.NaN))).toBe(true);
    expect(counters.length).toBeGreaterThan(12);
    expect(colourError(middleOf(pictures.at(-1)!), colour)).toBeLessThanOrEqual(COLOUR_TOLERANCE);
    await server.idle();
  });
});

describe('what an operator sees of a pipeline in Python', () => {
  /** A file with `serve` of these lines, and whatever else. */
  const file = (serve: string, rest = ''): string =>
    `import logging, sys, time\nclass Service:\n  async def serve(self, request):\n    ${serve}\n    yield {}\n${rest}\n`;
  const GET_SERVICE = 'def get_service(): return Service()';

  it('prints, log entries and tracebacks are in the log, with the session', async () => {
    const source = file(
      `print('printed by serve')\n    logging.getLogger('world').warning('warm')\n    raise RuntimeError('CUDA out of memory')`,
      GET_SERVICE,
    );
    await using pipeline = await TemporaryPipeline.write(source, 'pipeline.py');
    await using serving = await CommandProcess.serve(pipeline.path, { TELEFUSER_SECURITY_LEVEL: 'permissive', ...DEBIAN });
    await using client = await WeriftClient.connect(serving.api, WATCH, WATCHED);
    const failed = await client.message('the failure', ({ type, error }) => type === 'error' || error !== undefined);
    expect(JSON.stringify(failed)).toContain('CUDA out of memory');
    const log = (): string => serving.command.stdout + serving.command.stderr;
    await waitFor(
      () => `the traceback in the log: ${log()}`,
      () => /raise RuntimeError/u.test(log()),
    );
    expect(log()).toContain('printed by serve');
    expect(log()).toMatch(/world: warm session_id=watched/u);
    expect(log()).toMatch(/the pipeline failed session_id=watched\s+Traceback/u);
    expect(log()).toContain('in serve');
    expect(log()).not.toContain('telefuser_host/');
  });

  it.each([
    [
      'a module that is missing',
      'import no_such_module',
      /No module named 'no_such_module'; install it for \/usr\/bin\/python3/u,
    ],
    ['a broken file', 'def get_service(:', /invalid syntax/u],
    ['no get_service', 'x = 1', /no get_service function, only x/u],
    [
      'half a service',
      'class S:\n  def create_session(self): ...\ndef get_service(): return S()',
      /lacks push_chunk, pull_chunks, close_session/u,
    ],
    [
      'a start that raises',
      file('pass', `  def start(self): raise OSError('no weights')\n${GET_SERVICE}`),
      /start\(\) raised: no weights/u,
    ],
    ['a start that exits', file('pass', `  def start(self): sys.exit(3)\n${GET_SERVICE}`), /the pipeline called sys\.exit\(3\)/u],
    ['a crash of the process', file('pass', `  def start(self): import os; os.abort()\n${GET_SERVICE}`), /SIGABRT/u],
  ])('a start with %s ends the command with a sentence about it', async (_what, source, sentence) => {
    await using pipeline = await TemporaryPipeline.write(source, 'pipeline.py');
    await using command = CommandProcess.spawn(
      [
        'stream-serve',
        pipeline.path,
        '--port',
        '0',
        '--host',
        '127.0.0.1',
        '--security-level',
        'permissive',
        '--skip-validation',
      ],
      DEBIAN,
    );
    expect(await command.exitCode(30_000)).not.toBe(0);
    expect(command.stdout + command.stderr).toMatch(sentence);
  });

  it('options of the command line reach get_service', async () => {
    const source = file(
      'yield {"model": self.model}',
      'def get_service(gpu_num, model="", **rest):\n  service = Service()\n  service.model = [model, rest, gpu_num]\n  return service',
    );
    await using pipeline = await TemporaryPipeline.write(source, 'pipeline.py');
    await using server = await TestServer.start(pipeline.path, DEBIAN, { model: '14b', steps: '4' });
    await using client = await WeriftClient.connect(server.api, WATCH);
    const { data } = await client.message('the options', ({ data: fields }) => fields?.['model'] !== undefined);
    expect(data?.['model']).toEqual(['14b', { steps: '4' }, 1]);
    await server.api.closeReason(client.sessionId);
    await server.idle();
  });

  it('a .venv beside the file is its interpreter', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'telefuser-venv-'));
    try {
      execFileSync('/usr/bin/python3', ['-m', 'venv', '--without-pip', join(folder, '.venv')]);
      const [packages = ''] = execFileSync(
        join(folder, '.venv/bin/python'),
        ['-c', 'import sysconfig; print(sysconfig.get_path("purelib"))'],
        { encoding: 'utf8' },
      ).split('\n');
      mkdirSync(join(packages, 'only_here'));
      writeFileSync(join(packages, 'only_here', '__init__.py'), 'answer = 42');
      const path = join(folder, 'pipeline.py');
      writeFileSync(path, `import only_here\n${file('yield {"prefix": sys.prefix, "answer": only_here.answer}', GET_SERVICE)}`);
      await using server = await TestServer.start(path);
      await using client = await WeriftClient.connect(server.api, WATCH);
      const { data } = await client.message('the prefix', ({ data: fields }) => fields?.['prefix'] !== undefined);
      expect(data).toMatchObject({ prefix: join(folder, '.venv'), answer: 42 });
      await server.api.closeReason(client.sessionId);
      await server.idle();
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
