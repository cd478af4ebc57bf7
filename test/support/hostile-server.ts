import type { SandboxedLevel } from '../pipelines/hostile/misdeed.ts';
import { ApiClient, type Answer, type Schemas } from './api-client.ts';
import { waitFor } from './condition.ts';
import type { HostileWorld } from './hostile-world.ts';
import { CommandProcess } from './server.ts';
import { WeriftClient } from './werift-client.ts';

const WORKERS = 2;

const ENVIRONMENT = {
  TELEFUSER_DRAIN_TIMEOUT_SECONDS: '0',
  TELEFUSER_PIPELINE_WORKERS: String(WORKERS),
  TELEFUSER_PIPELINE_MEMORY_LIMIT_MIB: '512',
  TELEFUSER_PIPELINE_HANG_TIMEOUT_SECONDS: '1',
  TELEFUSER_PIPELINE_CLOSE_TIMEOUT_SECONDS: '0.5',
  TELEFUSER_PIPELINE_MAX_FAILURES: '100',
  TELEFUSER_PIPELINE_RESTART_DELAY_SECONDS: '0.05',
  TELEFUSER_WEBRTC_DONE_GRACE_SECONDS: '0.2',
} as const;

/** What became of a session that was played to. */
export interface Played {
  /** Of the chunks that were announced, of one frame each. */
  readonly indexes: readonly unknown[];
  /** The server's, which names what was dropped and why. */
  readonly account: string;
  /** Those that came. */
  readonly frames: number;
}

/** A server of a hostile pipeline, in two processes, started from the folder of the pipeline as many start theirs. */
export class HostileServer {
  private readonly api: ApiClient;

  private constructor(
    private readonly command: CommandProcess,
    url: string,
  ) {
    this.api = new ApiClient(url);
  }

  static async start(
    world: HostileWorld,
    level: SandboxedLevel,
    options: { readonly skipValidation: boolean; readonly environment: Readonly<Record<string, string>> },
  ): Promise<HostileServer> {
    const command = HostileServer.spawn(world, level, options);
    try {
      const server = new HostileServer(command, await command.readyUrl());
      await server.ready();
      return server;
    } catch (error) {
      await command[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Starts it with the check, to see it end. */
  static async fail(
    world: HostileWorld,
    level: SandboxedLevel,
  ): Promise<{ readonly code: number | null; readonly line: string }> {
    await using command = HostileServer.spawn(world, level, { skipValidation: false, environment: {} });
    const code = await command.exitCode();
    return { code, line: command.stderr };
  }

  get pid(): number {
    return this.command.child.pid ?? -1;
  }

  /** What it printed. */
  get log(): string {
    return this.command.stdout + this.command.stderr;
  }

  /** A session that is told what to do, and nothing is played to. */
  connect(): Promise<WeriftClient> {
    return WeriftClient.connect(this.api);
  }

  /** A session that is played to until it is finished. */
  async watch(): Promise<WeriftClient> {
    const client = await WeriftClient.connect(this.api, { video: 'recvonly' }, { plays: true });
    await waitFor('video', () => client.video.packets.length > 0);
    return client;
  }

  async offer(fields: Readonly<Record<string, unknown>>): Promise<Answer> {
    await using client = await WeriftClient.prepare();
    return await client.offer(this.api, fields);
  }

  /** Has the pattern end. */
  async finish(client: WeriftClient): Promise<Played> {
    client.send({ finish: true });
    await client.message('done', ({ type }) => type === 'done');
    const indexes = client.messages.filter(({ type }) => type === 'chunk').map(({ index }) => index);
    const account = await waitFor(
      'the session to close',
      () => new RegExp(` closed: .*; (frames: .*?) session_id=${client.sessionId}\\b`, 'u').exec(this.log)?.[1],
    );
    const frames = client.video.accessUnits().length;
    await client.close();
    return { indexes, account, frames };
  }

  /** Waits until every process of the pipeline takes sessions. */
  async ready(): Promise<void> {
    let workers: readonly Schemas['WorkerDto'][] = [];
    await waitFor(
      () => `the processes of the pipeline, which are ${JSON.stringify(workers)}; the server printed ${this.log.slice(-2000)}`,
      async () => {
        ({ workers } = await this.api.metadata());
        return workers.length === WORKERS && workers.every(({ state }) => state === 'ready');
      },
      40_000,
    );
  }

  async stop(): Promise<void> {
    this.command.child.kill('SIGTERM');
    await this.command.exitCode().catch(() => undefined);
    await this.command[Symbol.asyncDispose]();
  }

  private static spawn(
    world: HostileWorld,
    level: SandboxedLevel,
    { skipValidation, environment }: { readonly skipValidation: boolean; readonly environment: Readonly<Record<string, string>> },
  ): CommandProcess {
    const args = [
      'stream-serve',
      world.entry,
      '--port',
      '0',
      '--host',
      '127.0.0.1',
      ...(skipValidation ? ['--skip-validation'] : []),
    ];
    return CommandProcess.spawn(args, { ...ENVIRONMENT, TELEFUSER_SECURITY_LEVEL: level, ...environment }, world.folder);
  }
}
