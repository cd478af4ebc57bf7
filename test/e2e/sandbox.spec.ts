import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, open, readFile, realpath, rm, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { buffer, text } from 'node:stream/consumers';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { hostCommand } from '#server/pipeline-loader/sandbox/host-command.js';
import type { KernelPolicy } from '#server/pipeline-loader/sandbox/kernel-policy.js';
import { waitFor } from '../support/condition.ts';
import { CommandProcess, TemporaryPipeline } from '../support/server.ts';

const PYTHON = { command: '/usr/bin/python3', readablePaths: [] };

let root: string;

beforeEach(async () => {
  root = await realpath(await mkdtemp(join(tmpdir(), 'telefuser-sandbox-')));
  for (const folder of ['pipeline', 'scratch']) await mkdir(join(root, folder));
  await writeFile(join(root, 'pipeline/index.mjs'), 'mine');
  await writeFile(join(root, 'outside'), 'not mine');
});
afterEach(() => rm(root, { recursive: true }));

/** The command that starts a pipeline's process, with the kernel's policy as it is or changed. */
async function command(
  level: 'strict' | 'standard',
  language: 'node' | 'python',
  change: Partial<KernelPolicy> = {},
): Promise<{ readonly program: string; readonly launch: readonly string[]; readonly rest: readonly string[] }> {
  const { command: program, args } = await hostCommand({
    language,
    level,
    entry: join(root, 'pipeline/index.mjs'),
    folder: join(root, 'pipeline'),
    assets: [],
    scratch: join(root, 'scratch'),
    python: PYTHON,
  });
  const at = args.findIndex((argument) => argument.startsWith('{'));
  const policy = { ...(JSON.parse(args[at] ?? '') as KernelPolicy), ...change };
  return { program, launch: [...args.slice(0, at), JSON.stringify(policy)], rest: args.slice(at + 1) };
}

/**
 * Runs a program with a pipe as the server gives it, until it ends; returns what it printed and the headers of its messages. It has
 * `inherited` as descriptors 4 to 20: Node by itself marks only the first sixteen.
 */
async function run(
  program: string,
  args: readonly string[],
  inherited?: number,
): Promise<{ code: number; output: string; messages: Record<string, unknown>[] }> {
  const more = inherited === undefined ? [] : Array.from({ length: 17 }, () => inherited);
  const child = spawn(program, args, { env: {}, stdio: ['ignore', 'pipe', 'inherit', 'pipe', ...more], timeout: 10_000 });
  const pipe = child.stdio[3] as Duplex;
  pipe.end();
  const [output, said, [code]] = await Promise.all([
    text(child.stdout ?? pipe),
    buffer(pipe),
    once(child, 'exit') as Promise<[number]>,
  ]);
  return { code, output, messages: headersOf(said) };
}

function headersOf(bytes: Buffer): Record<string, unknown>[] {
  if (bytes.length === 0) return [];
  const end = 8 + bytes.readUInt32LE(0);
  return [
    JSON.parse(bytes.toString('utf8', 8, end)) as Record<string, unknown>,
    ...headersOf(bytes.subarray(end + bytes.readUInt32LE(4))),
  ];
}

/** Outcomes of actions, each a JavaScript expression, in a Node that only the kernel restrains. */
async function underKernel(
  level: 'strict' | 'standard',
  actions: Readonly<Record<string, string>>,
): Promise<Record<string, unknown>> {
  const { program, launch } = await command(level, 'node');
  const lines = Object.entries(actions).map(([name, action]) => `await attempt(${JSON.stringify(name)}, async () => ${action});`);
  const script = `
    import fs from 'node:fs'; import net from 'node:net'; import dgram from 'node:dgram'; import os from 'node:os';
    import { spawnSync } from 'node:child_process'; import { Worker } from 'node:worker_threads'; import { once } from 'node:events';
    const outcomes = {};
    async function attempt(name, action) {
      try { outcomes[name] = (await action()) ?? 'done'; } catch (error) { outcomes[name] = error.info?.code ?? error.code ?? error.message; }
    }
    const connected = (socket) => new Promise((resolve, reject) => socket.on('connect', () => resolve('connected')).on('error', reject));
    const ended = ({ error, status }) => { if (error) throw error; return status; };
    ${lines.join('\n')}
    console.log(JSON.stringify(outcomes));`;
  const { output } = await run(program, [
    ...launch,
    '--experimental-sqlite',
    '--no-warnings',
    '--input-type=module',
    '--eval',
    script,
  ]);
  return JSON.parse(output) as Record<string, unknown>;
}

describe('the kernel alone, with a Node that has no permission model', () => {
  it('stops at strict whatever the permission model would stop, and what it would not', async () => {
    const server = createServer((socket) => socket.destroy()).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const outside = JSON.stringify(join(root, 'outside'));
    const outcomes = await underKernel('strict', {
      own: `fs.readFileSync(${JSON.stringify(join(root, 'pipeline/index.mjs'))}, 'utf8')`,
      outside: `fs.readFileSync(${outside}, 'utf8')`,
      passwd: `fs.readFileSync('/etc/passwd', 'utf8')`,
      parent: `fs.readFileSync('/proc/' + process.ppid + '/environ', 'utf8')`,
      write: `fs.writeFileSync(${outside}, 'x')`,
      scratch: `fs.writeFileSync(${JSON.stringify(join(root, 'scratch/new'))}, 'x')`,
      chmod: `fs.chmodSync(${outside}, 0o777)`,
      tcp: `connected(net.connect(${port}, '127.0.0.1'))`,
      udp: `new Promise((resolve, reject) => dgram.createSocket('udp4').on('error', reject).send('x', ${port}, '127.0.0.1', resolve))`,
      spawn: `ended(spawnSync('/bin/true'))`,
      itself: `ended(spawnSync(process.execPath, ['--version']))`,
      kill: `process.kill(process.ppid, 0)`,
      priority: `os.setPriority(process.ppid, 10)`,
      memory: `Buffer.alloc(1024 ** 2).length`,
      thread: `once(new Worker('1', { eval: true }), 'exit').then(([code]) => code)`,
    });
    server.close();
    expect(outcomes).toEqual({
      own: 'mine',
      outside: 'EACCES',
      passwd: 'EACCES',
      parent: 'EACCES',
      write: 'EACCES',
      scratch: 'EACCES',
      chmod: 'EPERM',
      tcp: 'EACCES',
      udp: 'EACCES',
      spawn: 'EPERM',
      itself: 'EPERM',
      kill: 'EPERM',
      priority: 'EPERM',
      memory: 1024 ** 2,
      thread: 0,
    });
  });

  it.each(['strict', 'standard'] as const)('has no descriptor that the server itself had inherited, at %s', async (level) => {
    const { program, launch } = await command(level, 'node');
    const script = `
      const fs = process.getBuiltinModule('fs');
      const isReadable = (fd) => { try { return fs.readSync(fd, Buffer.alloc(8), 0, 8, 0) === 8; } catch { return false; } };
      console.log(JSON.stringify(Array.from({ length: 60 }, (_, fd) => fd).filter((fd) => fd > 3 && isReadable(fd))));`;
    await using planted = await open(join(root, 'outside'));
    const probe = ['--no-warnings', '--eval', script];
    const { output: without } = await run(program, probe, planted.fd);
    expect(JSON.parse(without)).toContain(20);
    const { output } = await run(program, [...launch, ...probe], planted.fd);
    expect(JSON.parse(output)).toEqual([]);
  });

  it('lets files be made in the scratch folder at standard, and nowhere else', async () => {
    const outcomes = await underKernel('standard', {
      scratch: `fs.writeFileSync(${JSON.stringify(join(root, 'scratch/new'))}, 'x')`,
      again: `fs.renameSync(${JSON.stringify(join(root, 'scratch/new'))}, ${JSON.stringify(join(root, 'scratch/renamed'))})`,
      own: `fs.writeFileSync(${JSON.stringify(join(root, 'pipeline/new'))}, 'x')`,
      out: `fs.renameSync(${JSON.stringify(join(root, 'scratch/renamed'))}, ${JSON.stringify(join(root, 'renamed'))})`,
    });
    expect(outcomes).toEqual({ scratch: 'done', again: 'done', own: 'EACCES', out: expect.stringMatching(/EACCES|EXDEV/) });
  });
});

/** Plays nothing, and soon lets nothing else of its process run. */
const LOOPING = {
  node: `export const getService = () => ({ async *serve() {}, start() { setTimeout(loop, 300); } });
function loop() { console.log('it loops'); for (;;); }`,
  python: `import re, threading
def loop():
    print("it loops", flush=True)
    # One call, which lets no other thread run meanwhile.
    re.match("(a+)+$", "a" * 100 + "b")
class Service:
    def serve(self, request): yield {}
    def start(self): threading.Timer(0.3, loop).start()
def get_service(): return Service()`,
} as const;

async function childrenOf(pid: number): Promise<number[]> {
  return (await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8')).split(' ').filter(Boolean).map(Number);
}

/** A process that has ended and that nobody has asked about has no command line any more. */
async function isGone(pid: number): Promise<boolean> {
  return (await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')) === '';
}

describe.each([
  ['node', 'strict'],
  ['node', 'standard'],
  ['python', 'strict'],
  ['python', 'permissive'],
] as const)('a %s pipeline that loops for ever, at %s', (language, level) => {
  it('is gone when its server is killed', async () => {
    await using pipeline = await TemporaryPipeline.write(LOOPING[language], `index.${language === 'node' ? 'mjs' : 'py'}`);
    await using serving = await CommandProcess.serve(pipeline.path, { TELEFUSER_PYTHON: PYTHON.command }, [
      '--security-level',
      level,
      '--skip-validation',
    ]);
    const { command: server } = serving;
    await waitFor('the loop', () => `${server.stdout}${server.stderr}`.includes('it loops'));
    const hosts = await childrenOf(server.child.pid ?? -1);
    expect(hosts).toHaveLength(1);
    server.child.kill('SIGKILL');
    try {
      await waitFor('the host to be gone', async () => (await Promise.all(hosts.map(isGone))).every(Boolean), 2000);
    } catch (error) {
      for (const host of hosts) process.kill(host, 'SIGKILL');
      throw error;
    }
  });
});

describe.each(['node', 'python'] as const)('a %s host on a machine that cannot hold the sandbox', (language) => {
  it('refuses strict, and says what is missing and what to do', async () => {
    const { program, launch, rest } = await command('strict', language, { seccomp: null });
    const { code, messages } = await run(program, [...launch, ...rest]);
    expect(code).toBe(1);
    expect(messages).toEqual([
      expect.objectContaining({
        type: 'start-failed',
        kind: 'sandbox',
        message: expect.stringMatching(/strict cannot be held: .*no filter of system calls.*--security-level standard/),
      }),
    ]);
  });

  it('says at standard what stays open, and goes on', async () => {
    const { program, launch, rest } = await command('standard', language, { seccomp: null });
    const { messages } = await run(program, [...launch, ...rest]);
    expect(messages).toContainEqual(
      expect.objectContaining({ type: 'log', level: 'warn', text: expect.stringMatching(/processes stay open to the pipeline/) }),
    );
    expect(messages).toContainEqual(expect.objectContaining({ type: 'hello' }));
  });
});
