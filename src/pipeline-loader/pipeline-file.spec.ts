import { mkdir, mkdtemp, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { MAX_FILE_BYTES } from './checker/finding.js';
import { findPipelineFile } from './pipeline-file.js';

let folder: string;

beforeEach(async () => {
  folder = await realpath(await mkdtemp(join(tmpdir(), 'pipeline-')));
});
afterEach(() => rm(folder, { recursive: true }));

describe('findPipelineFile', () => {
  it('finds a file, the main of a folder, or its entry file in a fixed order', async () => {
    const found = async (path: string): Promise<string> => (await findPipelineFile(path)).entry.slice(folder.length + 1);
    for (const name of ['__init__.py', 'main.py', 'pipeline.py', 'index.mjs', 'index.js', 'index.mts', 'index.ts']) {
      await writeFile(join(folder, name), '');
      expect(await found(folder)).toBe(name);
      expect(await found(join(folder, name))).toBe(name);
    }
    await writeFile(join(folder, 'package.json'), '{"main": "./index.js"}');
    expect(await found(folder)).toBe('index.js');
  });

  it('says the folder, the language and the path as it was given', async () => {
    await mkdir(join(folder, 'lib'));
    const entry = join(folder, 'lib', 'model.py');
    await writeFile(entry, '');
    expect(await findPipelineFile(entry)).toEqual({ entry, folder: join(folder, 'lib'), language: 'python', path: entry });
    await writeFile(join(folder, 'lib', 'a.ts'), '');
    await writeFile(join(folder, 'package.json'), '{"main": "lib/a.ts"}');
    const path = `${folder}/lib/..`;
    expect(await findPipelineFile(path)).toEqual({ entry: join(folder, 'lib', 'a.ts'), folder, language: 'node', path });
  });

  it('follows a link that names a file or a folder, and refuses one that leads out of a folder', async () => {
    await mkdir(join(folder, 'real'));
    const entry = join(folder, 'real', 'model.mjs');
    await writeFile(entry, '');
    await symlink(entry, join(folder, 'link.py'));
    expect(await findPipelineFile(join(folder, 'link.py'))).toMatchObject({
      entry,
      folder: join(folder, 'real'),
      language: 'node',
    });
    await mkdir(join(folder, 'inside'));
    await symlink(entry, join(folder, 'inside', 'index.mjs'));
    await expect(findPipelineFile(join(folder, 'inside'))).rejects.toMatchObject({
      kind: 'not-found',
      reason: `${folder}/inside/index.mjs is a symbolic link that leads out of its folder`,
    });
    await symlink(join(folder, 'real'), join(folder, 'linked-folder'));
    await symlink('model.mjs', join(folder, 'real', 'index.mjs'));
    expect(await findPipelineFile(join(folder, 'linked-folder'))).toMatchObject({ entry, folder: join(folder, 'real') });
  });

  it.each([
    ['a path where nothing is', 'missing.ts', 'not-found'],
    ['a folder without an entry', '.', 'not-found'],
    ['a main that is missing', 'wrong-main', 'not-found'],
    ['a main outside its folder', 'outside', 'not-found'],
    ['a package.json that is no JSON', 'no-json', 'load-failed'],
    ['a file of another kind', 'notes.txt', 'not-found'],
    ['a folder named like a module', 'folder.ts', 'not-found'],
    ['a file over 1 MiB', 'large.mjs', 'load-failed'],
  ])('refuses %s', async (_what, name, kind) => {
    for (const [sub, json] of [
      ['wrong-main', '{"main": "nowhere.js"}'],
      ['outside', '{"main": "../large.mjs"}'],
      ['no-json', '{'],
    ] as const) {
      await mkdir(join(folder, sub));
      await writeFile(join(folder, sub, 'package.json'), json);
    }
    await mkdir(join(folder, 'folder.ts'));
    await writeFile(join(folder, 'notes.txt'), '');
    await writeFile(join(folder, 'large.mjs'), Buffer.alloc(MAX_FILE_BYTES + 1));
    await expect(findPipelineFile(join(folder, name))).rejects.toMatchObject({ name: 'PipelineStartError', kind });
  });

  it('takes a file of exactly 1 MiB', async () => {
    const file = join(folder, 'full.mjs');
    await writeFile(file, Buffer.alloc(MAX_FILE_BYTES));
    expect(await findPipelineFile(file)).toMatchObject({ entry: file });
  });
});
