import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';

import { waitFor } from './condition.ts';
import { freePort } from './free-port.ts';

const PROMTOOL_TIMEOUT_MS = 30_000;

/** Why these tests cannot run here; undefined when they can. `npm test` installs the package where it may. */
export const withoutPrometheus: string | undefined =
  spawnSync('promtool', ['--version']).status === 0 && spawnSync('prometheus', ['--version']).status === 0
    ? undefined
    : 'needs Prometheus: sudo apt-get install -y --no-install-recommends prometheus';

/**
 * Runs Prometheus' own judge of files and metrics, in its time: the server under test may be in this process. Resolves to what it says against
 * them, which is nothing when all is well.
 */
export async function promtool(args: readonly string[], input = ''): Promise<string> {
  const child = spawn('promtool', args, { stdio: 'pipe', timeout: PROMTOOL_TIMEOUT_MS });
  child.stdin.end(input);
  const [stdout, stderr, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
  return code === 0 && stderr === '' ? '' : `exit ${String(code)}\n${stdout}${stderr}`;
}

/** One series of an answer. */
export interface QueriedSeries {
  readonly metric: Readonly<Record<string, string>>;
  readonly value: readonly [number, string];
}

export interface ScrapeTarget {
  readonly job: string;
  /** `host:port`. */
  readonly address: string;
  readonly path: string;
}

/** A real Prometheus that scrapes twice a second, on a free port of 127.0.0.1. Disposing of it ends it and removes what it stored. */
export class Prometheus implements AsyncDisposable {
  private readonly exited: Promise<unknown>;
  private output = '';

  private constructor(
    private readonly child: ChildProcess,
    private readonly folder: string,
    private readonly url: string,
  ) {
    this.exited = new Promise((resolve) => child.once('exit', resolve));
    child.stderr?.setEncoding('utf8').on('data', (printed: string) => (this.output = (this.output + printed).slice(-65_536)));
  }

  static async start(targets: readonly ScrapeTarget[], ruleFiles: readonly string[] = []): Promise<Prometheus> {
    const folder = await mkdtemp(join(tmpdir(), 'telefuser-prometheus-'));
    const port = await freePort();
    // YAML that is JSON.
    const configuration = {
      global: { scrape_interval: '500ms', evaluation_interval: '500ms' },
      rule_files: ruleFiles,
      scrape_configs: targets.map(({ job, address, path }) => ({
        job_name: job,
        metrics_path: path,
        static_configs: [{ targets: [address] }],
      })),
    };
    await writeFile(join(folder, 'prometheus.yml'), JSON.stringify(configuration));
    const child = spawn(
      'prometheus',
      [
        `--config.file=${join(folder, 'prometheus.yml')}`,
        `--storage.tsdb.path=${join(folder, 'data')}`,
        `--web.listen-address=127.0.0.1:${port}`,
        '--log.level=warn',
      ],
      { stdio: ['ignore', 'ignore', 'pipe'] },
    );
    const prometheus = new Prometheus(child, folder, `http://127.0.0.1:${port}/`);
    try {
      await waitFor(
        () => `Prometheus to be ready; it printed ${prometheus.output}`,
        async () => (await fetch(`${prometheus.url}-/ready`).catch(() => undefined))?.ok,
        15_000,
      );
      return prometheus;
    } catch (error) {
      await prometheus[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** The result of an expression now. Throws with Prometheus' own words when it cannot be evaluated. */
  async query(expression: string): Promise<readonly QueriedSeries[]> {
    const data = await this.get(`query?query=${encodeURIComponent(expression)}`);
    return (data as { result: readonly QueriedSeries[] }).result;
  }

  /** Every name that a scrape has had. */
  async metricNames(): Promise<ReadonlySet<string>> {
    return new Set((await this.get('label/__name__/values')) as string[]);
  }

  /** The rules by name, each with its health: `ok`, `unknown` or `err`. */
  async ruleHealth(): Promise<Readonly<Record<string, string>>> {
    const { groups } = (await this.get('rules')) as { groups: { rules: { name: string; health: string }[] }[] };
    return Object.fromEntries(groups.flatMap(({ rules }) => rules.map(({ name, health }) => [name, health])));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.child.kill('SIGKILL');
    await this.exited;
    await rm(this.folder, { recursive: true, force: true });
  }

  private async get(path: string): Promise<unknown> {
    const answer = await fetch(`${this.url}api/v1/${path}`, { signal: AbortSignal.timeout(5000) });
    const body = (await answer.json()) as { status: string; data: unknown; error?: string };
    if (body.status !== 'success') throw new Error(`${path}: ${body.error}`);
    return body.data;
  }
}
