import { createHash } from 'node:crypto';

import { describe, expect, it } from 'vitest';

import { parseApiKeyRecords } from '../config/index.js';
import { makeApiKey } from '../identity/index.js';
import { runCommand } from './run-command.js';

const unloaded = (): Promise<never> => Promise.reject(new Error('the server must not be loaded for this'));

async function run(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  const printed = { out: '', err: '' };
  const code = await runCommand(
    ['api-key', ...args],
    {
      stdout: { write: (text) => (printed.out += text) },
      stderr: { write: (text) => (printed.err += text) },
      on: () => undefined,
      exit: () => undefined,
    },
    {
      serve: unloaded,
      validate: unloaded,
      watch: unloaded,
      bench: unloaded,
      makeApiKey: (options) => Promise.resolve(makeApiKey(options)),
    },
  );
  return { ...printed, code };
}

describe('telefuser api-key', () => {
  it('prints a key, and a record that the configuration takes and that holds only its hash', async () => {
    const { code, out } = await run('acme', '--scope', 'stream:read', '--id', 'front1', '--expires', '2027-01-31T00:00:00Z');
    const [key = '', record = ''] = out.split('\n');
    expect(code).toBe(0);
    expect(key).toMatch(/^tfk_front1_[\w-]{43}$/u);
    expect(parseApiKeyRecords(`[${record}]`)).toEqual([
      {
        id: 'front1',
        sha256: createHash('sha256').update(key).digest('hex'),
        tenant: 'acme',
        scopes: ['stream:read'],
        expiresAtMs: Date.UTC(2027, 0, 31),
      },
    ]);
    expect(record).not.toContain(key);
  });

  it('gives every scope, an id and no end unless told otherwise', async () => {
    const [, record = ''] = (await run('acme')).out.split('\n');
    expect(JSON.parse(record)).toEqual({
      id: expect.stringMatching(/^[0-9a-f]{12}$/u),
      sha256: expect.stringMatching(/^[0-9a-f]{64}$/u),
      tenant: 'acme',
      scopes: ['stream:create', 'stream:read', 'stream:close'],
    });
  });

  it.each([
    [['acme', '--scope', 'stream:all'], '--scope must be one of stream:create'],
    [['acme', '--id', 'a_b'], '--id must be'],
    [['acme', '--expires', 'soon'], '--expires must be'],
    [['two words'], 'the tenant must be'],
    [[], 'no tenant given'],
  ])('refuses %j', async (args, message) => {
    const { code, err } = await run(...args);
    expect(code).toBe(2);
    expect(err).toContain(message);
  });
});
