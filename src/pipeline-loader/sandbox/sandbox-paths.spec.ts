import { mkdir, mkdtemp, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { findSandboxPaths, type SandboxPathsRequest } from './sandbox-paths.js';
import { SandboxError } from './sandbox.error.js';

let root: string;

beforeEach(async () => {
  root = await realpath(await mkdtemp(join(tmpdir(), 'sandbox-paths-')));
});
afterEach(() => rm(root, { recursive: true }));

/** Makes empty files (folders with them) beneath the root. */
async function files(...names: readonly string[]): Promise<void> {
  for (const name of names) {
    await mkdir(dirname(join(root, name)), { recursive: true });
    await writeFile(join(root, name), '');
  }
}

async function find(entry: string, request: Partial<SandboxPathsRequest> = {}) {
  return findSandboxPaths({
    level: 'strict',
    language: 'node',
    entry: join(root, entry),
    folder: dirname(join(root, entry)),
    assets: [],
    interpreterPaths: [],
    serverRoot: join(root, 'server'),
    secrets: [],
    ...request,
  });
}

describe('findSandboxPaths', () => {
  it("opens the pipeline's folder, its assets and the interpreter's files", async () => {
    await files('mine/index.ts', 'weights/w.bin');
    const found = await find('mine/index.ts', { assets: [join(root, 'weights')], interpreterPaths: ['/opt/python'] });
    expect(found.readable).toEqual(
      expect.arrayContaining([join(root, 'mine'), join(root, 'weights'), '/opt/python', '/usr/lib']),
    );
    expect(found.readable).not.toContain(root);
    const ofSystem = await find('mine/index.ts', { language: 'python', interpreterPaths: ['/usr', '/usr/local'] });
    expect(ofSystem.readable).not.toContain('/usr');
    expect(found.nodeReadable).toEqual(expect.arrayContaining([join(root, 'mine'), join(root, 'weights')]));
    expect(found.notes).toEqual([]);
  });

  it("opens of the server only what runs in the pipeline's process", async () => {
    await files('mine/index.ts');
    const ofServer = (paths: readonly string[]) => paths.filter((path) => path.startsWith(join(root, 'server')));
    expect(ofServer((await find('mine/index.ts')).readable)).toEqual(
      ['package.json', 'dist/pipeline-loader', 'dist/common'].map((part) => join(root, 'server', part)),
    );
    expect(ofServer((await find('mine/index.ts', { language: 'python' })).readable)).toEqual([join(root, 'server/python')]);
  });

  it('opens only the entry in a folder that holds the server, and says so', async () => {
    await files('index.ts', 'server/package.json');
    const { readable, nodeReadable, notes } = await find('index.ts');
    expect(readable).toContain(join(root, 'index.ts'));
    expect([...readable, ...nodeReadable]).not.toContain(root);
    expect(notes).toEqual([expect.stringMatching(/may read only .*index\.ts.*folder of its own/u)]);
  });

  it.each(['/', '/tmp', '/etc', homedir(), dirname(homedir())])('opens only the entry in %s', async (folder) => {
    const entry = join(folder, 'pipeline.py');
    const { readable } = await findSandboxPaths({
      level: 'strict',
      language: 'python',
      entry,
      folder,
      assets: [],
      interpreterPaths: [],
      serverRoot: join(root, 'server'),
      secrets: [],
    });
    expect(readable).toContain(entry);
    expect(readable).not.toContain(folder);
  });

  it("keeps the server's secrets closed in an open folder, wherever they lie in it", async () => {
    await files('mine/index.ts', 'mine/.env', 'mine/sub/.env', 'mine/sub/clip.mp4', 'mine/other/x.bin');
    const { readable, listable } = await find('mine/index.ts', {
      secrets: ['mine/.env', 'mine/sub/.env'].map((name) => join(root, name)),
    });
    const own = (paths: readonly string[]) => paths.filter((path) => path.startsWith(join(root, 'mine'))).toSorted();
    expect(own(readable)).toEqual(['mine/index.ts', 'mine/other', 'mine/sub/clip.mp4'].map((name) => join(root, name)));
    expect(own(listable)).toEqual(['mine', 'mine/sub'].map((name) => join(root, name)));
  });

  it("keeps the server's secrets closed in an open asset, and opens none by name", async () => {
    await files('mine/index.ts', 'work/.env', 'work/weights/w.bin', 'work/clip.mp4');
    const request = { assets: [join(root, 'work')], secrets: [join(root, 'work/.env')] };
    const { readable, listable } = await find('mine/index.ts', request);
    const ofAsset = (paths: readonly string[]) => paths.filter((path) => path.startsWith(join(root, 'work'))).toSorted();
    expect(ofAsset(readable)).toEqual(['work/clip.mp4', 'work/weights'].map((name) => join(root, name)));
    expect(ofAsset(listable)).toEqual([join(root, 'work')]);
    const byName = find('mine/index.ts', { ...request, assets: [join(root, 'work/.env')] });
    await expect(byName).rejects.toThrow(SandboxError);
    await expect(byName).rejects.toThrow(/work\/\.env holds the server's secrets.*--asset/u);
  });

  it('does not open what a symlink beside a secret leads to', async () => {
    await files('mine/index.ts', 'mine/.env', 'outside/file');
    await symlink(join(root, 'outside/file'), join(root, 'mine/link'));
    const { readable } = await find('mine/index.ts', { secrets: [join(root, 'mine/.env')] });
    expect(readable.filter((path) => path.startsWith(root) && !path.startsWith(join(root, 'server')))).toEqual([
      join(root, 'mine/index.ts'),
    ]);
  });

  it('keeps a secret closed that a symlink leads to', async () => {
    await files('mine/index.ts', 'mine/real-secret');
    await symlink(join(root, 'mine/real-secret'), join(root, '.env'));
    const { readable } = await find('mine/index.ts', { secrets: [join(root, '.env')] });
    expect(readable).not.toContain(join(root, 'mine/real-secret'));
    expect(readable).not.toContain(join(root, 'mine'));
  });

  it('opens the packages above the folder at standard, and the nearest manifest always', async () => {
    await files(
      'package.json',
      'node_modules/a/index.js',
      'apps/package.json',
      'apps/node_modules/b/index.js',
      'apps/mine/index.ts',
    );
    const above = ['node_modules', 'apps/node_modules'].map((name) => join(root, name));
    const strict = await find('apps/mine/index.ts');
    expect(strict.nodeReadable).toContain(join(root, 'apps/package.json'));
    expect(strict.nodeReadable).not.toContain(join(root, 'package.json'));
    for (const path of above) expect(strict.readable).not.toContain(path);
    const standard = await find('apps/mine/index.ts', { level: 'standard' });
    for (const path of above) {
      expect(standard.readable).toContain(path);
      expect(standard.nodeReadable).toContain(path);
    }
  });

  it('refuses an entry outside the folder, as a symlink makes it', async () => {
    await files('mine/other.ts');
    const request = find('mine/other.ts', { entry: '/etc/passwd' });
    await expect(request).rejects.toThrow(SandboxError);
    await expect(request).rejects.toThrow(/lies outside/u);
  });

  it('refuses an asset that is not there', async () => {
    await files('mine/index.ts');
    await expect(find('mine/index.ts', { assets: [join(root, 'nothing')] })).rejects.toThrow(/no asset at .*nothing.*--asset/u);
  });
});
