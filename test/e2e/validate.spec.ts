import { mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { CommandProcess, shippedPipeline, TemporaryPipeline } from '../support/server.ts';

let folder: string;

beforeEach(async () => {
  folder = await realpath(await mkdtemp(join(tmpdir(), 'validate-')));
});
afterEach(() => rm(folder, { recursive: true }));

async function run(...args: readonly string[]) {
  await using command = CommandProcess.spawn(args);
  const code = await command.exitCode();
  return { code, out: command.stdout, err: command.stderr };
}

describe('telefuser validate', () => {
  it.each(['test-pattern', 'echo', 'arrow-overlay', 'python/arrow_overlay.py', 'python/video_replay.py'])(
    'passes the shipped pipeline %s at strict',
    async (name) => {
      const { code, out, err } = await run('validate', shippedPipeline(name));
      expect(`${out}${err}`).toMatch(/ passes: \d+ files? checked at the level strict\.\n$/);
      expect(code).toBe(0);
    },
  );

  it('passes video-replay, which decodes with native code, at standard', async () => {
    expect(await run('validate', shippedPipeline('video-replay'), '--security-level', 'standard')).toMatchObject({ code: 0 });
    const { code, out } = await run('validate', shippedPipeline('video-replay'));
    expect(out).toMatch(/^[\w.-]+\.ts:\d+:\d+ import-not-allowed the package node-av is imported — /m);
    expect(code).toBe(6);
  });

  it('says as JSON what it found, and runs nothing', async () => {
    await using pipeline = await TemporaryPipeline.write(`process.stdout.write('ran');\nimport('node:child_process');\n`);
    const { code, out } = await run('validate', pipeline.path, '--json');
    expect(code).toBe(6);
    expect(JSON.parse(out)).toMatchObject({
      pipeline: pipeline.path,
      security_level: 'strict',
      findings: [{ line: 2, column: 1, rule: 'process-spawn', remedy: expect.stringMatching(/\.$/) }],
      passed: false,
    });
  });

  it.each([[[]], [['--python']]])('passes what telefuser new %j has written', async (args) => {
    const target = join(folder, 'mine');
    expect(await run('new', target, ...args)).toMatchObject({ code: 0, err: '' });
    expect(await run('validate', target)).toMatchObject({ code: 0, err: '' });
  });
});

describe('telefuser stream-serve', () => {
  it('ends with 6 and one line for a pipeline that does not pass', async () => {
    await using pipeline = await TemporaryPipeline.write(`eval('1');\nexport const getService = () => ({ *serve() {} });`);
    const { code, err } = await run('stream-serve', pipeline.path, '--host', '127.0.0.1', '--port', '0');
    const lines = err.split('\n').filter((line) => line.startsWith('telefuser: '));
    expect(lines).toEqual([
      expect.stringMatching(
        /^telefuser: The pipeline does not pass the check of the level strict: \S+:1:1 dynamic-code: eval .*/,
      ),
    ]);
    expect(code).toBe(6);
  });
});
