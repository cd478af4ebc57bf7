import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MAX_FILE_BYTES, type Rule } from '../finding.js';
import { checkSource } from './check-source.js';

/** `rule line:column` of every finding. */
function findingsIn(text: string, level: 'strict' | 'standard' | 'permissive' = 'strict', file = 'a.ts'): string[] {
  return checkSource(text, file, level).findings.map(({ rule, line, column }) => `${rule} ${line}:${column}`);
}

type Sample = readonly [source: string, position: string];

/** Refused at `strict` and at `standard`. `;;` stands for a line break. */
const REFUSED_AT_BOTH: Readonly<Partial<Record<Rule, readonly Sample[]>>> = {
  syntax: [
    ['let a = ;', '1:9'],
    ['ok();;export const x: = 1', '2:17'],
    ['@decorated class A {}', '1:1'],
  ],
  'process-spawn': [
    [`import { spawn } from 'node:child_process'`, '1:23'],
    [`import cp from 'child_process'`, '1:16'],
    [`const cp = require('child_process')`, '1:12'],
    [`;;const { exec } = await import('node:child_process')`, '2:24'],
    [`import cluster from 'cluster'`, '1:21'],
    [`export { fork } from 'child_process'`, '1:22'],
    [`import { execa } from 'execa'`, '1:23'],
    [`globalThis.require('child_' + 'process')`, '1:1'],
    [`const name = 'child_process'; require(name)`, '1:31'],
    [`import 'node:child_process'`, '1:8'],
  ],
  network: [
    [`import net from 'node:net'`, '1:17'],
    [`import { createServer } from 'http'`, '1:30'],
    [`import { lookup } from 'node:dns/promises'`, '1:24'],
    [`import 'dgram'`, '1:8'],
    [`const { connect } = require("tls")`, '1:21'],
  ],
  'native-code': [
    [`import ffi from 'node:ffi'`, '1:17'],
    [`import koffi from 'koffi'`, '1:19'],
    [`require('./build/addon.node')`, '1:1'],
    [`import addon from './addon.node'`, '1:19'],
    [`import { WASI } from 'wasi'`, '1:22'],
    [`import { setEngine } from 'crypto'`, '1:10'],
  ],
  'dynamic-import': [
    ['import(name)', '1:1'],
    ['const m = await import(`./${name}.js`)', '1:17'],
    ['require(name)', '1:1'],
    [`import { createRequire } from 'module';;createRequire(import.meta.url)(x)`, '2:1'],
    [`import { createRequire } from 'module';;const load = createRequire(import.meta.url);;load(x)`, '3:1'],
    [`let name = 'node:path'; import(name)`, '1:25'],
  ],
  'dynamic-code': [
    [`eval('1')`, '1:1'],
    [`(0, eval)('1')`, '1:5'],
    [`const e = eval; e('1')`, '1:17'],
    [`globalThis.eval('1')`, '1:1'],
    [`globalThis['ev' + 'al']('1')`, '1:1'],
    ['global[`ev${"al"}`]("1")', '1:1'],
    [`new Function('return process')()`, '1:5'],
    [`Function('return 1')()`, '1:1'],
    [`const F = Function as any; new F('1')`, '1:32'],
    [`Function.prototype.constructor('1')`, '1:1'],
    [`class Evil extends Function {}`, '1:20'],
    [`setTimeout('process.exit()', 1)`, '1:1'],
    ['setInterval(`a${b}`, 1)', '1:1'],
    [`import { setTimeout as later } from 'timers';;later('code')`, '2:1'],
    [`import vm from 'node:vm'`, '1:16'],
    [`import 'data:text/javascript,1'`, '1:8'],
    [`import('data:text/javascript,' + 1)`, '1:1'],
    [`import inspector from 'inspector'`, '1:23'],
    [`import v8 from 'v8';;v8.setFlagsFromString('--allow-natives-syntax')`, '2:1'],
  ].map(([source = '', position = '']) => [source, position] as const),
  'process-access': [
    [`process.kill(process.ppid)`, '1:1'],
    [`process['ki' + 'll'](1)`, '1:1'],
    [`const { chdir: leave } = process`, '1:16'],
    [`process.binding('fs')`, '1:1'],
    [`globalThis.process!.dlopen(m, f)`, '1:1'],
    [`import { kill } from 'node:process'`, '1:10'],
    [`import proc from 'process';;proc.setuid(0)`, '2:1'],
    [`import * as proc from 'node:process';;proc.default.chdir('/')`, '2:1'],
    [`const p = process; p.chdir('/')`, '1:20'],
    [`process.getBuiltinModule('child_process')`, '1:1'],
    [`const { mainModule } = globalThis.process`, '1:9'],
    [`process?.execve('/bin/sh')`, '1:1'],
    [`;;  (process as any).kill(1)`, '2:3'],
    [`import os from 'os'; os.setPriority(0)`, '1:22'],
  ],
  reflection: [
    [`process[name]()`, '1:1'],
    [`globalThis[name]`, '1:1'],
    [`const g = globalThis; g[a + b]('1')`, '1:23'],
    [`run(process)`, '1:5'],
    [`export const p = process`, '1:18'],
    [`export default process`, '1:16'],
    [`const bag = { process }`, '1:15'],
    [`const f = (p = process) => p.exit()`, '1:16'],
    [`let p; p = process`, '1:12'],
    [`const { ...rest } = process`, '1:12'],
    [`const { [name]: x } = process`, '1:17'],
    [`(() => {}).constructor('return 1')()`, '1:1'],
    [`[].constructor.constructor('return 1')()`, '1:1'],
    [`f['constructor']('x')`, '1:1'],
    [`f['con' + 'structor'].call(null, 'x')`, '1:1'],
    [`const C = (async () => {}).constructor`, '1:11'],
    [`const { constructor } = f`, '1:9'],
    [`const { constructor: { constructor: C } } = []`, '1:24'],
    [`(function () {})[key]('x')`, '1:1'],
    [`Reflect.get(f, 'constructor')`, '1:1'],
    [`Object.getOwnPropertyDescriptor(f, "constructor")`, '1:1'],
    [`module.constructor._load('fs')`, '1:1'],
    [`module.require('fs')`, '1:1'],
    [`require.main.require('fs')`, '1:1'],
    [`require.cache[x]`, '1:1'],
    [`const load = [require][0]`, '1:15'],
    [`import { registerHooks } from 'node:module'`, '1:10'],
    [`import Module from 'module';;Module._load('fs')`, '2:1'],
    [`import { createRequire } from 'node:module';;go(createRequire)`, '2:4'],
    [`Object.assign({}, globalThis)`, '1:19'],
  ],
};

/** Refused at `strict`, allowed at `standard`. */
const REFUSED_AT_STRICT: Readonly<Partial<Record<Rule, readonly Sample[]>>> = {
  'import-not-allowed': [
    [`import sharp from 'sharp'`, '1:19'],
    [`import { type Frame } from 'node-av'`, '1:28'],
    [`import '@scope/package/deep'`, '1:8'],
    [`import { Worker } from 'node:worker_threads'`, '1:24'],
    [`import { DatabaseSync } from 'node:sqlite'`, '1:30'],
    [`export * from 'lodash'`, '1:15'],
    [`await import('lodash')`, '1:7'],
    [`import Module from 'node:module'`, '1:20'],
  ],
  'process-access': [
    [`process.exit(1)`, '1:1'],
    [`import { abort } from 'process'`, '1:10'],
    [`process.env.HOME`, '1:1'],
    [`const { env } = process`, '1:9'],
    [`import { env } from 'node:process'`, '1:10'],
    [`process.on('exit', f)`, '1:1'],
    [`process.argv`, '1:1'],
    [`process.umask(0)`, '1:1'],
  ],
  network: [
    [`fetch('http://a')`, '1:1'],
    [`const get = fetch;;get('x')`, '2:1'],
    [`new WebSocket('ws://a')`, '1:5'],
    [`globalThis.fetch(url)`, '1:1'],
    [`go(fetch)`, '1:4'],
  ],
  'file-write': [
    [`import { writeFileSync } from 'node:fs'`, '1:10'],
    [`import fs from 'fs';;fs.writeFileSync('a', '')`, '2:1'],
    [`import { promises } from 'fs';;promises.rm('a')`, '2:1'],
    [`import fs from 'fs';;fs['promises'].unlink('a')`, '2:1'],
    [`const { mkdir } = await import('node:fs/promises')`, '1:9'],
    [`require('fs').createWriteStream('a')`, '1:1'],
    [`import { open } from 'fs/promises';;open('a', 'w')`, '2:1'],
    [`import fs from 'fs';;fs.openSync('a', mode)`, '2:1'],
    [`import fs from 'fs';;fs.open('a', 'r+', done)`, '2:1'],
    [`export { rm } from 'node:fs'`, '1:10'],
    [`import * as files from 'node:fs/promises';;const save = files.writeFile`, '2:14'],
  ],
  reflection: [
    [`import fs from 'fs';;use(fs)`, '2:5'],
    [`import fs from 'fs';;fs[name]('a')`, '2:1'],
    [`export * from 'node:fs'`, '1:1'],
    [`export { default } from 'node:fs'`, '1:10'],
    [`import('node:fs').then((fs) => fs.rmSync('a'))`, '1:1'],
  ],
};

/** Near misses: allowed at every level. */
const ALLOWED = [
  `import type { PipelineChunk } from 'telefuser-stream/pipeline'`,
  `import type { Frame } from 'node-av'; export type { Frame } from 'node-av'`,
  `import { readFile } from 'node:fs/promises'; await readFile(new URL('a.bin', import.meta.url))`,
  `import fs, { createReadStream } from 'fs'; fs.readFileSync('a'); fs.openSync('a', 'r'); fs.open('a', done); fs.promises.readFile('a')`,
  `import { open } from 'node:fs/promises'; await open('a'); await open('a', 'r')`,
  `import { openSync, constants } from 'node:fs'; openSync('a', constants.O_RDONLY)`,
  `import { setTimeout as sleep } from 'node:timers/promises'; await sleep(10)`,
  `import { createHash } from 'crypto'; import path from 'path'; import zlib from 'zlib'; import { performance } from 'perf_hooks'`,
  `import os from 'node:os'; os.cpus()`,
  `import { draw } from './draw.ts'; import data from './data.json' with { type: 'json' }`,
  `await import('./draw.ts'); await import('./dr' + 'aw.ts')`,
  `process.hrtime.bigint(); process.memoryUsage(); process.nextTick(f); process.uptime(); process.platform; process.version`,
  `process.stdout.write('hello')`,
  `if (typeof process !== 'undefined') process.cwd()`,
  `const { platform, hrtime: { bigint } } = process`,
  `function f(process: { exit(): void }) { process.exit(); }`,
  `function g() { const eval_ = 1, fetch = () => 1; return fetch() + eval_; }`,
  `class Host { process() { return this.process.exit; } fetch = 1; static eval = 2 }`,
  `const o = { eval: 1, process: 2, Function: 3 }; o.eval; o.process; o.Function`,
  `{ let require = (x: string) => x; require(name); }`,
  `for (const module of modules) { module.require('x'); }`,
  `try { f(); } catch (process) { process.exit(); }`,
  `const process = make(); process.kill(1)`,
  `x instanceof Function; typeof eval; typeof globalThis`,
  `constructor.name; toString.call(x); hasOwnProperty.call(x, 'a')`,
  `Function.prototype.toString.call(f)`,
  `this.constructor.name; a.constructor === B; B.prototype.constructor = B; this.constructor.defaults`,
  `class A { constructor(private_: number) { super_(private_); } }`,
  `list[index]; map[key](); matrix[row + 1][column]; 'abc'[i]`,
  `setTimeout(() => f(), 10); setTimeout(f, 10); setInterval(f.bind(null), 5)`,
  `globalThis.performance.now(); globalThis.crypto.randomUUID(); globalThis.setTimeout(f)`,
  `const g: typeof globalThis = x; let f: Function; type E = typeof eval; let p = q as unknown as NodeJS.Process`,
  `interface Options { process: string; eval(): void } declare const require: (x: string) => unknown;`,
  `process: while (a) { break process; }`,
  `export { run as eval_ }; function run() {}`,
  `const { fetch, process } = options; fetch(process)`,
  `"eval('1')"; /process.exit()/; \`require(x)\`; // eval('1')`,
  `using file = open(); await using other = open()`,
  `import { EventEmitter } from 'node:events'; class B extends EventEmitter {}`,
  `console.log(new Intl.NumberFormat().format(1))`,
  `#!/usr/bin/env node`.concat(';;', `export const a = 1`),
];

const lines = (source: string): string => source.replaceAll(';;', '\n');
const samplesOf = (rules: Readonly<Partial<Record<Rule, readonly Sample[]>>>): (readonly [Rule, string, string])[] =>
  Object.entries(rules).flatMap(([rule, samples]) => samples.map(([source, at]) => [rule as Rule, lines(source), at] as const));

describe('checkSource', () => {
  it.each(samplesOf(REFUSED_AT_BOTH))('finds %s in %j', (rule, source, position) => {
    expect(findingsIn(source)).toContain(`${rule} ${position}`);
    expect(findingsIn(source, 'standard')).toContain(`${rule} ${position}`);
    if (rule !== 'syntax') expect(findingsIn(source, 'permissive')).toEqual([]);
  });

  it.each(samplesOf(REFUSED_AT_STRICT))('finds %s in %j only at strict', (rule, source, position) => {
    expect(findingsIn(source)).toContain(`${rule} ${position}`);
    expect(findingsIn(source, 'standard')).toEqual([]);
  });

  it.each(ALLOWED.map(lines))('lets %j pass', (source) => {
    expect(findingsIn(source)).toEqual([]);
    expect(findingsIn(source, 'standard')).toEqual([]);
  });

  it('finds syntax that Node does not know at every level', () => {
    expect(findingsIn('let a: number = 1', 'permissive', 'a.js')).toEqual(['syntax 1:6']);
    expect(findingsIn('with (a) b()', 'permissive', 'a.mjs')).toEqual(['syntax 1:1']);
  });

  it('reads scripts as well as modules', () => {
    expect(
      findingsIn(
        `const path = require('path'); module.exports = { getService() { return with_; } }; if (a) return;`,
        'strict',
        'a.cjs',
      ),
    ).toEqual([]);
    expect(findingsIn('with (process) exit(1)', 'standard', 'a.js')).toContain('dynamic-code 1:1');
    expect(findingsIn('if (require.main === module) main()', 'strict', 'a.js')).toEqual([]);
  });

  it('says what was found and what to do', () => {
    const [finding] = checkSource(`import sharp from 'sharp';`, 'a.ts', 'strict').findings;
    expect(finding?.message).toBe('the package sharp is imported');
    expect(finding?.remedy).toContain("Load it from a file in the pipeline's folder");
  });

  it('names the imports that may lead to files of the pipeline', () => {
    const { imports } = checkSource(
      `import a from './a.ts';\nexport * from '../b.js';\nrequire('./c');\nawait import('file:///d.js');\nimport type E from './e.ts';`,
      'a.ts',
      'strict',
    );
    expect(imports.map(({ specifier, line }) => `${specifier} ${line}`).sort()).toEqual([
      '../b.js 2',
      './a.ts 1',
      './c 3',
      'file:///d.js 4',
    ]);
  });

  it.each([
    ['parentheses', '('.repeat(100_000)],
    ['closed parentheses', '('.repeat(100_000) + ')'.repeat(100_000)],
    ['brackets', '['.repeat(100_000)],
    ['functions', '()=>'.repeat(100_000)],
    ['templates', '`${'.repeat(100_000)],
    ['minus signs', '- '.repeat(100_000) + '1'],
    ['types', `let a: ${'['.repeat(100_000)}`],
  ])('finds 100,000 nested %s too deep, or no program', (_what, source) => {
    expect(findingsIn(source)[0]).toMatch(/^(?:too-deep 1:1|syntax)/);
  });

  it.each([
    ['members', `x${'.a'.repeat(100_000)}`],
    ['calls', `x${'()'.repeat(100_000)}`],
    ['members of process', `process${'.a'.repeat(100_000)}`],
    ['sums', `x${' + "a"'.repeat(100_000)}`],
    ['names for one another', Array.from({ length: 20_000 }, (_, n) => `const a${n + 1} = a${n};`).join('')],
  ])('reads a long chain of %s, which by way of every link of it would take for ever', (_what, source) => {
    expect(() => checkSource(source, 'a.ts', 'strict')).not.toThrow();
  });

  it('reads 1 MiB, which would take minutes if each line were compared with all', () => {
    let source = '';
    for (let n = 0; source.length < MAX_FILE_BYTES; n += 1)
      source += `const v${n}: number = [1, 2, process.pid].map((x: number) => x * ${n}).length; // c\n`;
    expect(findingsIn(source)).toEqual([]);
  }, 30_000);

  it('says something of any text', () => {
    const word = fc.constantFrom(
      ...[
        'process',
        'globalThis',
        'require',
        'import',
        '(',
        ')',
        '{',
        '}',
        '[',
        ']',
        '.',
        '...',
        '=',
        '=>',
        ',',
        ';',
        '`',
        '${',
        "'a'",
        'const',
        'let',
      ],
      ...[
        'function',
        'class',
        'await',
        'async',
        'export',
        'default',
        'from',
        ':',
        'as',
        'type',
        'new',
        'constructor',
        '#x',
        '?.',
        '*',
        'in',
        '\n',
        '@',
        '<',
      ],
    );
    const text = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.array(word, { maxLength: 30 }).map((parts) => parts.join(' ')),
    );
    fc.assert(
      fc.property(text, fc.constantFrom('a.ts', 'a.js', 'a.cjs', 'a.mts'), (source, file) => {
        for (const level of ['strict', 'standard', 'permissive'] as const) {
          for (const { line, column, message, remedy } of checkSource(source, file, level).findings) {
            expect(Math.min(line, column, message.length, remedy.length)).toBeGreaterThanOrEqual(1);
          }
        }
      }),
      { numRuns: 500 },
    );
  });
});
