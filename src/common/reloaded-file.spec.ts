import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { Logger } from '@nestjs/common';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';

import { ReloadedFile } from './reloaded-file.js';

let folder: string;
let opened: ReloadedFile<string> | undefined;

beforeAll(() => Logger.overrideLogger(false));
afterAll(() => Logger.overrideLogger(['log']));
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'telefuser-reload-'));
});
afterEach(async () => {
  opened?.close();
  await rm(folder, { recursive: true });
});

const parse = ([first = '', second = '']: readonly string[]): string => {
  if (first === 'bad') throw new Error('it is bad');
  return `${first}+${second}`;
};

async function open(paths: readonly string[]) {
  const changed = vi.fn<(value: string) => void>();
  const file = await ReloadedFile.open({ paths, intervalMs: 5, parse, changed });
  opened = file;
  return { file, changed };
}

describe('ReloadedFile', () => {
  it('follows its files, also when a folder is swapped by a symbolic link, as Kubernetes does', async () => {
    const paths = ['cert', 'key'].map((name) => join(folder, name));
    const version = async (name: string): Promise<void> => {
      await mkdir(join(folder, name));
      for (const file of ['cert', 'key']) await writeFile(join(folder, name, file), name);
      await symlink(name, join(folder, 'next'));
      await rename(join(folder, 'next'), join(folder, '..data'));
    };
    await version('one');
    for (const name of ['cert', 'key']) await symlink(join('..data', name), join(folder, name));
    const { file, changed } = await open(paths);
    expect(file.value).toBe('one+one');
    await version('two');
    await vi.waitFor(() => expect(file.value).toBe('two+two'));
    expect(changed).toHaveBeenLastCalledWith('two+two');
  });

  it('keeps what it has when a change cannot be used or the file is gone, and takes the next that can', async () => {
    const path = join(folder, 'a');
    await writeFile(path, 'one');
    const warn = vi.spyOn(Logger.prototype, 'warn').mockImplementation(() => undefined);
    try {
      const { file } = await open([path]);
      await writeFile(path, 'bad');
      await vi.waitFor(() => expect(warn).toHaveBeenCalledWith(expect.stringContaining('it is bad')));
      expect(file.value).toBe('one+');
      await rm(path);
      await vi.waitFor(() => expect(warn).toHaveBeenCalledWith(expect.stringContaining('ENOENT')));
      expect(file.value).toBe('one+');
      await writeFile(path, 'two');
      await vi.waitFor(() => expect(file.value).toBe('two+'));
      expect(warn).toHaveBeenCalledTimes(2);
    } finally {
      warn.mockRestore();
    }
  });

  it.each([
    ['there is none', async () => join(folder, 'none'), 'ENOENT'],
    ['it is a folder', async () => folder, 'no file'],
    [
      'it is a pipe that nobody writes to',
      async () => {
        execFileSync('mkfifo', [join(folder, 'pipe')]);
        return join(folder, 'pipe');
      },
      'it is a folder, a pipe or a device, and no file',
    ],
    ['it is a device without an end', async () => '/dev/zero', 'it is a folder, a pipe or a device, and no file'],
    [
      'it is too large',
      async () => {
        await writeFile(join(folder, 'large'), Buffer.alloc(1024 * 1024 + 1));
        return join(folder, 'large');
      },
      'at most 1048576',
    ],
  ])('cannot be opened when %s', async (_what, path, message) => {
    await expect(open([await path()])).rejects.toThrow(message);
  });
});
