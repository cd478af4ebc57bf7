import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { findPython } from './python-interpreter.js';

const PYTHON = '/usr/bin/python3';

describe('findPython', () => {
  let folder: string;

  beforeAll(() => {
    folder = realpathSync(mkdtempSync(join(tmpdir(), 'telefuser-python-')));
  });
  afterEach(() => vi.unstubAllEnvs());
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  /** A program in a folder of its own. */
  function program(name: string, script: string, place = ''): string {
    mkdirSync(join(folder, place), { recursive: true });
    const path = join(folder, place, name);
    writeFileSync(path, script);
    chmodSync(path, 0o755);
    return path;
  }

  /** A program that answers like an interpreter. */
  function fakePython(name: string, answer: object, place = ''): string {
    return program(name, `#!/bin/sh\necho '${JSON.stringify(answer)}'\n`, place);
  }

  it('asks the configured interpreter for its path, its version and what it reads', async () => {
    const python = await findPython({ configured: PYTHON, folders: [] });
    const version = execFileSync(PYTHON, ['-c', 'import platform; print(platform.python_version())'], { encoding: 'utf8' });
    const stdlib = execFileSync(PYTHON, ['-c', 'import os; print(os.path.dirname(os.__file__))'], { encoding: 'utf8' });
    expect(python.executable).toBe(PYTHON);
    expect(python.version.join('.')).toBe(version.trim());
    expect(python.readablePaths.some((path) => `${stdlib.trim()}/`.startsWith(`${path}/`))).toBe(true);
    expect(python.readablePaths).not.toContain('/');
  });

  it('takes a name from the PATH, and the real program behind a shim', async () => {
    const shim = program('shim', `#!/bin/sh\nexec ${PYTHON} "$@"\n`);
    expect((await findPython({ configured: shim, folders: [] })).executable).toBe(PYTHON);
    expect((await findPython({ configured: 'python3', folders: [] })).executable).toMatch(/^\/.*python3/);
    expect((await findPython({ folders: [folder] })).executable).toMatch(/^\/.*python3/);
  });

  it('takes the first folder with a virtual environment, by its path there', async () => {
    const environment = join(folder, 'with', '.venv');
    execFileSync(PYTHON, ['-m', 'venv', '--without-pip', environment]);
    const python = await findPython({ folders: [join(folder, 'without'), join(folder, 'with')] });
    expect(python.executable).toBe(join(environment, 'bin', 'python'));
    expect(python.readablePaths).toContain(environment);
    expect(python.readablePaths.some((path) => '/usr/lib/python3'.startsWith(path))).toBe(true);
  });

  it('knows folders by their given and by their real names', async () => {
    mkdirSync(join(folder, 'packages'));
    symlinkSync(join(folder, 'packages'), join(folder, 'link'));
    const paths = [join(folder, 'link'), join(folder, 'packages', 'inner'), join(folder, 'gone'), '/', 'relative'];
    const configured = fakePython('linked', { executable: '/opt/python', version: [3, 12, 1], paths });
    expect(await findPython({ configured, folders: [] })).toEqual({
      executable: '/opt/python',
      version: [3, 12, 1],
      readablePaths: [join(folder, 'link'), join(folder, 'packages')],
    });
  });

  it('knows where the packages of the user are, if it imports from there', async () => {
    const base = join(folder, 'user');
    vi.stubEnv('PYTHONUSERBASE', base);
    expect(await findPython({ configured: PYTHON, folders: [] })).not.toHaveProperty('userBase');
    const packages = execFileSync(PYTHON, ['-c', 'import site; print(site.getusersitepackages())'], { encoding: 'utf8' }).trim();
    mkdirSync(packages, { recursive: true });
    const python = await findPython({ configured: PYTHON, folders: [] });
    expect(python.userBase).toBe(base);
    expect(python.readablePaths).toContain(packages);

    const environments = { alone: [], together: ['--system-site-packages'] };
    for (const [name, flags] of Object.entries(environments)) {
      execFileSync(PYTHON, ['-m', 'venv', '--without-pip', ...flags, join(folder, name, '.venv')]);
    }
    expect(await findPython({ folders: [join(folder, 'alone')] })).not.toHaveProperty('userBase');
    expect((await findPython({ folders: [join(folder, 'together')] })).userBase).toBe(base);
    vi.stubEnv('PYTHONNOUSERSITE', '1');
    expect(await findPython({ configured: PYTHON, folders: [] })).not.toHaveProperty('userBase');
  });

  it('keeps the given path where the interpreter cannot tell its own', async () => {
    const configured = fakePython('unknown', { executable: '', version: [3, 9, 0], paths: [] });
    expect((await findPython({ configured, folders: [] })).executable).toBe(configured);
  });

  it.each([
    ['that is not there', () => join(folder, 'no-python'), 'There is no program '],
    ['that is not on the PATH', () => 'no-such-python', 'There is no program no-such-python on the PATH.'],
    [
      'that is too old',
      () => fakePython('old', { executable: '', version: [3, 8, 18], paths: [] }),
      'is Python 3.8.18, and pipelines need',
    ],
    [
      'that is of a later age',
      () => fakePython('new', { executable: '', version: [4, 0, 0], paths: [] }),
      'is Python 4.0.0, and pipelines need',
    ],
    ['that is another program', () => program('cat', '#!/bin/sh\necho hello\n'), 'is no Python interpreter'],
    ['with half an answer', () => fakePython('half', { version: [3], paths: [] }), 'is no Python interpreter'],
    [
      'that fails',
      () => program('broken', '#!/bin/sh\necho "first" >&2\necho "no shim for python" >&2\nexit 3\n'),
      'does not run as Python 3: no shim for python',
    ],
    ['that fails without a word', () => program('mute', '#!/bin/sh\nexit 3\n'), 'does not run as Python 3: it ended with 3'],
    ['that dies', () => program('dying', '#!/bin/sh\nkill -SEGV $$\n'), 'does not run as Python 3: it was ended by SIGSEGV'],
  ])('refuses one %s', async (_what, configured, message) => {
    const refused = findPython({ configured: configured(), folders: [] });
    await expect(refused).rejects.toThrow(message);
    await expect(refused).rejects.toThrow('Install Python 3.9 or newer, or name the interpreter in TELEFUSER_PYTHON.');
    await expect(refused).rejects.toMatchObject({ kind: 'interpreter' });
  });

  it('refuses one that is no program', async () => {
    const path = join(folder, 'text');
    writeFileSync(path, 'no program');
    await expect(findPython({ configured: path, folders: [] })).rejects.toThrow('is not executable');
  });
});
