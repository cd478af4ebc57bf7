import { symlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { checkPipeline } from '#server/pipeline-loader/checker/check-pipeline.js';
import type { Finding } from '#server/pipeline-loader/checker/finding.js';
import type { SandboxedLevel } from '../pipelines/hostile/misdeed.ts';
import { NODE_MISDEEDS } from '../pipelines/hostile/node-misdeeds.ts';
import { PYTHON_MISDEEDS } from '../pipelines/hostile/python-misdeeds.ts';
import { HostileServer } from '../support/hostile-server.ts';
import { HostileWorld, misdeedFile } from '../support/hostile-world.ts';
import { CommandProcess, TemporaryPipeline } from '../support/server.ts';

const PYTHON = '/usr/bin/python3';
const MISDEEDS = { node: NODE_MISDEEDS, python: PYTHON_MISDEEDS } as const;
type Language = keyof typeof MISDEEDS;

/** What E2E_TABLE=1 prints. */
const table: string[] = [];

afterAll(() => {
  if (process.env['E2E_TABLE'] !== undefined) process.stdout.write(`${table.join('\n')}\n`);
});

async function findings(language: Language, level: SandboxedLevel): Promise<readonly Finding[]> {
  await using world = await HostileWorld.make(language, MISDEEDS[language]);
  const { entry, folder } = world;
  return (await checkPipeline({ entry, folder, language, path: entry }, level, { executable: PYTHON })).findings;
}

describe.each([
  ['node', 'strict'],
  ['node', 'standard'],
  ['python', 'strict'],
  ['python', 'standard'],
] as const)('a hostile %s pipeline at %s, with the check', (language, level) => {
  const misdeeds = MISDEEDS[language];
  let found: readonly Finding[];
  beforeAll(async () => {
    found = await findings(language, level);
  });

  it.each(misdeeds.map((misdeed, index) => [misdeed.name, misdeed, index] as const))('%s', (_name, misdeed, index) => {
    const [finding] = found.filter(({ file }) => file === misdeedFile(index, language));
    if (!misdeed.refusedAt.includes(level)) return expect(finding).toBeUndefined();
    expect(finding).toMatchObject({ line: expect.any(Number), remedy: expect.stringMatching(/\S/) });
    const said = `${finding?.file}:${finding?.line} ${finding?.rule}: ${finding?.message}`;
    table.push(`| ${language} | ${level} | on | ${misdeed.name} | ${said.replaceAll('|', '\\|').slice(0, 150)} |`);
  });

  it('does not start, and says why', async () => {
    await using world = await HostileWorld.make(language, misdeeds);
    const { code, line } = await HostileServer.fail(world, level);
    expect(line).toMatch(/misdeed_\d+\.(mjs|py):\d+/u);
    expect(code).not.toBe(0);
  });
});

describe.each([
  ['node', 'index.mjs', 'export const getService = () => new Promise(() => setInterval(() => 0, 1000));', 'for (;;);'],
  ['python', 'pipeline.py', 'import threading\ndef get_service(): threading.Event().wait()', 'while True: pass'],
] as const)('a hostile %s pipeline that does not begin', (_language, file, silent, looping) => {
  it.each([
    ['never returns from getService', silent],
    ['loops without end while it is loaded', looping],
  ])('%s', async (_what, source) => {
    await using pipeline = await TemporaryPipeline.write(source, file);
    await using command = CommandProcess.spawn(['stream-serve', pipeline.path, '--port', '0', '--host', '127.0.0.1'], {
      TELEFUSER_PIPELINE_START_TIMEOUT_SECONDS: '1',
      TELEFUSER_PYTHON: PYTHON,
    });
    expect(await command.exitCode()).not.toBe(0);
    expect(command.stderr).toMatch(/did not return within 1 s/);
  });

  it.each([
    ['strict', []],
    ['strict', ['--skip-validation']],
    ['standard', ['--skip-validation']],
  ] as const)('is a symlink that leads out of its folder, at %s %j', async (level, flags) => {
    await using elsewhere = await TemporaryPipeline.write(silent, file);
    await using own = await TemporaryPipeline.write('', 'other');
    const folder = dirname(own.path);
    await symlink(elsewhere.path, join(folder, file));
    await using command = CommandProcess.spawn(
      ['stream-serve', folder, '--port', '0', '--host', '127.0.0.1', '--security-level', level, ...flags],
      { TELEFUSER_PYTHON: PYTHON },
    );
    expect(await command.exitCode()).not.toBe(0);
    expect(command.stderr).toMatch(/symbolic link that leads out of its folder/);
  });
});
