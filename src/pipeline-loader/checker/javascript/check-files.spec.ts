import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { MAX_FILE_BYTES, MAX_FILES, MAX_FINDINGS } from '../finding.js';
import { checkFiles } from './check-files.js';

let outside: string;
let folder: string;

beforeEach(async () => {
  outside = await realpath(await mkdtemp(join(tmpdir(), 'check-')));
  folder = join(outside, 'pipeline');
  await mkdir(folder);
});
afterEach(() => rm(outside, { recursive: true }));

async function write(files: Readonly<Record<string, string | Uint8Array>>): Promise<void> {
  for (const [name, content] of Object.entries(files)) {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, name), content);
  }
}

async function check(entry = 'index.ts', level: 'strict' | 'standard' | 'permissive' = 'strict') {
  const { files, findings } = await checkFiles(join(folder, entry), folder, level);
  return { files, findings: findings.map(({ file, line, column, rule }) => `${file}:${line}:${column} ${rule}`) };
}

describe('checkFiles', () => {
  it('follows imports of the folder, each file once', async () => {
    await write({
      'index.ts': `import './lib/a.ts';\nimport data from './data.json';\nimport type { T } from './types.ts';\nawait import('./lib/b.js');`,
      'lib/a.ts': `export * from '../index.ts';\nconst c = require('./c');\neval('1');`,
      'lib/b.js': `import { x } from 'file://${folder}/lib/c.js';`,
      'lib/c.js': 'process.kill(1);',
      'data.json': '{"eval": "eval(1)"}',
      'types.ts': 'eval(1)',
      'unused.ts': 'eval(1)',
    });
    const { files, findings } = await check();
    expect(files[0]).toBe('index.ts');
    expect([...files].sort()).toEqual(['data.json', 'index.ts', 'lib/a.ts', 'lib/b.js', 'lib/c.js']);
    expect([...findings].sort()).toEqual(['lib/a.ts:3:1 dynamic-code', 'lib/c.js:1:1 process-access']);
  });

  it('refuses what is outside, by path and by link', async () => {
    await writeFile(join(outside, 'secret.ts'), 'export {}');
    await symlink('../secret.ts', join(folder, 'link.ts'));
    await symlink('link.ts', join(folder, 'inside.ts'));
    await write({
      'index.ts': `import '../secret.ts';\nimport './link.ts';\nimport '/etc/passwd';\nimport './%2e%2e/secret.ts';\nimport 'file:///etc/x.js'`,
    });
    const { findings } = await check();
    expect(findings).toEqual([
      'index.ts:1:8 import-outside',
      'index.ts:3:8 import-outside',
      'index.ts:4:8 import-outside',
      'index.ts:5:8 import-outside',
      'link.ts:1:1 symlink-outside',
    ]);
    expect((await check('inside.ts', 'permissive')).findings).toEqual(['inside.ts:1:1 symlink-outside']);
  });

  it('reads regular files of at most 1 MiB in UTF-8', async () => {
    await write({
      'index.ts': ['large', 'full', 'latin', 'bom', 'fifo', 'missing', 'folder']
        .map((name) => `import './${name}.js';`)
        .join('\n'),
      'large.js': Buffer.alloc(MAX_FILE_BYTES + 1, ' '),
      'full.js': Buffer.alloc(MAX_FILE_BYTES, ' '),
      'latin.js': Buffer.from([0x22, 0xe9, 0x22]),
      'bom.js': '\uFEFFexport {}',
    });
    await mkdir(join(folder, 'folder.js'));
    execFileSync('mkfifo', [join(folder, 'fifo.js')]);
    expect((await check()).findings).toEqual(['large.js:1:1 too-large', 'latin.js:1:1 not-utf8', 'fifo.js:1:1 not-a-file']);
  });

  it('stops at its limits', async () => {
    for (let number = 0; number < MAX_FILES + 10; number += 1) await write({ [`m${number}.js`]: `import './m${number + 1}.js'` });
    const { files, findings } = await check('m0.js');
    expect(files).toHaveLength(MAX_FILES);
    expect(findings).toEqual([`m${MAX_FILES}.js:1:1 too-many-files`]);
    await write({ 'index.ts': 'eval(1);\n'.repeat(MAX_FINDINGS + 100) });
    expect((await check()).findings).toHaveLength(MAX_FINDINGS);
  });

  it('says that the entry is gone', async () => {
    expect((await check()).findings).toEqual(['index.ts:1:1 not-a-file']);
  });
});
