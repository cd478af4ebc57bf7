import { chmod, mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { PipelineFile } from '../pipeline-file.js';
import { checkPipeline } from './check-pipeline.js';
import { runCheckProcess } from './check-process.js';
import { parseCheckReport } from './check-report.js';
import type { Finding } from './finding.js';

let folder: string;

beforeEach(async () => {
  folder = await realpath(await mkdtemp(join(tmpdir(), 'check ')));
});
afterEach(() => rm(folder, { recursive: true }));

async function pipeline(name: string, source: string): Promise<PipelineFile> {
  const entry = join(folder, name);
  await writeFile(entry, source);
  return { entry, folder, language: name.endsWith('.py') ? 'python' : 'node', path: entry };
}

/** A program that stands where the Python interpreter should. */
async function standIn(script: string): Promise<{ executable: string }> {
  const executable = join(folder, 'stand-in');
  await writeFile(executable, `#!/bin/sh\n${script}\n`);
  await chmod(executable, 0o755);
  return { executable };
}

const python = { executable: '/usr/bin/python3' };

describe('checkPipeline', () => {
  it('checks TypeScript and Python in a process of their own', async () => {
    const typescript = await pipeline('index.ts', `import type { A } from 'b';\nexport const a: number = 1;`);
    expect(await checkPipeline(typescript, 'strict')).toEqual({ files: ['index.ts'], findings: [] });
    expect(await checkPipeline(await pipeline('model.py', 'import numpy\n'), 'strict', python)).toEqual({
      files: ['model.py'],
      findings: [],
    });
    const finding = { line: 1, rule: 'dynamic-code', file: 'index.ts' };
    expect((await checkPipeline(await pipeline('index.ts', 'eval(1)'), 'strict')).findings).toMatchObject([finding]);
    expect((await checkPipeline(await pipeline('a.py', 'eval(1)'), 'strict', python)).findings).toMatchObject([
      { ...finding, file: 'a.py' },
    ]);
  });

  it.each([
    ['crashes', 'kill -SEGV $$', /was ended by SIGSEGV/],
    ['ends with an error', 'echo "{}"; exit 3', /ended with exit code 3/],
    ['prints nothing', 'true', /report cannot be used/],
    ['prints garbage', 'echo passed', /report cannot be used/],
    ['prints another document', `echo '{"files": ["a.py"]}'`, /report must list at most 200 findings/],
    ['prints too much', 'exec yes', /printed more than \d+ bytes/],
  ])('takes a checker that %s for a finding', async (_what, script, message) => {
    const { findings } = await checkPipeline(await pipeline('a.py', ''), 'strict', await standIn(script));
    expect(findings).toMatchObject([
      { file: 'a.py', line: 1, column: 1, rule: 'check-failed', message: expect.stringMatching(message) },
    ]);
  });

  it('takes a missing interpreter for a finding', async () => {
    const file = await pipeline('a.py', '');
    expect((await checkPipeline(file, 'strict', { executable: '/nowhere/python' })).findings).toMatchObject([
      { rule: 'check-failed' },
    ]);
    expect((await checkPipeline(file, 'strict')).findings).toMatchObject([{ rule: 'check-failed' }]);
  });

  it('gives the checker no environment', async () => {
    const { executable } = await standIn('test -z "$HOME$TELEFUSER_PORT$VITEST" && echo "none"');
    expect(await runCheckProcess(executable, [])).toBe('none\n');
  });

  it('ends a checker that hangs', async () => {
    const { executable } = await standIn('exec sleep 60');
    await expect(runCheckProcess(executable, [], { timeoutMs: 100 })).rejects.toThrow('the checker took longer than 0.1 s');
  });

  it('survives a source made to exhaust it', async () => {
    // Every name of a long file stands for the one before it, in brackets as deep as they are read.
    const source = `const a0 = process;${Array.from({ length: 15_000 }, (_, n) => `const a${n + 1} = [[[[a${n}]]]];`).join('\n')}\na15000.kill(1)`;
    const { findings } = await checkPipeline(await pipeline('index.ts', source), 'strict');
    expect(findings.length).toBeGreaterThan(0);
  });
});

describe('parseCheckReport', () => {
  const finding: Finding = { file: 'a.ts', line: 1, column: 2, rule: 'syntax', message: 'm', remedy: 'r' };
  const report = (change: object): string => JSON.stringify({ files: ['a.ts'], findings: [{ ...finding, ...change }] });

  it('reads a report', () => {
    expect(parseCheckReport(report({}))).toEqual({ files: ['a.ts'], findings: [finding] });
  });

  it('takes out what would leave its line or colour a terminal', () => {
    expect(parseCheckReport(report({ message: 'a\nb\u001B[31m\u202E' })).findings[0]?.message).toBe('a\uFFFDb\uFFFD[31m\uFFFD');
  });

  it.each([
    ['no file', '{"files": [], "findings": []}'],
    ['a file that is none', '{"files": [1], "findings": []}'],
    ['a list', '[]'],
    ['an unknown rule', report({ rule: 'passed' })],
    ['a line that is none', report({ line: 0 })],
    ['a column that is none', report({ column: 1.5 })],
    ['no message', report({ message: undefined })],
    ['a message without end', report({ message: 'a'.repeat(10_000) })],
  ])('refuses %s', (_what, text) => {
    expect(() => parseCheckReport(text)).toThrow(/report|finding/);
  });

  it('reads any text or refuses it', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
        expect(() => parseCheckReport(text)).toThrow(Error);
      }),
    );
  });
});
