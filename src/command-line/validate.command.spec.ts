import { afterEach, describe, expect, it, vi } from 'vitest';

import { runCommand } from './run-command.js';
import type { Server } from './server.port.js';

type Validation = Awaited<ReturnType<Server['validate']>>;

const FINDING = {
  file: 'lib/model.ts',
  line: 3,
  column: 8,
  rule: 'network' as const,
  message: 'fetch is used',
  remedy: 'Take it out.',
};

/** Runs `validate` against a check that says the given. */
async function run(args: readonly string[], validation: Partial<Validation> = {}) {
  const printed = { out: '', err: '' };
  const validate = vi.fn<Server['validate']>(() =>
    Promise.resolve({ files: ['index.ts', 'lib/model.ts'], findings: [], mayBeMore: false, ...validation }),
  );
  const code = await runCommand(
    ['validate', 'demo', ...args],
    {
      stdout: { write: (text) => (printed.out += text) },
      stderr: { write: (text) => (printed.err += text) },
      on: () => undefined,
      exit: () => undefined,
    },
    {
      validate,
      serve: () => Promise.reject(new Error('nothing is served')),
      makeApiKey: () => Promise.reject(new Error('no key is made')),
      watch: () => Promise.reject(new Error('nothing is watched')),
      bench: () => Promise.reject(new Error('nothing is measured')),
    },
  );
  return { ...printed, code, validate };
}

afterEach(() => {
  vi.unstubAllEnvs();
});

describe('telefuser validate', () => {
  it('says that a pipeline passes', async () => {
    expect(await run([])).toMatchObject({ code: 0, out: 'demo passes: 2 files checked at the level strict.\n', err: '' });
  });

  it('prints a line for each finding, and ends with 6', async () => {
    expect(await run([], { findings: [FINDING], files: ['a.ts'] })).toMatchObject({
      code: 6,
      out:
        'lib/model.ts:3:8 network fetch is used — Take it out.\n' +
        'demo does not pass, 1 finding: 1 file checked at the level strict.\n',
    });
    const many = await run([], { findings: Array.from({ length: 200 }, () => FINDING), mayBeMore: true });
    expect(many.out).toContain('demo does not pass, 200 findings or more:');
  });

  it('prints a document', async () => {
    const { code, out } = await run(['--json', '--security-level', 'standard'], { findings: [FINDING] });
    expect(code).toBe(6);
    expect(JSON.parse(out)).toEqual({
      pipeline: 'demo',
      security_level: 'standard',
      files: ['index.ts', 'lib/model.ts'],
      findings: [FINDING],
      passed: false,
    });
    expect(JSON.parse((await run(['--json'])).out)).toMatchObject({ findings: [], passed: true });
  });

  it('checks against the level and with the interpreter that are configured', async () => {
    vi.stubEnv('TELEFUSER_SECURITY_LEVEL', 'permissive');
    vi.stubEnv('TELEFUSER_PYTHON', 'python3.12');
    const { validate } = await run([]);
    expect(validate).toHaveBeenCalledExactlyOnceWith({ path: 'demo', securityLevel: 'permissive', python: 'python3.12' });
    expect((await run(['--security-level', 'lax'])).code).toBe(2);
  });
});
