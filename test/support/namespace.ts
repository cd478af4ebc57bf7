/**
 * Networks of a test's own: namespaces of the kernel with a cable between them. Nothing of the machine's own network is touched, and nothing leaves
 * it. Needs root, `ip` (iproute2) and `nft` (nftables).
 */
import { execFile, spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { bareEnvironment } from './bare-environment.ts';
import { waitFor } from './condition.ts';
import { watchLogs } from './watched-logs.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const START_TIMEOUT_MS = 30_000;
const execute = promisify(execFile);

let count = 0;

/** Why networks cannot be made here; undefined when they can. */
export const withoutNamespaces: string | undefined =
  process.getuid?.() === 0 && ['ip', 'nft'].every((program) => spawnSync(program, ['-V']).error === undefined) && tryNamespace()
    ? undefined
    : 'needs root, ip, nft and a kernel that allows network namespaces';

function tryNamespace(): boolean {
  const name = `tf-try-${process.pid}`;
  const made = spawnSync('ip', ['netns', 'add', name]).status === 0;
  if (made) spawnSync('ip', ['netns', 'del', name]);
  return made;
}

/** A process in a namespace, with what it printed. */
export class NamespaceProcess implements AsyncDisposable {
  output = '';
  private readonly exited: Promise<unknown>;

  constructor(readonly child: ChildProcess) {
    this.exited = once(child, 'exit');
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => (this.output = (this.output + text).slice(-262_144)));
    }
  }

  /** Waits until it has printed something that matches. */
  async printed(what: string, pattern: RegExp): Promise<RegExpExecArray> {
    return waitFor(
      () => `${what}; it printed:\n${this.output.slice(-4000)}`,
      () => {
        if (this.child.exitCode !== null) throw new Error(`it ended with ${this.child.exitCode}:\n${this.output}`);
        return pattern.exec(this.output) ?? undefined;
      },
      START_TIMEOUT_MS,
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.child.exitCode === null && this.child.signalCode === null) this.child.kill('SIGKILL');
    await this.exited;
  }
}

/** A network namespace with a loopback and nothing else; disposing of it removes it with what is in it. */
export class Namespace implements AsyncDisposable {
  private constructor(readonly name: string) {}

  static async make(): Promise<Namespace> {
    count += 1;
    const namespace = new Namespace(`tf-${process.pid}-${count}`);
    await execute('ip', ['netns', 'add', namespace.name]);
    await namespace.run('ip', 'link', 'set', 'lo', 'up');
    return namespace;
  }

  /** A cable to another namespace: `eth0` in both, with an address each, in CIDR notation. */
  async connect(address: string, other: Namespace, otherAddress: string): Promise<void> {
    // What begins with "veth" is no interface that werift announces.
    await this.run('ip', 'link', 'add', 'eth0', 'type', 'veth', 'peer', 'name', 'eth0', 'netns', other.name);
    for (const [namespace, own] of [
      [this, address],
      [other, otherAddress],
    ] as const) {
      await namespace.run('ip', 'address', 'add', own, 'dev', 'eth0');
      await namespace.run('ip', 'link', 'set', 'eth0', 'up');
    }
  }

  /** Applies rules of nftables. */
  async filter(rules: string): Promise<void> {
    const nft = spawn('ip', ['netns', 'exec', this.name, 'nft', '-f', '-'], { stdio: ['pipe', 'ignore', 'inherit'] });
    nft.stdin.end(rules);
    const [code] = (await once(nft, 'exit')) as [number];
    if (code !== 0) throw new Error(`nft refused:\n${rules}`);
  }

  /** Packets counted by a named counter of a table `inet capture`. */
  async packets(counter: string): Promise<number> {
    const { nftables } = JSON.parse(await this.run('nft', '-j', 'list', 'counter', 'inet', 'capture', counter)) as {
      nftables: readonly { readonly counter?: { readonly packets: number } }[];
    };
    const found = nftables.find((entry) => entry.counter !== undefined)?.counter;
    if (found === undefined) throw new Error(`no counter ${counter}`);
    return found.packets;
  }

  /** Runs a command to its end and returns what it printed. */
  async run(command: string, ...args: string[]): Promise<string> {
    const { stdout } = await execute('ip', ['netns', 'exec', this.name, command, ...args], { timeout: START_TIMEOUT_MS });
    return stdout;
  }

  spawn(command: string, args: readonly string[], environment: Readonly<Record<string, string>> = {}): NamespaceProcess {
    // `ip netns exec` becomes the command, so that its process is ours to end.
    const child = spawn('ip', ['netns', 'exec', this.name, command, ...args], {
      cwd: ROOT,
      env: { ...bareEnvironment(), ...environment },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    return new NamespaceProcess(child);
  }

  /** The server on port 8088 of all addresses, ready. */
  async serve(pipeline: string, environment: Readonly<Record<string, string>> = {}): Promise<NamespaceProcess> {
    const args = ['dist/cli.js', 'stream-serve', pipeline, '--port', '8088', '--host', '0.0.0.0'];
    const server = this.spawn(process.execPath, args, { TELEFUSER_SECURITY_LEVEL: 'standard', ...environment });
    // Of the server only: coturn says what it was started with, and is not ours.
    watchLogs(server.child, environment);
    try {
      await server.printed('the server to be ready', /^Ready: /mu);
      return server;
    } catch (error) {
      await server[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** An HTTP request from within, as its own process: this one is in another network. */
  async request(method: string, url: string, body?: unknown): Promise<{ readonly status: number; readonly body: unknown }> {
    const script = `const [method, url, body] = process.argv.slice(1);
      const answer = await fetch(url, { method, ...(body && { body, headers: { 'content-type': 'application/json' } }) });
      console.log(JSON.stringify({ status: answer.status, body: await answer.json() }));`;
    const sent = body === undefined ? [] : [JSON.stringify(body)];
    return JSON.parse(await this.run(process.execPath, '--input-type=module', '-e', script, method, url, ...sent)) as {
      status: number;
      body: unknown;
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await execute('ip', ['netns', 'del', this.name]);
  }
}
