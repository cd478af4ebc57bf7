import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { leftoversOf } from './leftovers.mjs';

it('what a run leaves behind is named: its processes, its files, and no others', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'telefuser-leftovers-'));
  const start = (environment: object) => {
    const child = spawn(process.execPath, ['-e', 'console.log(1); setInterval(() => 0, 1000)'], {
      env: { PATH: process.env['PATH'], ...environment },
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    return { child, ended: once(child, 'exit'), started: once(child.stdout, 'data') };
  };
  const ours = start({ TMPDIR: folder });
  const others = start({ TMPDIR: `${folder}-of-others` });
  try {
    await Promise.all([ours.started, others.started]);
    expect(await leftoversOf(folder, 0)).toEqual([expect.stringMatching(`^process ${ours.child.pid}: \\S+ -e console`)]);
    ours.child.kill('SIGKILL');
    await ours.ended;
    writeFileSync(join(folder, 'forgotten'), '');
    expect(await leftoversOf(folder, 0)).toEqual(['file forgotten']);
  } finally {
    for (const { child, ended } of [ours, others]) {
      child.kill('SIGKILL');
      await ended;
    }
    rmSync(folder, { recursive: true });
  }
});
