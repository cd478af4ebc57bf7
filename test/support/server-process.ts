import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { watchLogs } from './watched-logs.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const START_TIMEOUT_MS = 30_000;
const STOP_TIMEOUT_MS = 30_000;
/** Ticks a second of the times in /proc/<pid>/stat: fixed for user space on Linux. */
const TICKS_PER_SECOND = 100;

export interface ServerOptions {
  /** Further arguments of the command line. */
  readonly args?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
}

/** CPU and memory of the server's process and of its pipeline's. */
export interface ProcessUsage {
  readonly serverCpuSeconds: number;
  readonly hostCpuSeconds: number;
  readonly serverBytes: number;
  readonly hostBytes: number;
}

/** The server, started as a user starts it, on a free port. */
export class ServerProcess implements AsyncDisposable {
  private readonly child: ChildProcess;
  private readonly exited: Promise<unknown>;
  private output = '';

  private constructor(child: ChildProcess) {
    this.child = child;
    this.exited = once(child, 'exit');
  }

  /** Resolves when the pipeline is ready. Rejects with what the server printed when it ends before, or does not become ready. */
  static async start(pipeline: string, options: ServerOptions = {}): Promise<ServerProcess> {
    const child = spawn(
      process.execPath,
      ['dist/cli.js', 'stream-serve', pipeline, '--port', '0', '--host', '127.0.0.1', ...(options.args ?? [])],
      {
        cwd: ROOT,
        // As `npm start` does: video-replay decodes with native code.
        // A page that is still open when a test is over must not hold up the end.
        env: {
          ...withoutSettings(process.env),
          TELEFUSER_SECURITY_LEVEL: 'standard',
          TELEFUSER_DRAIN_TIMEOUT_SECONDS: '0',
          ...options.environment,
        },
        stdio: ['ignore', 'pipe', 'pipe'],
      },
    );
    watchLogs(child, options.environment ?? {});
    const server = new ServerProcess(child);
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        server.output = (server.output + text).slice(-65_536);
      });
    }
    await server.untilReady();
    return server;
  }

  /** With a slash at the end. */
  get url(): string {
    const url = /^Ready: (\S+) /mu.exec(this.output)?.[1];
    if (url === undefined) throw new Error(`the server is not ready:\n${this.output}`);
    return url;
  }

  /** What it printed, the last 64 KiB. */
  get log(): string {
    return this.output;
  }

  get pid(): number {
    return this.child.pid ?? -1;
  }

  /** Its answer to a GET, as JSON. */
  async get(path: string): Promise<Record<string, unknown>> {
    const answer = await fetch(new URL(path, this.url), { signal: AbortSignal.timeout(5000) });
    return (await answer.json()) as Record<string, unknown>;
  }

  async usage(): Promise<ProcessUsage> {
    const children = (await readFile(`/proc/${this.pid}/task/${this.pid}/children`, 'utf8')).trim().split(' ').filter(Boolean);
    const hosts = await Promise.all(children.map((pid) => processUsage(Number(pid))));
    const server = await processUsage(this.pid);
    return {
      serverCpuSeconds: server.cpuSeconds,
      hostCpuSeconds: hosts.reduce((sum, { cpuSeconds }) => sum + cpuSeconds, 0),
      serverBytes: server.bytes,
      hostBytes: hosts.reduce((sum, { bytes }) => sum + bytes, 0),
    };
  }

  /** Ends it as a user does, with SIGTERM; with SIGKILL when that takes too long, which is an error. Idempotent. */
  async stop(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    this.child.kill('SIGTERM');
    const timer = setTimeout(() => this.child.kill('SIGKILL'), STOP_TIMEOUT_MS);
    await this.exited;
    clearTimeout(timer);
    if (this.child.signalCode === 'SIGKILL')
      throw new Error(`the server did not end within ${STOP_TIMEOUT_MS} ms:\n${this.output}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  private async untilReady(): Promise<void> {
    const deadline = AbortSignal.timeout(START_TIMEOUT_MS);
    try {
      while (!/^Ready: /mu.test(this.output)) {
        const printed =
          this.child.stdout === null
            ? Promise.reject(new Error('no output'))
            : once(this.child.stdout, 'data', { signal: deadline });
        await Promise.race([printed, this.exited]);
        if (this.child.exitCode !== null) throw new Error(`the server ended with ${this.child.exitCode}`);
      }
    } catch (error) {
      await this.stop();
      throw new Error(`The server did not become ready:\n${this.output}`, { cause: error });
    }
  }
}

/** Settings of whoever runs the tests must not reach the server under test. */
function withoutSettings(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(
    Object.entries(environment).filter(
      ([name]) => !name.startsWith('TELEFUSER_') && name !== 'VIDEO_PATH' && name !== 'NODE_OPTIONS',
    ),
  );
}

/** CPU and memory of one process, of all its threads. */
export async function processUsage(pid: number): Promise<{ cpuSeconds: number; bytes: number }> {
  const [stat, status] = await Promise.all([readFile(`/proc/${pid}/stat`, 'utf8'), readFile(`/proc/${pid}/status`, 'utf8')]);
  // The command in parentheses may contain spaces; user and system time are the 14th and 15th field of the line.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const resident = /^VmRSS:\s+(\d+) kB$/mu.exec(status)?.[1] ?? '0';
  return { cpuSeconds: (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND, bytes: Number(resident) * 1024 };
}
