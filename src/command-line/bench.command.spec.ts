import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { runCommand } from './run-command.js';
import type { Server } from './server.port.js';

const HOSTILE = 'says \u001B]0;x\u0007\u009B2J';
const REPORT = {
  url: 'http://localhost:8088/',
  sessions: 1,
  seconds: 1,
  succeeded: 0,
  success_rate: 0,
  offer_round_trip_ms: null,
  connected_ms: null,
  first_frame_ms: null,
  fps: null,
  kbps: null,
  loss_percent: null,
  controls: { sent: 0, acknowledged: 0, acknowledged_ms: null, applied_ms: null },
  failures: [{ reason: HOSTILE, sessions: 1 }],
};
const measures: Server['bench'] = async () => ({ report: REPORT, table: ['a table', HOSTILE] });

let folder: string;
let path: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'bench-'));
  path = join(folder, 'figures.json');
});
afterEach(() => rm(folder, { recursive: true }));

async function run(bench: Server['bench'], ...args: readonly string[]) {
  const printed = { out: '', err: '' };
  const unloaded = (): Promise<never> => Promise.reject(new Error('not for this'));
  const code = await runCommand(
    ['bench', REPORT.url, ...args],
    {
      stdout: { write: (text) => (printed.out += text) },
      stderr: { write: (text) => (printed.err += text) },
      on: () => undefined,
      exit: () => undefined,
    },
    { serve: unloaded, validate: unloaded, makeApiKey: unloaded, watch: unloaded, bench },
  );
  return { ...printed, code };
}

describe('telefuser bench', () => {
  it('lets nothing that a server says reach the terminal as a command', async () => {
    expect(await run(measures)).toEqual({ code: 8, out: 'a table\nsays  ]0;x  2J\n', err: '' });
    const { out } = await run(measures, '--json', '-');
    expect(JSON.parse(out)).toEqual(REPORT);
    expect(out).not.toMatch(/[^\P{Cc}\n]/u);
  });

  it('writes the figures into a file, and replaces one only where that is asked for', async () => {
    expect(await run(measures, '--json', path)).toMatchObject({ code: 8, err: '' });
    expect(JSON.parse(await readFile(path, 'utf8'))).toEqual(REPORT);
    await writeFile(path, 'precious '.repeat(1000));
    const refused = await run(() => Promise.reject(new Error('measured in vain')), '--json', path);
    expect(refused).toEqual({ code: 2, out: '', err: expect.stringMatching(/figures\.json is there already\. .*--force/u) });
    expect(await readFile(path, 'utf8')).toMatch(/^precious/u);
    expect(await run(measures, '--json', path, '--force')).toMatchObject({ code: 8, err: '' });
    expect(JSON.parse(await readFile(path, 'utf8'))).toEqual(REPORT);
  });

  it('measures nothing where the file cannot be written', async () => {
    const vain = (): Promise<never> => Promise.reject(new Error('measured in vain'));
    for (const bad of [join(folder, 'none', 'a.json'), folder]) {
      const { code, err } = await run(vain, '--json', bad, '--force');
      expect({ code, err }).toEqual({ code: 2, err: expect.stringMatching(/cannot be written \((ENOENT|EISDIR)\)\. Name/u) });
    }
  });

  it('leaves no empty file behind, and one that was there as it was, when nothing was measured', async () => {
    const interrupted: Server['bench'] = async () => undefined;
    expect(await run(interrupted, '--json', path)).toMatchObject({ code: 0 });
    expect((await run(() => Promise.reject(new Error('broken')), '--json', path)).code).toBe(1);
    expect(await readdir(folder)).toEqual([]);
    await writeFile(path, 'precious');
    expect(await run(interrupted, '--json', path, '--force')).toMatchObject({ code: 0 });
    expect(await readFile(path, 'utf8')).toBe('precious');
  });
});
