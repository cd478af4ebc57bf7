import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { runCommand } from './run-command.js';

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'new-'));
});
afterEach(() => rm(folder, { recursive: true }));

async function run(...args: readonly string[]) {
  const printed = { out: '', err: '' };
  const unloaded = (): Promise<never> => Promise.reject(new Error('the server must not be loaded for this'));
  const code = await runCommand(
    ['new', ...args],
    {
      stdout: { write: (text) => (printed.out += text) },
      stderr: { write: (text) => (printed.err += text) },
      on: () => undefined,
      exit: () => undefined,
    },
    { serve: unloaded, validate: unloaded, makeApiKey: unloaded, watch: unloaded, bench: unloaded },
  );
  return { ...printed, code };
}

describe('telefuser new', () => {
  it.each([
    ['TypeScript', [], 'index.ts'],
    ['Python', ['--python'], 'pipeline.py'],
  ])('writes a pipeline in %s, and says what to run next', async (_language, args, entry) => {
    const target = join(folder, 'deep', 'My Model!');
    const { code, out } = await run(target, ...args);
    expect(code).toBe(0);
    expect(out).toContain(`  npx telefuser validate '${target}'\n  npx telefuser stream-serve '${target}'\n`);
    const files = await readdir(target, { recursive: true });
    expect(files).toContain(entry);
    for (const file of files) {
      expect(out).toContain(file);
      expect(await readFile(join(target, file), 'utf8')).not.toContain('__NAME__');
    }
    expect(await readFile(join(target, 'README.md'), 'utf8')).toContain('my-model');
  });

  it.each([
    ['demo', 'demo'],
    ['.Hidden_One', 'hidden_one'],
    ['模型', 'pipeline'],
    ['a  b', 'a-b'],
  ])('makes a package name of the folder %j', async (name, expected) => {
    await run(join(folder, name));
    expect(JSON.parse(await readFile(join(folder, name, 'package.json'), 'utf8'))).toMatchObject({ name: expected });
  });

  it('takes an empty folder, and touches none that is not', async () => {
    const target = join(folder, 'there');
    await mkdir(target);
    expect((await run(target)).code).toBe(0);
    const before = await readFile(join(target, 'index.ts'), 'utf8');
    expect(await run(target, '--python')).toMatchObject({
      code: 2,
      out: '',
      err: `telefuser: ${target} is not empty. Name a new or an empty folder.\n`,
    });
    expect(await readFile(join(target, 'index.ts'), 'utf8')).toBe(before);
    expect(await readdir(target)).not.toContain('pipeline.py');
  });

  it('says that a folder cannot be made', async () => {
    await writeFile(join(folder, 'file'), '');
    expect(await run(join(folder, 'file'))).toMatchObject({ code: 2, err: expect.stringContaining('is no folder.') });
    expect(await run(join(folder, 'file', 'below'))).toMatchObject({ code: 2, err: expect.stringMatching(/^telefuser: .*\n$/) });
  });
});
