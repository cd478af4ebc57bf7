import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { expect, it } from 'vitest';

const PYTHON = fileURLToPath(new URL('../../python/', import.meta.url));
const TIMEOUT_MS = 480_000;

/**
 * The tests of the Python host, by the system's interpreter, which has the libraries that pipelines use, and by the first on the PATH,
 * which may be of any version and have none.
 */
it.concurrent.each(['/usr/bin/python3', 'python3'])(
  'the tests of the Python host pass with %s',
  async (python) => {
    const { stderr } = await promisify(execFile)(python, ['-B', '-m', 'unittest', 'discover', '-s', 'tests', '-t', '.'], {
      cwd: PYTHON,
      timeout: TIMEOUT_MS,
      maxBuffer: 16 * 1024 * 1024,
    }).catch((error: Error & { stderr?: string }) => {
      throw new Error(error.stderr ?? error.message);
    });
    const ran = /^Ran (\d+) tests? in/mu.exec(stderr)?.[1];
    expect(Number(ran)).toBeGreaterThan(100);
    const last = stderr.trim().split('\n').at(-1);
    // Nothing may be left out where everything is there.
    expect(last).toMatch(python === 'python3' ? /^OK( \(skipped=\d+\))?$/u : /^OK$/u);
  },
  TIMEOUT_MS,
);

it.concurrent(
  'the tests of pipelines/world pass',
  async () => {
    const { stderr } = await promisify(execFile)(
      '/usr/bin/python3',
      ['-B', '-m', 'unittest', 'discover', '-s', 'tests', '-t', '.'],
      {
        cwd: fileURLToPath(new URL('../../pipelines/world/', import.meta.url)),
        timeout: TIMEOUT_MS,
      },
    ).catch((error: Error & { stderr?: string }) => {
      throw new Error(error.stderr ?? error.message);
    });
    expect(stderr).toMatch(/^Ran \d\d tests in/mu);
    expect(stderr.trim().split('\n').at(-1)).toBe('OK');
  },
  TIMEOUT_MS,
);

it('the Python host has the version of the server', () => {
  const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as { version: string };
  expect(readFileSync(`${PYTHON}telefuser_host/__init__.py`, 'utf8')).toContain(`__version__ = "${version}"`);
});
