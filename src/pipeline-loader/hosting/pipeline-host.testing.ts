/** Hosts of the fixtures' pipelines: the compiled host (`dist`) runs, because Node cannot run the server's own TypeScript. */
import { fileURLToPath } from 'node:url';
import { Logger } from '@nestjs/common';
import { afterEach, beforeEach, vi } from 'vitest';
import type { Chunk } from '../../common/index.js';
import type { HostCommand } from './host-process.js';
import { PipelineHost, type PipelineHostOptions } from './pipeline-host.js';
import type { PipelineRun } from '../pipeline-run.js';

export const fixture = (name: string): string => fileURLToPath(new URL(`../fixtures/${name}`, import.meta.url));

export function nodeHost(environment: Readonly<Record<string, string>> = {}): HostCommand {
  const main = fileURLToPath(new URL('../../../dist/pipeline-loader/node-host/main.js', import.meta.url));
  return { command: process.execPath, args: [main], environment };
}

const hosts: PipelineHost[] = [];
/** The lines of the log, of this test. */
export const printed: string[] = [];
/** The fields of a line, by its text. */
export const fieldsOf = new Map<string, unknown>();

/** Declares for the tests of a file that what is logged goes to `printed`, and that their hosts are stopped. */
export function collectLog(): void {
  beforeEach(() => {
    printed.length = 0;
    for (const method of ['log', 'warn', 'error', 'debug'] as const) {
      vi.spyOn(Logger.prototype, method).mockImplementation((text: unknown, fields: unknown) => {
        printed.push(String(text));
        fieldsOf.set(String(text), fields);
      });
    }
  });

  afterEach(async () => {
    await Promise.all(hosts.splice(0).map((host) => host.stop()));
    vi.restoreAllMocks();
  });
}

interface StartedHost {
  readonly host: PipelineHost;
  /** How the process ended, when it has. */
  readonly exit: Promise<string>;
}

export async function start(name: string, options: Partial<PipelineHostOptions> = {}): Promise<StartedHost> {
  const { promise: exit, resolve } = Promise.withResolvers<string>();
  const host = new PipelineHost(
    {
      name: 'Pipeline',
      command: nodeHost(),
      file: fixture(name),
      gpuNum: 2,
      options: { size: 'small' },
      hangTimeoutMs: 10_000,
      memoryLimitBytes: 1024 ** 3,
      startTimeoutMs: 8000,
      callTimeoutMs: 2000,
      closeTimeoutMs: 2000,
      ...options,
    },
    resolve,
  );
  hosts.push(host);
  await host.started();
  return { host, exit };
}

export async function collect(run: PipelineRun): Promise<Chunk[]> {
  const chunks: Chunk[] = [];
  for await (const chunk of run.chunks()) chunks.push(chunk);
  return chunks;
}
