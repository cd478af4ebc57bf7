import { mkdir, mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { hostCommand, type SandboxedCommand, type HostCommandRequest } from './host-command.js';
import type { KernelPolicy } from './kernel-policy.js';
import { SandboxError } from './sandbox.error.js';

const PYTHON = { command: '/usr/bin/python3', readablePaths: ['/opt/python/lib'] };

let folder: string;

beforeEach(async () => {
  folder = join(await realpath(await mkdtemp(join(tmpdir(), 'host-command-'))), 'pipeline');
  await mkdir(folder);
  await writeFile(join(folder, 'index.ts'), '');
});
afterEach(async () => {
  vi.restoreAllMocks();
  await rm(join(folder, '..'), { recursive: true });
});

const command = (request: Partial<HostCommandRequest>): Promise<SandboxedCommand> =>
  hostCommand({ language: 'node', level: 'strict', entry: join(folder, 'index.ts'), folder, assets: [], ...request });

const policyOf = (args: readonly string[]): KernelPolicy | null =>
  JSON.parse(args.find((argument) => /^(\{|null$)/u.test(argument)) ?? '') as KernelPolicy | null;

describe('hostCommand', () => {
  it('starts a sandboxed Node pipeline through the launcher, which then becomes the host', async () => {
    const { command: executable, args } = await command({});
    expect(executable).toBe(process.execPath);
    expect(args.slice(0, 2)).toEqual(['--no-warnings', '--experimental-ffi']);
    expect(args[2]).toMatch(/sandbox\/launcher\.js$/u);
    expect(args[4]).toMatch(/^--/u);
    expect(args).toContain('--permission');
    expect(args.at(-1)).toMatch(/node-host\/main\.js$/u);
    expect(policyOf(args)?.readable).toEqual(expect.arrayContaining([folder]));
  });

  it('starts a permissive Node pipeline as it is', async () => {
    const { args } = await command({ level: 'permissive', memoryLimitBytes: 1024 ** 3 });
    expect(args).toEqual(['--max-old-space-size=1024', expect.stringMatching(/node-host\/main\.js$/u)]);
  });

  it('gives the policy to the Python host, which applies it', async () => {
    const { command: executable, args } = await command({ language: 'python', python: PYTHON });
    expect(executable).toBe(PYTHON.command);
    expect(args.slice(0, 3)).toEqual(['-u', '-B', expect.stringMatching(/python\/telefuser_host$/u)]);
    expect(policyOf(args)?.readable).toEqual(expect.arrayContaining([folder, '/opt/python/lib']));
    const permissive = await command({ language: 'python', level: 'permissive', python: PYTHON });
    expect(policyOf(permissive.args)).toBeNull();
  });

  it('refuses a policy that no argument can hold, and says what makes it so long', async () => {
    vi.spyOn(process, 'cwd').mockReturnValue(folder);
    const names = Array.from({ length: 1000 }, (_, index) => `${index}-${'x'.repeat(100)}`);
    await Promise.all(['.env', ...names].map((name) => writeFile(join(folder, name), '')));
    for (const request of [{}, { language: 'python', python: PYTHON }] as const) {
      await expect(command(request)).rejects.toThrow(SandboxError);
      await expect(command(request)).rejects.toThrow(/cannot open 1\d{3} files: .*\.env lies in .*pipeline.*move the \.env/u);
    }
    await rm(join(folder, '.env'));
    expect(policyOf((await command({})).args)?.readable).toContain(folder);
    const assets = names.map((name) => join(folder, name));
    await expect(command({ assets })).rejects.toThrow(/each asset is opened by itself; name folders/u);
  });

  it('refuses strict where the kernel cannot hold it, with the remedy, and says at standard what holds instead', async () => {
    vi.spyOn(process, 'platform', 'get').mockReturnValue('darwin');
    await expect(command({})).rejects.toThrow(SandboxError);
    await expect(command({})).rejects.toThrow(/strict cannot be held: .*darwin.*--security-level standard/u);
    const { args, notes } = await command({ level: 'standard' });
    expect(args).toContain('--permission');
    expect(args).not.toContain('--experimental-ffi');
    expect(notes).toEqual([expect.stringMatching(/darwin does not have, so Node's own permission model/u)]);
  });
});
