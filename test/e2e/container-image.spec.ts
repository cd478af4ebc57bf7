import { spawnSync } from 'node:child_process';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { copyFile, mkdtempDisposable } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, matchesGlob } from 'node:path';
import { fileURLToPath } from 'node:url';

import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';

import { loadConfiguration } from '#server/config/index.js';
import { makeApiKey } from '#server/identity/index.js';
import { copyOf, lastOf, lineage, parseDockerfile } from '../support/dockerfile.ts';
import { imageOf } from '../support/image.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8');
const { stages, arguments: before } = parseDockerfile(read('Dockerfile'));
const manifest = JSON.parse(read('package.json')) as {
  readonly version: string;
  readonly files: readonly string[];
  readonly devDependencies: Readonly<Record<string, string>>;
};

interface Service {
  readonly image: string;
  readonly build?: { readonly context: string; readonly target: string };
  readonly command: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly ports?: readonly string[];
  readonly volumes?: readonly string[];
  readonly read_only?: boolean;
  readonly cap_drop?: readonly string[];
  readonly security_opt?: readonly string[];
  readonly stop_grace_period?: string;
}

describe('the Dockerfile', () => {
  it('copies only what the clone has and the ignore file lets through', () => {
    // The last rule that fits decides; a rule for a folder is one for what it holds, and `*` takes names that begin with a dot too.
    const rules = read('.dockerignore')
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('#'))
      .map((line) => ({ taken: line.startsWith('!'), pattern: line.replace('!', '') }));
    const isTaken = (path: string): boolean =>
      rules.findLast(({ pattern }) => pattern === '*' || matchesGlob(path, pattern) || matchesGlob(path, `${pattern}/**`))
        ?.taken ?? true;
    const copies = stages.flatMap(({ instructions }) => instructions.filter(({ name }) => name === 'COPY').map(copyOf));
    for (const { stage, sources } of copies) {
      if (stage !== undefined) expect(stages.map(({ name }) => name)).toContain(stage);
      for (const source of stage === undefined ? sources : []) {
        expect(existsSync(join(ROOT, source)), source).toBe(true);
        const [file = source] = globSync('**/*.{ts,py,js,html}', { cwd: join(ROOT, source) }).filter(
          (name) => !name.includes('.spec.'),
        );
        expect(isTaken(file === source ? source : join(source, file)), source).toBe(true);
      }
    }
    for (const secret of [
      '.env',
      '.env.local',
      'pipelines/echo/.env',
      '.git/config',
      'node_modules/a/b.js',
      'tls/key.pem',
      'src/a.spec.ts',
    ]) {
      expect(isTaken(secret), secret).toBe(false);
    }
  });

  it('takes nothing into the image that the package does not ship, but for licences and the manifest', () => {
    const shipped = [
      ...manifest.files,
      'package.json',
      'LICENSE',
      'deploy/docker/NOTICE',
      'python/telefuser_host',
      'python/libraries',
    ];
    for (const target of ['server', 'python']) {
      const copies = lineage(stages, target)
        .filter(({ name }) => name === 'COPY')
        .map(copyOf);
      for (const { stage, sources } of copies) {
        for (const source of sources) {
          if (stage === undefined) expect(shipped).toContain(source);
          else expect(['/app/node_modules', '/app/dist', '/app/packages/studio/dist']).toContain(source);
        }
      }
    }
  });

  it('runs as a user without a name, on the Node that the tests run on', () => {
    for (const target of ['server', 'python']) {
      const image = imageOf(target);
      expect(image.user).toBe('10001:10001');
      expect(image.entrypoint).toEqual(['node', '/app/bin/telefuser.js']);
      expect(existsSync(image.files['/app/bin'] ?? '')).toBe(true);
      expect(existsSync(join(ROOT, image.command[1] ?? ''))).toBe(true);
      expect(lastOf(lineage(stages, target), 'LABEL')).toContain('licenses="Apache-2.0 AND GPL-3.0-or-later"');
    }
    expect(before.get('NODE_IMAGE')).toBe(`node:${manifest.devDependencies['node']}-trixie-slim`);
    expect(stages.at(-1)?.name).toBe('server');
    expect(read('deploy/docker/NOTICE')).toContain('GNU General Public License, version 3');
  });

  it('the chart, the compose file and the package have one version', () => {
    const chart = parse(read('deploy/helm/telefuser-stream/Chart.yaml')) as Readonly<Record<string, string>>;
    expect(chart['appVersion']).toBe(manifest.version);
    expect(read('deploy/compose/compose.yaml')).toContain(`image: telefuser-stream:${manifest.version}\n`);
  });
});

describe('the compose file', () => {
  const { services } = parse(read('deploy/compose/compose.yaml')) as { services: Readonly<Record<string, Service>> };
  const { stream, coturn, prometheus } = services;

  it('gives the server variables that it takes, and TURN credentials that coturn takes', () => {
    const given: Record<string, string> = { PUBLIC_ADDRESS: '203.0.113.5', TURN_SECRET: 'a-secret-that-both-know' };
    const substituted = (text: string): string =>
      text.replaceAll(
        /\$\{(\w+)(?::\?[^}]*|:-([^}]*))?\}/gu,
        (_, name: string, fallback: string | undefined) => given[name] ?? fallback ?? '',
      );
    const environment = (): Record<string, string> =>
      Object.fromEntries(Object.entries(stream?.environment ?? {}).map(([name, value]) => [name, substituted(value)]));
    const { ice, drain, pipelineCloseTimeoutSeconds, maxSessions, auth } = loadConfiguration(environment());
    expect(auth.mode).toBe('none');
    const { record } = makeApiKey({ tenant: 'tests', scopes: ['stream:create'], expiresAtMs: undefined });
    const apiKeys = JSON.stringify([record]);
    Object.assign(given, { TELEFUSER_AUTH: 'required', TELEFUSER_API_KEYS: apiKeys });
    expect(loadConfiguration(environment()).auth).toMatchObject({ mode: 'required', apiKeys });
    expect(ice).toMatchObject({ hostAddresses: ['203.0.113.5'], turnSecret: 'a-secret-that-both-know' });
    expect(coturn?.command.map(substituted)).toEqual(
      expect.arrayContaining(['--use-auth-secret', '--static-auth-secret=a-secret-that-both-know']),
    );
    // As many ports as sessions need, published as they are.
    const { first = 0, last = 0 } = ice.udpPorts ?? {};
    expect(last - first + 1).toBe(2 * maxSessions);
    expect(stream?.ports).toContain(`${first}-${last}:${first}-${last}/udp`);
    expect(Number.parseInt(stream?.stop_grace_period ?? '', 10)).toBeGreaterThan(
      drain.timeoutSeconds + 2 * pipelineCloseTimeoutSeconds + 5,
    );
    // Its relayed ports are not the server's.
    expect(coturn?.command).toContain('--max-port=49999');
  });

  it('lets nobody into the networks of its host by the relay', () => {
    const inner = ['10.0.0.0-10.255.255.255', '172.16.0.0-172.31.255.255', '192.168.0.0-192.168.255.255', '::1'];
    expect(coturn?.command).toEqual(
      expect.arrayContaining(['--no-tcp-relay', ...inner.map((network) => `--denied-peer-ip=${network}`)]),
    );
    const document = read('docs/deploy.md');
    for (const option of coturn?.command.filter((one) => /denied|no-tcp-relay/u.test(one)) ?? []) {
      expect(document).toContain(`\n${option.slice('--'.length)}\n`);
    }
  });

  it('confines every container', () => {
    for (const service of Object.values(services)) {
      expect(service).toMatchObject({ read_only: true, cap_drop: ['ALL'], security_opt: ['no-new-privileges:true'] });
    }
    expect(stream?.build?.target).toBe('server');
    expect(stages.map(({ name }) => name)).toContain(stream?.build?.target);
  });

  it('gives Prometheus a configuration and rules that promtool takes', async () => {
    await using folder = await mkdtempDisposable(join(tmpdir(), 'telefuser-compose-'));
    for (const volume of prometheus?.volumes ?? []) {
      const [source = '', target = ''] = volume.split(':');
      if (!target.startsWith('/etc/prometheus/')) continue;
      await copyFile(join(ROOT, 'deploy', 'compose', source), join(folder.path, target.slice('/etc/prometheus/'.length)));
    }
    const check = spawnSync('promtool', ['check', 'config', join(folder.path, 'prometheus.yml')], { encoding: 'utf8' });
    expect(check.status, check.stdout + check.stderr).toBe(0);
    expect(check.stdout).toMatch(/SUCCESS: \d+ rules found/u);
    expect(read('deploy/compose/prometheus.yml')).toContain(`stream:${stream?.environment?.['TELEFUSER_MANAGEMENT_PORT']}`);
  });
});
