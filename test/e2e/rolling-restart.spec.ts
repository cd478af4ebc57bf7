import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';

import { describe, expect, it } from 'vitest';

import { ApiClient, type Answer } from '../support/api-client.ts';
import { waitFor } from '../support/condition.ts';
import { freePort } from '../support/free-port.ts';
import { Nginx } from '../support/nginx.ts';
import { CommandProcess, testPipeline } from '../support/server.ts';
import { WATCH, WeriftClient } from '../support/werift-client.ts';

const ENDLESS = {
  script: [{ frames: { count: 2, format: 'I420', width: 64, height: 48, colour: [1, 2, 3] }, repeat: 0 }],
};
const SHORT_VIEWERS = 3;
/** What a viewer watches before it leaves. */
const PACKETS_WATCHED = 15;

/** The blocks of docs/operations.md that show how to put nginx in front, for these ports. */
async function documentedBlocks(ports: readonly number[]): Promise<{ upstream: string; server: string }> {
  const document = await readFile(new URL('../../docs/operations.md', import.meta.url), 'utf8');
  const [, block = ''] = /```nginx\n([^]*?)```/u.exec(document) ?? [];
  const [, upstream, server] = /^(upstream [^]*?\n\})\n[^]*?server \{\n[^]*?\n(  location [^]*)\n\}\n$/u.exec(block) ?? [];
  if (upstream === undefined || server === undefined) throw new Error(`docs/operations.md has no such blocks: ${block}`);
  const servers = ports.map((port) => `  server 127.0.0.1:${port} max_fails=0;`).join('\n');
  return { upstream: upstream.replaceAll(/(^ {2}server .*\n)+/gmu, `${servers}\n`), server };
}

/** What clients noticed. */
class Load {
  /** Whatever is no answer of success, nor one that says when to come again. */
  readonly failures: string[] = [];
  /** Answers that said when to come again, and were followed. */
  retries = 0;
  /** Sessions by the reason of their end. */
  readonly ends: string[] = [];
  /** Times that a client moved to another session because it was told that its server ends. */
  moves = 0;
  requests = 0;
  private stopping = false;
  private readonly clients: Promise<void>[] = [];

  constructor(private readonly api: ApiClient) {
    for (let index = 0; index < SHORT_VIEWERS; index += 1) this.clients.push(this.comeAndGo());
    this.clients.push(this.stay(), this.ask());
  }

  async stop(): Promise<void> {
    this.stopping = true;
    await Promise.all(this.clients);
  }

  /** A viewer that opens a session, watches for a moment, leaves, and comes again. */
  private async comeAndGo(): Promise<void> {
    while (!this.stopping) {
      const client = await this.open();
      if (client !== undefined) await this.leave(client);
    }
  }

  /** A viewer that never wants to leave; told that its server ends, it opens the next session before it ends the one it has. */
  private async stay(): Promise<void> {
    let client = await this.open();
    while (!this.stopping && client !== undefined) {
      const current: WeriftClient = client;
      await sleep(20);
      if (current.messages.some(({ type }) => type === 'closed')) {
        this.failures.push('the session of the one who stays was cut');
        return;
      }
      if (!current.messages.some(({ type }) => type === 'going_away')) continue;
      this.moves += 1;
      client = await this.open();
      await this.leave(current);
    }
    if (client !== undefined) await this.leave(client);
  }

  /** Somebody who only asks, all the time. */
  private async ask(): Promise<void> {
    while (!this.stopping) {
      await this.follow('GET health', () => this.api.get('v1/service/health'));
      await sleep(20);
    }
  }

  private async open(): Promise<WeriftClient | undefined> {
    const client = await WeriftClient.prepare(WATCH);
    const answer = await this.follow('offer', () => client.offer(this.api, ENDLESS));
    if (answer === undefined) return undefined;
    await client.accept(answer);
    return client;
  }

  /** Ends a session once some media has come, by the data channel: a DELETE would have to reach the server that has it. */
  private async leave(client: WeriftClient): Promise<void> {
    try {
      await waitFor('media', () => client.video.packets.length >= PACKETS_WATCHED);
      client.send({ type: 'stop' });
      this.ends.push((await client.message('the close', ({ type }) => type === 'closed')).reason ?? 'unknown');
    } catch (error) {
      this.failures.push(`a session was cut: ${String(error)}`);
    }
    await client.close();
  }

  /** Asks until the answer is a success, as `Retry-After` says; anything else is a failure. */
  private async follow(what: string, request: () => Promise<Answer>): Promise<Answer | undefined> {
    for (;;) {
      this.requests += 1;
      const answer = await request().catch((error: unknown) => String(error));
      if (typeof answer === 'object' && answer.status === 200) return answer;
      const seconds = typeof answer === 'object' && answer.status === 503 ? answer.headers.get('retry-after') : null;
      if (seconds === null) {
        this.failures.push(`${what}: ${typeof answer === 'string' ? answer : `${answer.status} ${JSON.stringify(answer.body)}`}`);
        return undefined;
      }
      this.retries += 1;
      await sleep(Number(seconds) * 1000);
    }
  }
}

async function run(port: number): Promise<CommandProcess> {
  const command = CommandProcess.spawn(
    ['stream-serve', testPipeline('server-push'), '--host', '127.0.0.1', '--port', String(port)],
    { TELEFUSER_SECURITY_LEVEL: 'permissive', TELEFUSER_LOG_LEVEL: 'error', TELEFUSER_DRAIN_TIMEOUT_SECONDS: '20' },
  );
  await waitFor('the server to be ready', () => command.stdout.startsWith('Ready: '), 15_000);
  return command;
}

describe('two servers behind nginx, restarted one after the other under load', () => {
  it('let no client notice: no failed request, no session that is cut', async () => {
    const ports = [await freePort(), await freePort()];
    const { upstream, server } = await documentedBlocks(ports);
    await using stack = new AsyncDisposableStack();
    const commands = new Map<number, CommandProcess>();
    await Promise.all(ports.map(async (port) => commands.set(port, stack.use(await run(port)))));
    const nginx = stack.use(await Nginx.start(await freePort(), upstream, server));
    const load = new Load(new ApiClient(nginx.url));
    await waitFor('the load', () => load.ends.length >= SHORT_VIEWERS);

    for (const port of ports) {
      const command = commands.get(port);
      command?.child.kill('SIGTERM');
      expect(await command?.exitCode(20_000)).toBe(0);
      commands.set(port, stack.use(await run(port)));
      const before = load.ends.length;
      await waitFor('the load to go on', () => load.ends.length >= before + SHORT_VIEWERS);
    }
    await load.stop();

    expect(load.failures).toEqual([]);
    expect(new Set(load.ends)).toEqual(new Set(['client_stop']));
    // The one who stays was on a server that was restarted, at least once.
    expect(load.moves).toBeGreaterThanOrEqual(1);
    if (process.env['SHOW_TIMELINE'] !== undefined) {
      const { requests, retries, moves, ends, failures } = load;
      console.log({ requests, retries, moves, sessions: ends.length, failures: failures.length });
    }
  }, 60_000);
});
