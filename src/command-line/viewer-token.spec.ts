import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';

import { viewerToken } from './viewer-token.js';

const NONE = { token: undefined, tokenFile: undefined };

describe('viewerToken', () => {
  let folder: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'telefuser-token-'));
  });
  afterEach(() => {
    vi.unstubAllEnvs();
  });
  afterAll(async () => {
    await rm(folder, { recursive: true, force: true });
  });

  it('is what the command line says, else what the file has, else the environment', async () => {
    const tokenFile = join(folder, 'token');
    await writeFile(tokenFile, ' of-the-file\n');
    expect(await viewerToken(NONE)).toBeUndefined();
    vi.stubEnv('STREAM_TOKEN', 'of-the-environment');
    expect(await viewerToken(NONE)).toBe('of-the-environment');
    expect(await viewerToken({ ...NONE, tokenFile })).toBe('of-the-file');
    expect(await viewerToken({ token: 'of-the-line', tokenFile })).toBe('of-the-line');
  });

  it('says that a file cannot be read, and never what a bad token is', async () => {
    await expect(viewerToken({ ...NONE, tokenFile: join(folder, 'none') })).rejects.toThrow(/none cannot be read \(ENOENT\)/);
    for (const token of ['bad token', 'bad\r\nx-header: 1', 'b'.repeat(20_000)]) {
      await expect(viewerToken({ ...NONE, token })).rejects.toThrow(
        /^the token has characters that no token has, or is too long\./,
      );
    }
  });
});
