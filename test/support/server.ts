import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { loadConfiguration } from '#server/config/index.js';
import { serve, type RunningServer } from '#server/main.js';
import { PipelineService } from '#server/pipeline-loader/index.js';
import { SessionSlots } from '#server/sessions/session-slots.service.js';
import { ApiClient } from './api-client.ts';
import { bareEnvironment } from './bare-environment.ts';
import { waitFor, within } from './condition.ts';
import { keepSecretsOf, watchedLogger, watchLogs } from './watched-logs.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
/** A start takes a second of work; a machine that is slow and busy may take its time. */
const START_TIMEOUT_MS = 40_000;
const CLOSE_TIMEOUT_MS = 30_000;
/** All clients of a test have one address, and ask many times a second whether something has come about. */
const UNLIMITED = { TELEFUSER_RATE_LIMIT: '0' };

/** `TELEFUSER_…` variables; `webrtcMaxSessions` and the like do not exist: tests say what an operator would. */
export type Variables = Readonly<Record<`TELEFUSER_${string}`, string>>;

/** Path of a pipeline of the tests. */
export function testPipeline(name: 'server-push' | 'conversation' | 'world-telemetry'): string {
  return join(ROOT, 'test', 'pipelines', `${name}.ts`);
}

/** Path of a pipeline of the tests in Python. */
export function pythonPipeline(name: 'blocking' | 'jpeg_push' | 'keyboard' | 'lingbot_small' | 'raw_frames'): string {
  return join(ROOT, 'test', 'pipelines', 'python', `${name}.py`);
}

/** Path of a pipeline that is shipped. */
export function shippedPipeline(name: string): string {
  return join(ROOT, 'pipelines', name);
}

/** The server in this process, with everything the tests ask it about. */
export class TestServer implements AsyncDisposable {
  readonly api: ApiClient;

  private constructor(readonly server: RunningServer) {
    this.api = new ApiClient(server.url);
  }

  /** Listens on a free port of 127.0.0.1. `options` are the operator's for the pipeline. */
  static async listen(
    pipelinePath: string,
    variables: Variables = {},
    options: Readonly<Record<string, string>> = {},
  ): Promise<TestServer> {
    const configuration = loadConfiguration({
      TELEFUSER_HOST: '127.0.0.1',
      TELEFUSER_PORT: '0',
      TELEFUSER_LOG_LEVEL: 'error',
      // The pipelines of the tests misbehave and use addons; what the levels stop has tests of its own.
      TELEFUSER_SECURITY_LEVEL: 'permissive',
      TELEFUSER_WEBRTC_DONE_GRACE_SECONDS: '0.2',
      TELEFUSER_PIPELINE_CLOSE_TIMEOUT_SECONDS: '2',
      ...UNLIMITED,
      ...variables,
    });
    const server = await serve({
      configuration,
      pipeline: { path: pipelinePath, skipValidation: false, gpuNum: 1, options },
    });
    keepSecretsOf(variables);
    // What tests provoke is no news; DEBUG_SERVER=1 shows it all the same.
    if (process.env['DEBUG_SERVER'] === undefined) server.app.useLogger(watchedLogger());
    return new TestServer(server);
  }

  /** The same, and waits until the pipeline is ready. */
  static async start(...args: Parameters<typeof TestServer.listen>): Promise<TestServer> {
    const server = await TestServer.listen(...args);
    try {
      await within('the pipeline to start', server.server.pipelineStarted, START_TIMEOUT_MS);
      return server;
    } catch (error) {
      await server.close();
      throw error;
    }
  }

  /** Slots taken, which is more than sessions while one is being opened. */
  get slotsInUse(): number {
    return this.server.app.get(SessionSlots, { strict: false }).inUse;
  }

  get pipelinePid(): number | undefined {
    return this.server.app.get(PipelineService, { strict: false }).workers[0]?.pid;
  }

  /** Waits until no session and no slot is left. */
  async idle(timeoutMs?: number): Promise<void> {
    await this.api.noSessions(timeoutMs);
    await waitFor(
      () => `${this.slotsInUse} slots to be given back`,
      () => this.slotsInUse === 0,
      timeoutMs,
    );
  }

  close(): Promise<void> {
    return within('the server to close', this.server.close(), CLOSE_TIMEOUT_MS);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}

/** A server that was started by the command line; disposing of it ends its process. */
export interface ServingCommand extends AsyncDisposable {
  readonly command: CommandProcess;
  readonly api: ApiClient;
}

/** A command of the built command line, as a process of its own. */
export class CommandProcess implements AsyncDisposable {
  stdout = '';
  stderr = '';
  readonly exited: Promise<{ readonly code: number | null; readonly signal: NodeJS.Signals | null }>;

  private constructor(readonly child: ChildProcess) {
    child.stdout?.setEncoding('utf8').on('data', (text: string) => (this.stdout += text));
    child.stderr?.setEncoding('utf8').on('data', (text: string) => (this.stderr += text));
    this.exited = new Promise((resolve) => child.once('close', (code, signal) => resolve({ code, signal })));
  }

  /**
   * `node dist/cli.js …args`; in a folder without a `.env`, if none is given.
   * @param launcher a command and its arguments that run it; it must hand on its output and its exit code
   */
  static spawn(
    args: readonly string[],
    environment: Readonly<Record<string, string>> = {},
    folder = tmpdir(),
    launcher: readonly string[] = [],
  ): CommandProcess {
    const [file, ...before] = [...launcher, process.execPath];
    const child = spawn(file, [...before, join(ROOT, 'dist', 'cli.js'), ...args], {
      cwd: folder,
      env: { ...bareEnvironment(), ...environment },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    // Other commands may print secrets: api-key is there for it.
    if (args[0] === 'stream-serve') watchLogs(child, environment);
    return new CommandProcess(child);
  }

  /** Serves a pipeline on a free port and waits until it plays. */
  static async serve(
    pipelinePath: string,
    environment: Readonly<Record<string, string>> = {},
    args: readonly string[] = [],
    launcher: readonly string[] = [],
  ): Promise<ServingCommand> {
    const command = CommandProcess.spawn(
      ['stream-serve', pipelinePath, '--port', '0', '--host', '127.0.0.1', ...args],
      { ...UNLIMITED, ...environment },
      tmpdir(),
      launcher,
    );
    try {
      const api = new ApiClient(await command.readyUrl());
      return { command, api, [Symbol.asyncDispose]: () => command[Symbol.asyncDispose]() };
    } catch (error) {
      await command[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Where the server is, once its pipeline plays. */
  readyUrl(): Promise<string> {
    return waitFor(
      () => `the server to be ready; it printed ${this.stdout}${this.stderr}`,
      () => /^Ready: (\S+)/m.exec(this.stdout)?.[1],
      START_TIMEOUT_MS,
    );
  }

  /** Where the management listener is, as the log says; the log level must show it. */
  managementUrl(): Promise<string> {
    return waitFor('the management listener', () => /probes are answered at (\S+)/u.exec(this.stderr)?.[1]);
  }

  /** The exit code, waited for. */
  async exitCode(timeoutMs = START_TIMEOUT_MS): Promise<number | null> {
    return (await within('the command to end', this.exited, timeoutMs)).code;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.child.exitCode === null && this.child.signalCode === null) this.child.kill('SIGKILL');
    await this.exited;
  }
}

/** Whether there is a process with this id. */
export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** A pipeline whose source stands in the test. It lies in a folder of its own and goes with it. */
export class TemporaryPipeline implements AsyncDisposable {
  private constructor(
    private readonly folder: string,
    readonly path: string,
  ) {}

  static async write(source: string, name = 'pipeline.mjs'): Promise<TemporaryPipeline> {
    const folder = await mkdtemp(join(tmpdir(), 'telefuser-pipeline-'));
    const path = join(folder, name);
    await writeFile(path, source);
    return new TemporaryPipeline(folder, path);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.folder, { recursive: true, force: true });
  }
}
