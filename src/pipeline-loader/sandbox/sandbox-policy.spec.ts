import { describe, expect, it } from 'vitest';
import { sandboxPolicy, type SandboxPolicyRequest } from './sandbox-policy.js';

const PATHS = { readable: ['/p', '/usr/lib'], listable: [], nodeReadable: ['/p'], gpuDevices: [] };
const GIBIBYTE = 1024 ** 3;

const policy = (request: Partial<SandboxPolicyRequest>) =>
  sandboxPolicy({
    level: 'strict',
    language: 'node',
    architecture: 'x64',
    paths: PATHS,
    scratch: '/s',
    nodeExecutable: '/node',
    ...request,
  });

describe('sandboxPolicy', () => {
  it('at strict writes nowhere, and refuses what it cannot enforce', () => {
    const { kernel, environment } = policy({});
    expect(kernel).toMatchObject({ required: true, readable: PATHS.readable, writable: [], limits: { core: 0 } });
    expect(kernel?.limits).not.toHaveProperty('fsize');
    expect(environment).toEqual({});
  });

  it('at standard writes into the scratch folder, which programs find', () => {
    const { kernel, environment } = policy({ level: 'standard' });
    expect(kernel).toMatchObject({ required: false, writable: ['/s'] });
    expect(kernel?.limits.fsize).toBeGreaterThan(0);
    expect(environment).toEqual({ TMPDIR: '/s', HOME: '/s' });
  });

  it('at permissive restricts nothing', () => {
    expect(policy({ level: 'permissive' })).toEqual({ kernel: undefined, nodeFlags: [], environment: {} });
  });

  it('lets only Node execute, and only itself', () => {
    expect(policy({}).kernel?.executable).toContain('/node');
    expect(policy({ language: 'python' }).kernel?.executable).toEqual([]);
    expect(policy({}).kernel?.seccomp).not.toBe(policy({ language: 'python' }).kernel?.seccomp);
  });

  it("has Node's own permission model beside the kernel, with addons and workers at standard", () => {
    const strict = policy({}).nodeFlags;
    expect(strict).toEqual(
      expect.arrayContaining(['--permission', '--allow-fs-read=/p', '--disallow-code-generation-from-strings']),
    );
    expect(strict.filter((flag) => /^--allow-(?!fs-read)/u.test(flag))).toEqual([]);
    const standard = policy({ level: 'standard' }).nodeFlags;
    expect(standard).toEqual(expect.arrayContaining(['--permission', '--allow-addons', '--allow-worker', '--allow-fs-write=/s']));
    expect(standard.filter((flag) => /^--allow-(child-process|net|ffi|wasi|inspector)/u.test(flag))).toEqual([]);
    expect(policy({ language: 'python' }).nodeFlags).toEqual([]);
  });

  it('opens graphics cards where there are any, and does not limit the memory that their drivers map', () => {
    const request = { level: 'standard', memoryLimitBytes: GIBIBYTE } as const;
    expect(policy(request).kernel?.limits.data).toBeGreaterThan(GIBIBYTE);
    const { kernel } = policy({ ...request, paths: { ...PATHS, gpuDevices: ['/dev/nvidia0'] } });
    expect(kernel?.devices).toEqual(expect.arrayContaining(['/dev/nvidia0', '/dev/zero']));
    expect(policy(request).kernel?.devices).not.toContain('/dev/zero');
    expect(kernel?.seccomp).not.toBe(policy(request).kernel?.seccomp);
    expect(kernel?.writable).toEqual(['/s', '/dev/shm']);
    expect(kernel?.limits).not.toHaveProperty('data');
  });

  it("sets Node's heap by the memory limit, at every level", () => {
    for (const level of ['strict', 'standard', 'permissive'] as const) {
      expect(policy({ level, memoryLimitBytes: GIBIBYTE }).nodeFlags).toContain('--max-old-space-size=1024');
    }
  });

  it('has no filter for a machine whose system calls it does not know', () => {
    expect(policy({ architecture: 'riscv64' }).kernel?.seccomp).toBeNull();
  });
});
