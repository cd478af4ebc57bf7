import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Logger } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Chunk } from '../common/index.js';
import { loadConfiguration } from '../config/index.js';
import { ConfigurationModule } from '../configuration.module.js';
import { PipelineLoaderModule, PipelineService, PipelineStartError, PipelineUnavailableError } from './index.js';
import type { PipelineRun } from './pipeline-run.js';
import { PIPELINE_OPTIONS } from './pipeline.options.js';
import { SecurityPolicy } from './security-policy.js';

const fixture = (name: string): string => fileURLToPath(new URL(`fixtures/${name}`, import.meta.url));

const services: PipelineService[] = [];

function service(name: string, environment: Record<string, string> = {}): PipelineService {
  const options = {
    path: resolve(fixture('.'), name),
    securityLevel: 'permissive',
    skipValidation: true,
    gpuNum: 1,
    options: {},
  } as const;
  const configuration = loadConfiguration(environment);
  const made = new PipelineService(options, configuration, new SecurityPolicy(options, configuration));
  services.push(made);
  return made;
}

async function collect(run: PipelineRun): Promise<Chunk[]> {
  const chunks: Chunk[] = [];
  for await (const chunk of run.chunks()) chunks.push(chunk);
  return chunks;
}

function pidOf(pipeline: PipelineService): number | undefined {
  return pipeline.workers[0]?.pid;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

beforeEach(() => {
  for (const method of ['log', 'warn', 'error', 'debug'] as const)
    vi.spyOn(Logger.prototype, method).mockImplementation(() => undefined);
});

afterEach(async () => {
  await Promise.all(services.splice(0).map((made) => made.onApplicationShutdown()));
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
});

describe('PipelineService', () => {
  it('starts with the application, serves, and ends with it', async () => {
    const pipeline = service('push.mjs');
    expect(pipeline.state).toBe('starting');
    expect(pipeline.describe()).not.toHaveProperty('streamMode');
    await expect(pipeline.open('s', {})).rejects.toThrow('The pipeline is still starting.');
    pipeline.onApplicationBootstrap();
    await pipeline.started();
    expect(pipeline.state).toBe('ready');
    expect(pipeline.describe()).toMatchObject({
      pipelineFile: fixture('push.mjs'),
      securityLevel: 'permissive',
      skipValidation: true,
      runner: 'node',
      streamMode: 'server_push',
      defaultFps: 12,
      protocolVersion: 1,
      startSeconds: expect.any(Number) as number,
    });
    const run = await pipeline.open('s', { count: 2 });
    expect((await collect(run)).map((chunk) => chunk.index)).toEqual([0, 1]);
    await run.close();

    const pid = pidOf(pipeline)!;
    expect(isAlive(pid)).toBe(true);
    await pipeline.onApplicationShutdown();
    expect(isAlive(pid)).toBe(false);
    expect(pipeline.state).toBe('stopped');
    await expect(pipeline.open('s', {})).rejects.toBeInstanceOf(PipelineUnavailableError);
  });

  it.each([
    ['load', 'load-failed', `The pipeline cannot be loaded: the module is broken (starts.mjs:3:31). Fix the error there`],
    ['get-service', 'start-failed', `GetService() threw: no licence (starts.mjs:10:13). `],
    ['neither', 'neither-protocol', 'The service has neither serve (server push) nor '],
    [
      'partly',
      'neither-protocol',
      'The service is bidirectional in part: it lacks closeSession. Give the service a serve method',
    ],
    ['nothing', 'neither-protocol', 'GetService() returned undefined, not a service object. '],
    ['start', 'start-failed', `Start() threw: no weights (starts.mjs:21:17). `],
    ['fps', 'start-failed', "The service's defaultFps must be a number from 1 to 240. "],
    ['about', 'start-failed', 'The service\'s about.controls must be a list of at most 16 words such as "arrows"'],
    [
      'schema',
      'start-failed',
      "The service's config schema at /properties/steps/maximum must be a number. docs/pipeline-host.md says what a service may declare.",
    ],
    ['schema-list', 'start-failed', "The service's configSchema must be an object. "],
    ['schema-circle', 'start-failed', "The service's configSchema cannot be written as JSON: Converting circular structure"],
    ['schema-long', 'start-failed', "The service's configSchema is 70034 bytes long as JSON; 65536 are allowed. "],
    ['exit', 'crashed', "The pipeline's process ended with exit code 0. "],
  ])('says how a start fails: %s', async (variant, kind, message) => {
    vi.stubEnv('VARIANT', variant);
    const pipeline = service('starts.mjs');
    pipeline.onApplicationBootstrap();
    const error = await pipeline.started().catch((thrown: unknown) => thrown as PipelineStartError);
    expect(error).toBeInstanceOf(PipelineStartError);
    expect(error).toMatchObject({ kind });
    expect(pipeline.failure!.toLowerCase()).toContain(message.toLowerCase());
    // The operator is told where the file lies; the HTTP client is not.
    expect(pipeline.failure).not.toContain(fixture(''));
    if (message.includes('starts.mjs')) expect((error as Error).message).toContain(fixture('starts.mjs'));
    expect(pipeline.state).toBe('failed');
    await expect(pipeline.open('s', {})).rejects.toThrow(pipeline.failure);
  });

  it.each([
    ['no-get-service.mjs', 'no-get-service'],
    ['missing.mjs', 'not-found'],
  ])('says how a start fails: %s', async (name, kind) => {
    const pipeline = service(name);
    pipeline.onApplicationBootstrap();
    await expect(pipeline.started()).rejects.toMatchObject({ kind });
    expect(pipeline.state).toBe('failed');
  });

  it('says how a start fails: a module that does not parse', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'pipeline-'));
    try {
      const file = join(folder, 'broken.mjs');
      await writeFile(file, 'export const getService = () => ({\n');
      const pipeline = service(file);
      pipeline.onApplicationBootstrap();
      await expect(pipeline.started()).rejects.toMatchObject({ kind: 'load-failed' });
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it('waits for a slow start', async () => {
    vi.stubEnv('VARIANT', 'slow');
    const pipeline = service('starts.mjs');
    pipeline.onApplicationBootstrap();
    await pipeline.started();
    expect(pipeline.describe().startSeconds).toBeGreaterThan(0.29);
  });

  it('knows how far a start has got, and then what the service declares', async () => {
    vi.stubEnv('VARIANT', 'declares');
    const pipeline = service('starts.mjs');
    expect(pipeline.startProgress).toBeUndefined();
    pipeline.onApplicationBootstrap();
    await vi.waitFor(() => expect(pipeline.startProgress).toEqual({ fraction: 0.25, text: 'Loading the text encoder' }), 5000);
    expect(pipeline.checkConfig({ steps: 51 })).toEqual([]);
    await pipeline.started();
    expect(pipeline.startProgress).toBeUndefined();
    expect(pipeline.describe()).toMatchObject({
      about: { name: 'Beginner', defaultPrompt: 'begin' },
      configSchema: { type: 'object', properties: { steps: { maximum: 50 } } },
    });
    expect(pipeline.describe().about).not.toHaveProperty('wonder');
    expect(pipeline.checkConfig({ steps: 51 })).toEqual([
      { pointer: '/config/steps', detail: 'config.steps must be at most 50' },
    ]);
    expect(pipeline.checkConfig({ steps: 50 })).toEqual([]);
  });

  it('gives up a start that takes too long, and leaves no process', async () => {
    vi.stubEnv('VARIANT', 'hang');
    const pipeline = service('starts.mjs', { TELEFUSER_PIPELINE_START_TIMEOUT_SECONDS: '1' });
    pipeline.onApplicationBootstrap();
    await vi.waitFor(() => expect(pidOf(pipeline)).toBeDefined());
    const pid = pidOf(pipeline)!;
    await expect(pipeline.started()).rejects.toMatchObject({ kind: 'start-timeout' });
    await vi.waitFor(() => expect(isAlive(pid)).toBe(false));
    expect(pipeline.failure).toContain('TELEFUSER_PIPELINE_START_TIMEOUT_SECONDS');
  });

  it('can be stopped while the pipeline starts', async () => {
    vi.stubEnv('VARIANT', 'hang');
    const pipeline = service('starts.mjs');
    pipeline.onApplicationBootstrap();
    await vi.waitFor(() => expect(pidOf(pipeline)).toBeDefined());
    const pid = pidOf(pipeline)!;
    await pipeline.onApplicationShutdown();
    expect(isAlive(pid)).toBe(false);
    await expect(pipeline.started()).rejects.toThrow('stopped before the pipeline had started');
  });

  it('can be stopped without having started', async () => {
    const pipeline = service('push.mjs');
    await pipeline.onApplicationShutdown();
    await pipeline.onApplicationShutdown();
    expect(pipeline.state).toBe('stopped');
  });

  it('is started again when its process is gone, and says so meanwhile', async () => {
    const pipeline = service('push.mjs', { TELEFUSER_PIPELINE_RESTART_DELAY_SECONDS: '0.2' });
    pipeline.onApplicationBootstrap();
    await pipeline.started();
    const pid = pidOf(pipeline)!;
    process.kill(pid, 'SIGKILL');
    await vi.waitFor(() => expect(pipeline.state).toBe('restarting'));
    const failure = "The pipeline is being started again: the pipeline's process was ended by SIGKILL.";
    expect(pipeline.failure).toBe(failure);
    await expect(pipeline.open('s', {})).rejects.toThrow(failure);
    await vi.waitFor(() => expect(pipeline.state).toBe('ready'), 8000);
    expect(pipeline.failure).toBeUndefined();
    expect(pipeline.workers).toMatchObject([{ state: 'ready', restarts: 1, sessions: 0 }]);
    expect(pidOf(pipeline)).not.toBe(pid);
    const run = await pipeline.open('s', { count: 1 });
    expect(await collect(run)).toHaveLength(1);
    await run.close();
  });

  it('is failed, with the cause, after so many failures in a row', async () => {
    const pipeline = service('push.mjs', {
      TELEFUSER_PIPELINE_MAX_FAILURES: '2',
      TELEFUSER_PIPELINE_RESTART_DELAY_SECONDS: '0.05',
    });
    pipeline.onApplicationBootstrap();
    await pipeline.started();
    process.kill(pidOf(pipeline)!, 'SIGKILL');
    await vi.waitFor(() => expect(pipeline.workers[0]).toMatchObject({ state: 'ready', restarts: 1 }), 8000);
    process.kill(pidOf(pipeline)!, 'SIGKILL');
    await vi.waitFor(() => expect(pipeline.state).toBe('failed'));
    expect(pipeline.failure).toContain("down after 2 failures in a row; the last: The pipeline's process was ended by SIGKILL.");
    await expect(pipeline.open('s', {})).rejects.toThrow(pipeline.failure);
  });

  it('keeps the server’s variables from the pipeline', async () => {
    vi.stubEnv('TELEFUSER_TURN_CREDENTIAL', 'secret');
    vi.stubEnv('VIDEO_PATH', 'film.mp4');
    const pipeline = service('push.mjs');
    pipeline.onApplicationBootstrap();
    await pipeline.started();
    const run = await pipeline.open('s', { act: 'environment' });
    const [chunk] = await collect(run);
    await run.close();
    expect(chunk!.metadata['videoPath']).toBe('film.mp4');
    expect((chunk!.metadata['environment'] as string[]).filter((name) => name.startsWith('TELEFUSER_'))).toEqual([]);
  });
});

describe('PipelineLoaderModule', () => {
  it('provides the service from its options', async () => {
    const options = {
      path: fixture('push.mjs'),
      securityLevel: 'permissive',
      skipValidation: false,
      gpuNum: 1,
      options: {},
    } as const;
    const module = await Test.createTestingModule({
      imports: [ConfigurationModule.register(loadConfiguration({})), PipelineLoaderModule.register(options)],
    }).compile();
    expect(module.get(PIPELINE_OPTIONS)).toBe(options);
    const pipeline = module.get(PipelineService);
    await module.init();
    await pipeline.started();
    expect(pipeline.mode).toBe('server_push');
    const pid = pidOf(pipeline)!;
    await module.close();
    expect(isAlive(pid)).toBe(false);
  });
});
