// Brings a clone to the point where it can run: dependencies installed, server built. Runs on whatever Node the machine
// has (20 or newer) and before anything is installed, so it uses Node's own modules only. Both steps are skipped, in a few
// milliseconds, when nothing has changed. Progress goes to stderr: stdout belongs to the program that is started.
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { constants } from 'node:os';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('..', import.meta.url));
const bin = join(root, 'node_modules', '.bin');

/** The pinned Node that runs everything once the dependencies are installed. */
export const nodePath = join(bin, process.platform === 'win32' ? 'node.cmd' : 'node');

/** The environment of every program we start: the pinned Node and the local tools come first in its PATH. */
export const toolEnvironment = () => {
  const separator = process.platform === 'win32' ? ';' : ':';
  const others = (process.env.PATH ?? '').split(separator).filter((folder) => folder !== bin);
  return { ...process.env, PATH: [bin, ...others].join(separator) };
};

const installStamp = join(root, 'node_modules', '.install-stamp');
const tool = (...path) => join(root, 'node_modules', ...path);

const CLIENT_INPUTS = ['packages/client/src', 'packages/client/package.json', 'packages/client/tsconfig.json', 'tsconfig.json'];

/**
 * What is built, in this order: each may need those before it. `inputs` are files and folders that it is made of, `output` the folder that it is made
 * into, `command` the arguments of the pinned Node that make it.
 */
const PARTS = [
  {
    title: 'Building the client',
    inputs: CLIENT_INPUTS,
    output: 'packages/client/dist',
    command: [tool('typescript', 'bin', 'tsc'), '-p', 'packages/client'],
  },
  {
    title: 'Building the studio',
    inputs: [
      ...['src', 'public', 'index.html', 'package.json', 'tsconfig.json', 'vite.config.ts'].map(
        (name) => `packages/studio/${name}`,
      ),
      // It has the client's output in it, which is made of these.
      ...CLIENT_INPUTS,
    ],
    output: 'packages/studio/dist',
    command: [tool('vite', 'bin', 'vite.js'), 'build', '--logLevel=error', 'packages/studio'],
  },
  {
    title: 'Building the server',
    inputs: ['src', 'tsconfig.json', 'tsconfig.build.json', 'nest-cli.json'],
    output: 'dist',
    command: [tool('@nestjs', 'cli', 'bin', 'nest.js'), 'build'],
  },
];

const say = (line) => process.stderr.write(`${line}\n`);
const readIfThere = (path) => (existsSync(path) ? readFileSync(path, 'utf8') : undefined);
const seconds = (sinceMs) => `${((Date.now() - sinceMs) / 1000).toFixed(1)} s`;

function digestOf(parts) {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part).update('\0');
  return hash.digest('hex');
}

function dependencyDigest() {
  const { dependencies, devDependencies, overrides, allowScripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const workspaces = readdirSync(join(root, 'packages')).map(
    (name) => readIfThere(join(root, 'packages', name, 'package.json')) ?? '',
  );
  const lock = readIfThere(join(root, 'package-lock.json')) ?? '';
  return digestOf([
    process.platform,
    process.arch,
    JSON.stringify([dependencies, devDependencies, overrides, allowScripts]),
    lock,
    ...workspaces,
  ]);
}

/** The path itself, or the files in it. */
function filesUnder(path) {
  if (!existsSync(path)) return [];
  if (!statSync(path).isDirectory()) return [path];
  return readdirSync(path)
    .flatMap((name) => filesUnder(join(path, name)))
    .sort((one, other) => (one < other ? -1 : 1));
}

/** What a part depends on: sources (not their specs), settings, the versions of tools. */
function inputDigest({ inputs }) {
  const paths = [...inputs, 'package-lock.json'].flatMap((input) => filesUnder(join(root, input)));
  const sources = paths.filter((path) => !/\.(spec|testing)\.tsx?$/u.test(path));
  return digestOf(sources.flatMap((path) => [relative(root, path), readFileSync(path, 'utf8')]));
}

/** Runs a step with its output on our stderr; throws with the step's own words when it fails. */
function runStep(title, command, args, env) {
  const startedMs = Date.now();
  say(`${title} …`);
  const result = spawnSync(command, args, { cwd: root, env, stdio: ['ignore', 2, 2], shell: process.platform === 'win32' });
  if (result.error) throw new Error(`${title} failed: ${command} could not be started (${result.error.message})`);
  if (result.signal) throw new Error(`${title} was stopped by ${result.signal}`);
  if (result.status !== 0) throw new Error(`${title} failed (exit code ${result.status}); the messages above say why`);
  say(`${title}: ${seconds(startedMs)}`);
}

/**
 * Installs the locked dependencies unless they are there already.
 * `npm ci` refuses a lock file that lacks another platform's optional binaries; `npm install` takes it and leaves it as it is.
 * @returns {{ lockChanged: boolean }} whether npm had to rewrite the lock file (it did not match package.json)
 */
export function install() {
  if (existsSync(nodePath) && readIfThere(installStamp) === dependencyDigest()) return { lockChanged: false };
  const lockBefore = readIfThere(join(root, 'package-lock.json'));
  const env = { ...toolEnvironment(), SCARF_ANALYTICS: 'false' };
  // To build takes the tools of development, also where NODE_ENV or npm's settings leave them out.
  runStep('Installing dependencies', 'npm', ['install', '--include=dev', '--no-audit', '--no-fund', '--loglevel=error'], env);
  if (!existsSync(nodePath)) {
    throw new Error(
      'npm did not install the pinned Node: allow the install script of the package "node" (npm install-scripts ls)',
    );
  }
  writeFileSync(installStamp, dependencyDigest());
  const lockChanged = readIfThere(join(root, 'package-lock.json')) !== lockBefore;
  if (lockChanged) say('package-lock.json did not match package.json and was rewritten: commit it together with package.json.');
  return { lockChanged };
}

/** Builds the parts whose sources or settings have changed since the last build, or all of them with `force`. */
export function build({ force = false } = {}) {
  for (const part of PARTS) {
    const output = join(root, part.output);
    const stamp = join(output, '.build-stamp');
    const digest = inputDigest(part);
    if (!force && readIfThere(stamp) === digest) continue;
    // A file whose source is gone must not stay importable; the incremental state describes the files that go with it.
    rmSync(output, { recursive: true, force: true });
    runStep(part.title, nodePath, part.command, toolEnvironment());
    mkdirSync(output, { recursive: true });
    writeFileSync(stamp, digest);
  }
}

/**
 * Runs a script on the pinned Node with our terminal, and resolves to its exit code (128 + number when a signal ended it).
 * A signal sent to us is handed on, so that stopping `npm start` stops the server and waits for its orderly end.
 * @param variables added to its environment
 */
export function runNode(args, variables = {}) {
  const child = spawn(nodePath, args, { cwd: root, env: { ...toolEnvironment(), ...variables }, stdio: 'inherit' });
  // Ctrl-C reaches every process of the terminal by itself: a second SIGINT could look like impatience to the server.
  const handOn = (signal) => (signal === 'SIGINT' && process.stdin.isTTY) || child.kill(signal);
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'];
  for (const signal of signals) process.on(signal, handOn);
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code, signal) => {
      for (const name of signals) process.removeListener(name, handOn);
      resolve(code ?? 128 + (constants.signals[signal] ?? 0));
    });
  });
}

/** Ends a script: its exit code, or one line for what went wrong. */
export function finish(work) {
  work().then(
    (code) => (process.exitCode = code),
    (error) => {
      say(`\n${error instanceof Error ? error.message : String(error)}`);
      process.exitCode = 1;
    },
  );
}
