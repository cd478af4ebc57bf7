import { mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Logger } from '@nestjs/common';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { loadConfiguration } from '../config/index.js';
import { SecurityPolicy } from './security-policy.js';

let folder: string;
let warnings: string[];

beforeEach(async () => {
  folder = await realpath(await mkdtemp(join(tmpdir(), 'policy-')));
  warnings = [];
  vi.spyOn(Logger.prototype, 'warn').mockImplementation((message: unknown) => void warnings.push(String(message)));
});
afterEach(async () => {
  vi.restoreAllMocks();
  await rm(folder, { recursive: true });
});

async function policy(
  source: string,
  options: { skipValidation?: boolean; securityLevel?: 'strict' | 'standard' } = {},
): Promise<SecurityPolicy> {
  const path = join(folder, 'index.ts');
  await writeFile(path, source);
  const { skipValidation = false, securityLevel = 'strict' } = options;
  return new SecurityPolicy({ path, securityLevel, skipValidation, gpuNum: 1, options: {} }, loadConfiguration({}));
}

describe('SecurityPolicy', () => {
  it('admits a pipeline that passes its level', async () => {
    const admitted = await (await policy('process.env;', { securityLevel: 'standard' })).admit();
    expect(admitted).toMatchObject({ file: { entry: join(folder, 'index.ts'), language: 'node' } });
    expect(warnings).toEqual([]);
  });

  it('refuses one that does not, with the first finding and how many more there are', async () => {
    const refused = (await policy('eval(1);\nfetch(2);\nprocess.kill(3);')).admit();
    await expect(refused).rejects.toMatchObject({
      kind: 'refused',
      reason:
        'the pipeline does not pass the check of the level strict: index.ts:1:1 dynamic-code: eval makes code of text, and 2 more findings',
    });
    expect(warnings).toHaveLength(3);
    expect(warnings[2]).toMatch(/^index\.ts:3:1 process-access: process\.kill is used\. Take it out/);
  });

  it('logs at most 50 findings', async () => {
    await expect((await policy('eval(1);\n'.repeat(60))).admit()).rejects.toThrow('and 59 more findings');
    expect(warnings).toHaveLength(50);
  });

  it('looks at nothing when it is told so, and says so once', async () => {
    await (await policy('eval(1', { skipValidation: true })).admit();
    expect(warnings).toEqual(['The source of the pipeline is not checked (--skip-validation).']);
  });

  it('says that there is no pipeline', async () => {
    await rm(folder, { recursive: true });
    const path = join(folder, 'index.ts');
    const options = { path, securityLevel: 'strict' as const, skipValidation: false, gpuNum: 1, options: {} };
    await expect(new SecurityPolicy(options, loadConfiguration({})).admit()).rejects.toMatchObject({ kind: 'not-found' });
    folder = await realpath(await mkdtemp(join(tmpdir(), 'policy-')));
  });
});
