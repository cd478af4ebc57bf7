import { execFileSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, expect, it } from 'vitest';

let clone: string;

beforeEach(() => {
  clone = mkdtempSync(join(tmpdir(), 'telefuser-clone-'));
  write('scripts/bootstrap.mjs', '');
  copyFileSync(join(import.meta.dirname, 'bootstrap.mjs'), join(clone, 'scripts', 'bootstrap.mjs'));
  for (const name of ['client', 'studio']) write(`packages/${name}/package.json`, '{}');
  // In the place of the pinned Node a program that writes down what it was asked to build.
  write('tools/node/package.json', JSON.stringify({ name: 'node', version: '1.0.0', bin: { node: 'node.sh' } }));
  write('tools/node/node.sh', '#!/bin/sh\necho "$1" >> "$BUILT"\n');
  write('package.json', JSON.stringify({ private: true, devDependencies: { node: 'file:tools/node' } }));
});

afterEach(() => rmSync(clone, { recursive: true }));

it('installs the tools of development where the environment leaves them out', () => {
  call('install()', { NODE_ENV: 'production', npm_config_omit: 'dev' });
  expect(existsSync(join(clone, 'node_modules', '.bin', 'node'))).toBe(true);
});

it('builds each part again when something has changed that it is made of, and no other', () => {
  write('node_modules/.bin/node', readFileSync(join(clone, 'tools/node/node.sh'), 'utf8'), 0o755);
  expect(built()).toEqual(['tsc', 'vite.js', 'nest.js']);
  expect(built()).toEqual([]);
  for (const path of ['packages/client/tsconfig.json', 'packages/client/package.json', 'packages/client/src/index.ts']) {
    write(path, '{ }');
    expect(built(), path).toEqual(['tsc', 'vite.js']);
  }
  write('packages/studio/src/main.tsx', '');
  expect(built()).toEqual(['vite.js']);
  write('src/main.ts', '');
  expect(built()).toEqual(['nest.js']);
  write('tsconfig.json', '{}');
  expect(built()).toEqual(['tsc', 'vite.js', 'nest.js']);
});

function write(path: string, text: string, mode = 0o644): void {
  mkdirSync(dirname(join(clone, path)), { recursive: true });
  writeFileSync(join(clone, path), text, { mode });
}

/** Calls a function of the clone's script in a process of its own. */
function call(expression: string, variables: Readonly<Record<string, string>>): void {
  const script = pathToFileURL(join(clone, 'scripts', 'bootstrap.mjs')).href;
  execFileSync(process.execPath, ['--input-type=module', '-e', `import * as script from '${script}'; script.${expression};`], {
    env: { ...process.env, ...variables },
    stdio: 'pipe',
  });
}

/** The tools that a build started, in this order. */
function built(): readonly string[] {
  const log = join(clone, 'built.log');
  writeFileSync(log, '');
  call('build()', { BUILT: log });
  return readFileSync(log, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((tool) => tool.split('/').at(-1) ?? '');
}
