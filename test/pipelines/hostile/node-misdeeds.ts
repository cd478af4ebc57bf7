import type { Fate, Misdeed } from './misdeed.ts';

const BOTH = ['strict', 'standard'] as const;
const STRICT = ['strict'] as const;
const NEVER = [] as const;

/** Node's permission model. */
const NOT_PERMITTED: Fate = { stopped: /ERR_ACCESS_DENIED/ };
/** The kernel, or Node before it. */
const DENIED: Fate = { stopped: /ERR_ACCESS_DENIED|EACCES|EPERM/ };
/** By the supervisor's limit, or by Node's own for its heap, whichever it meets first. */
const OUT_OF_MEMORY: Fate = { crashed: /MiB of memory, more than its limit|ended by SIGABRT/ };

/** Messages of the host protocol, written by hand and at once. */
const FORGE = `
import { writeSync } from 'node:fs';
function encode(message) {
  const header = Buffer.from(JSON.stringify(message));
  const prefix = Buffer.alloc(8);
  prefix.writeUInt32LE(header.length, 0);
  return Buffer.concat([prefix, header]);
}
const forge = (messages) => writeSync(3, Buffer.concat(messages.map(encode)));`;

/** Hostile Node pipelines. What a source names `facts` is described in `misdeed.ts`. */
export const NODE_MISDEEDS: readonly Misdeed[] = [
  {
    name: 'reads /etc/passwd',
    source: `import { readFileSync } from 'node:fs';
export default () => readFileSync('/etc/passwd', 'utf8');`,
    refusedAt: NEVER,
    fate: DENIED,
  },
  {
    name: "reads the server's .env, which lies beside it",
    source: `import { readFileSync } from 'node:fs';
export default ({ envFile }) => readFileSync(envFile, 'utf8');`,
    refusedAt: NEVER,
    fate: { stopped: /EACCES/ },
  },
  {
    name: 'follows a symlink out of its folder',
    source: `import { readFileSync } from 'node:fs';
export default ({ link }) => readFileSync(link, 'utf8');`,
    refusedAt: NEVER,
    fate: DENIED,
  },
  {
    name: "reads the server's environment",
    source: `import { readFileSync } from 'node:fs';
export default ({ serverPid }) => readFileSync('/proc/' + serverPid + '/environ', 'utf8');`,
    refusedAt: NEVER,
    fate: DENIED,
  },
  {
    name: "opens the server's memory",
    source: `import { openSync } from 'node:fs';
export default ({ serverPid }) => openSync('/proc/' + serverPid + '/mem', 'r+');`,
    refusedAt: STRICT,
    fate: DENIED,
  },
  {
    name: 'tells its environment',
    source: `export default () => JSON.stringify(process.env);`,
    refusedAt: STRICT,
    fate: { contained: 'the environment is empty but for the scratch folder' },
  },
  {
    name: 'writes outside',
    source: `import { writeFileSync } from 'node:fs';
export default ({ outside }) => writeFileSync(outside + '/new', 'x');`,
    refusedAt: STRICT,
    fate: DENIED,
  },
  {
    name: 'overwrites its own module',
    source: `import { writeFileSync } from 'node:fs';
export default ({ entry }) => writeFileSync(entry, 'x');`,
    refusedAt: STRICT,
    fate: DENIED,
  },
  {
    name: 'deletes its own module',
    source: `import { unlinkSync } from 'node:fs';
export default ({ entry }) => unlinkSync(entry);`,
    refusedAt: STRICT,
    fate: DENIED,
  },
  {
    name: 'writes into the built server',
    source: `import { writeFileSync } from 'node:fs';
export default ({ serverDist }) => writeFileSync(serverDist + '/pipeline-loader/hostile.js', 'x');`,
    refusedAt: STRICT,
    fate: DENIED,
  },
  {
    name: 'changes the mode of a file outside',
    source: `import { chmodSync } from 'node:fs';
export default ({ outsideFile }) => chmodSync(outsideFile, 0o777);`,
    refusedAt: STRICT,
    fate: DENIED,
  },
  {
    name: 'changes the mode of its own module by a descriptor',
    source: `import { fchmodSync, openSync } from 'node:fs';
export default ({ entry }) => fchmodSync(openSync(entry, 'r'), 0o777);`,
    refusedAt: STRICT,
    fate: DENIED,
  },
  {
    name: 'changes the times of a file outside',
    source: `import { utimesSync } from 'node:fs';
export default ({ outsideFile }) => utimesSync(outsideFile, 1, 1);`,
    refusedAt: STRICT,
    fate: DENIED,
  },
  {
    name: 'renames a file outside',
    source: `import { renameSync } from 'node:fs';
export default ({ outsideFile }) => renameSync(outsideFile, outsideFile + '.moved');`,
    refusedAt: STRICT,
    fate: DENIED,
  },
  {
    name: 'deletes a file outside',
    source: `import { rmSync } from 'node:fs';
export default ({ outsideFile }) => rmSync(outsideFile);`,
    refusedAt: STRICT,
    fate: DENIED,
  },
  {
    name: 'makes a symlink outside',
    source: `import { symlinkSync } from 'node:fs';
export default ({ outside }) => symlinkSync('/etc/passwd', outside + '/link');`,
    refusedAt: STRICT,
    fate: DENIED,
  },
  {
    name: 'makes a database outside',
    source: `export default async ({ outside }) => new (await import('node:sqlite')).DatabaseSync(outside + '/new.db').exec('CREATE TABLE t (x)');`,
    refusedAt: STRICT,
    fate: { stopped: /ERR_SQLITE_ERROR|ERR_ACCESS_DENIED|No such built-in/ },
  },
  {
    name: 'writes a heap snapshot outside',
    source: `import { writeHeapSnapshot } from 'node:v8';
export default ({ outside }) => writeHeapSnapshot(outside + '/new.heapsnapshot');`,
    refusedAt: STRICT,
    fate: NOT_PERMITTED,
  },
  {
    name: 'runs a command',
    source: `import { execSync } from 'node:child_process';
export default ({ outside }) => execSync('id > ' + outside + '/new');`,
    refusedAt: BOTH,
    fate: NOT_PERMITTED,
  },
  {
    name: 'starts a hundred processes',
    source: `import { spawn } from 'node:child_process';
export default () => { for (let count = 0; count < 100; count += 1) spawn(process.execPath, ['--version']); };`,
    refusedAt: BOTH,
    fate: NOT_PERMITTED,
  },
  {
    name: 'becomes another program',
    source: `export default () => process.execve('/bin/sh', ['sh'], {});`,
    refusedAt: BOTH,
    fate: NOT_PERMITTED,
  },
  {
    name: 'becomes a Node without restrictions',
    source: `export default () => process.execve(process.execPath, ['node', '-e', '1'], {});`,
    refusedAt: BOTH,
    fate: NOT_PERMITTED,
  },
  {
    name: 'connects by TCP',
    source: `import { connect } from 'node:net';
export default ({ tcpPort }) => new Promise((resolve, reject) => connect(tcpPort, '127.0.0.1', resolve).on('error', reject));`,
    refusedAt: BOTH,
    fate: NOT_PERMITTED,
  },
  {
    name: 'connects to a Unix socket',
    source: `import { connect } from 'node:net';
export default ({ unixSocket }) => new Promise((resolve, reject) => connect(unixSocket, resolve).on('error', reject));`,
    refusedAt: BOTH,
    fate: NOT_PERMITTED,
  },
  {
    name: 'fetches',
    source: `export default ({ tcpPort }) => fetch('http://127.0.0.1:' + tcpPort);`,
    refusedAt: STRICT,
    fate: NOT_PERMITTED,
  },
  {
    name: 'sends a datagram',
    source: `import { createSocket } from 'node:dgram';
export default ({ udpPort }) => new Promise((resolve, reject) => {
  createSocket('udp4').on('error', reject).send('x', udpPort, '127.0.0.1', (error) => (error ? reject(error) : resolve('sent')));
});`,
    refusedAt: BOTH,
    fate: NOT_PERMITTED,
  },
  {
    name: 'listens',
    source: `import { createServer } from 'node:http';
export default () => new Promise((resolve, reject) => createServer().on('error', reject).listen(0, () => resolve('listens')));`,
    refusedAt: BOTH,
    fate: NOT_PERMITTED,
  },
  {
    name: 'loads an addon',
    source: `export default () => process.dlopen({ exports: {} }, '/lib/x86_64-linux-gnu/libc.so.6');`,
    refusedAt: BOTH,
    fate: { stopped: /ERR_DLOPEN_DISABLED|ERR_DLOPEN_FAILED/ },
  },
  {
    name: 'calls into the C library',
    source: `export default async () => (await import('node:ffi')).dlopen(null, {});`,
    refusedAt: BOTH,
    fate: { stopped: /ERR_ACCESS_DENIED|ERR_UNKNOWN_BUILTIN_MODULE/ },
  },
  {
    name: "reaches for Node's bindings",
    source: `export default () => Object.keys(process.binding('fs'));`,
    refusedAt: BOTH,
    fate: NOT_PERMITTED,
  },
  {
    name: 'opens the inspector',
    source: `import inspector from 'node:inspector';
export default () => inspector.open(0);`,
    refusedAt: BOTH,
    fate: NOT_PERMITTED,
  },
  {
    name: 'maps a folder into WASI',
    source: `import { WASI } from 'node:wasi';
export default () => new WASI({ version: 'preview1', preopens: { '/': '/' } });`,
    refusedAt: BOTH,
    fate: NOT_PERMITTED,
  },
  {
    name: 'evaluates text',
    source: `export default () => (0, eval)('6 * 7');`,
    refusedAt: BOTH,
    fate: {
      strict: { stopped: /Code generation from strings disallowed/ },
      standard: { contained: 'text may do what the pipeline may' },
    },
  },
  {
    name: 'makes a function of text',
    source: `export default () => (() => 0).constructor('return process.pid')();`,
    refusedAt: BOTH,
    fate: {
      strict: { stopped: /Code generation from strings disallowed/ },
      standard: { contained: 'text may do what the pipeline may' },
    },
  },
  {
    name: 'imports by a computed name',
    source: `export default async ({ outsideFile }) => JSON.stringify(await import(['node', 'child_process'].join(':')).then((m) => m.execSync('id')));`,
    refusedAt: BOTH,
    fate: NOT_PERMITTED,
  },
  {
    name: 'starts a worker without restrictions',
    source: `import { Worker } from 'node:worker_threads';
export default ({ outside }) => new Promise((resolve, reject) => {
  new Worker("require('node:fs').writeFileSync(" + JSON.stringify(outside + '/new') + ", 'x')", { eval: true, execArgv: ['--allow-fs-write=*'] })
    .on('error', reject).on('exit', (code) => (code === 0 ? resolve(code) : reject(new Error('the worker ended with ' + code))));
});`,
    refusedAt: STRICT,
    fate: { stopped: /ERR_ACCESS_DENIED|the worker ended with 1/ },
  },
  ...['SIGTERM', 'SIGKILL', 'SIGSTOP'].map((name) => ({
    name: `sends the server ${name}`,
    source: `export default ({ serverPid }) => process.kill(serverPid, '${name}');`,
    refusedAt: BOTH,
    fate: { stopped: /EPERM/ },
  })),
  {
    // Signal 0 only asks whether a signal would be allowed: where the sandbox is broken, nobody's machine shall go down with it.
    name: 'signals its group',
    source: `export default () => process.kill(0, 0);`,
    refusedAt: BOTH,
    fate: { stopped: /EPERM/ },
  },
  {
    name: 'signals everybody',
    source: `export default () => process.kill(-1, 0);`,
    refusedAt: BOTH,
    fate: { stopped: /EPERM/ },
  },
  {
    name: 'slows the server down',
    source: `import { setPriority } from 'node:os';
export default ({ serverPid }) => setPriority(serverPid, 19);`,
    refusedAt: BOTH,
    fate: { stopped: /EPERM/ },
  },
  {
    name: 'becomes another user',
    source: `export default () => process.setuid('nobody');`,
    refusedAt: BOTH,
    fate: { stopped: /EPERM|EACCES|ERR_UNKNOWN_CREDENTIAL/ },
  },
  {
    name: 'reads an environment file',
    source: `export default ({ envFile }) => process.loadEnvFile(envFile) ?? process.env.HOSTILE_SECRET;`,
    refusedAt: STRICT,
    // What Node says of any file it cannot read.
    fate: { stopped: /ENOENT|ERR_ACCESS_DENIED/ },
  },
  {
    name: 'takes 8 GB at once',
    source: `export default () => Buffer.alloc(8 * 1024 ** 3).length;`,
    refusedAt: NEVER,
    fate: { stopped: /allocation failed|ERR_MEMORY_ALLOCATION_FAILED|ERR_OUT_OF_RANGE/ },
  },
  {
    name: 'yields JSON without bottom',
    source: `export default () => {
  let nested = {};
  for (let depth = 0; depth < 100_000; depth += 1) nested = { nested };
  return { chunk: { misdeed: 'yields JSON without bottom', done: nested } };
};`,
    refusedAt: NEVER,
    fate: { contained: 'the metadata is cut at 32 levels' },
  },
  {
    name: 'yields 64 MB of metadata',
    source: `export default () => ({ chunk: { text: 'x'.repeat(64 * 1024 ** 2) } });`,
    refusedAt: NEVER,
    fate: { refused: /bytes|large/i },
  },
  {
    name: 'speaks for a run that is not its own',
    source: `${FORGE}
export default () => forge(['end', 'closed', 'failed', 'push-error'].map((type) => ({ type, run: 987_654, message: 'forged' })));`,
    refusedAt: STRICT,
    fate: { contained: 'nobody has such a run' },
  },
  {
    name: 'yields without credit',
    source: `${FORGE}
export default () => {
  for (let run = 1; run < 20; run += 1) forge(Array.from({ length: 100 }, () => ({ type: 'chunk', run, pictures: [], metadata: {} })));
  return new Promise(() => undefined);
};`,
    refusedAt: STRICT,
    fate: { crashed: /broke the host protocol: a chunk without credit/ },
  },
  {
    name: 'writes garbage on the pipe',
    source: `import { writeSync } from 'node:fs';
export default () => writeSync(3, Buffer.alloc(4096, 0xff));`,
    refusedAt: STRICT,
    fate: { crashed: /broke the host protocol/ },
  },
  {
    name: 'loops without end',
    source: `export default () => { for (;;); };`,
    refusedAt: NEVER,
    fate: { crashed: /hung: it did not answer/ },
  },
  {
    name: 'takes memory bit by bit',
    source: `export default async () => {
  const kept = [];
  for (;;) { kept.push(new Uint8Array(8 * 1024 ** 2).fill(1)); await new Promise((resolve) => setTimeout(resolve, 5)); }
};`,
    refusedAt: NEVER,
    fate: OUT_OF_MEMORY,
  },
  {
    name: 'prints 1 GB',
    source: `export default () => { for (let count = 0; count < 1024; count += 1) console.log('x'.repeat(1024 ** 2)); };`,
    refusedAt: NEVER,
    fate: OUT_OF_MEMORY,
  },
  {
    name: 'prints 1 GB of errors',
    source: `export default () => { for (let count = 0; count < 1024; count += 1) console.error('x\\n'.repeat(512 * 1024)); };`,
    refusedAt: NEVER,
    fate: OUT_OF_MEMORY,
  },
  {
    name: 'starts workers without end',
    source: `import { Worker } from 'node:worker_threads';
export default async () => {
  for (let count = 0; count < 10_000; count += 1) { new Worker('setInterval(() => 0, 1e6)', { eval: true }); await new Promise((resolve) => setTimeout(resolve, 1)); }
};`,
    refusedAt: STRICT,
    fate: { strict: NOT_PERMITTED, standard: { crashed: /memory|threads|ended/ } },
  },
  {
    name: 'ends its process',
    source: `export default () => process.exit(0);`,
    refusedAt: STRICT,
    fate: { crashed: /ended with exit code 0/ },
  },
];
