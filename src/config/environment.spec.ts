import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { ConfigurationError } from './configuration.error.js';
import { readEnvironment } from './environment.js';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'environment-'));
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(folder, { recursive: true });
});

describe('readEnvironment', () => {
  it('adds the variables of the file, and lets those that are set already win', async () => {
    vi.stubEnv('TELEFUSER_PORT', '9000');
    vi.stubEnv('TELEFUSER_LOG_LEVEL', undefined);
    await writeFile(join(folder, '.env'), 'TELEFUSER_PORT=1\nTELEFUSER_LOG_LEVEL="debug" # noisy\n');
    expect(readEnvironment(join(folder, '.env'))).toMatchObject({ TELEFUSER_PORT: '9000', TELEFUSER_LOG_LEVEL: 'debug' });
  });

  it('needs no file', () => {
    expect(readEnvironment(join(folder, 'absent'))).toBe(process.env);
  });

  it('refuses a .env that cannot be read', () => {
    expect(() => readEnvironment(folder)).toThrow(ConfigurationError);
  });
});
