import { mkdir, mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { findPipelineFile, MAX_PIPELINE_FILE_BYTES } from './pipeline-file.js';

let folder: string;

beforeEach(async () => {
  folder = await realpath(await mkdtemp(join(tmpdir(), 'pipeline-')));
});
afterEach(() => rm(folder, { recursive: true }));

describe('findPipelineFile', () => {
  it('finds a file, the main of a folder, or its index', async () => {
    const file = join(folder, 'index.js');
    await writeFile(file, '');
    expect(await findPipelineFile(file)).toEqual({ entry: file });
    expect(await findPipelineFile(folder)).toEqual({ entry: file });
    await writeFile(join(folder, 'index.ts'), '');
    expect(await findPipelineFile(folder)).toEqual({ entry: join(folder, 'index.ts') });
    await writeFile(join(folder, 'package.json'), '{"main": "./index.js"}');
    expect(await findPipelineFile(folder)).toEqual({ entry: file });
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
    await writeFile(join(folder, 'large.mjs'), Buffer.alloc(MAX_PIPELINE_FILE_BYTES + 1));
    await expect(findPipelineFile(join(folder, name))).rejects.toMatchObject({ name: 'PipelineStartError', kind });
  });

  it('takes a file of exactly 1 MiB', async () => {
    const file = join(folder, 'full.mjs');
    await writeFile(file, Buffer.alloc(MAX_PIPELINE_FILE_BYTES));
    expect(await findPipelineFile(file)).toEqual({ entry: file });
  });
});
