import { spawn, type ChildProcess } from 'node:child_process';
import { PassThrough, type Duplex } from 'node:stream';
import { settlesWithin } from '../contract/deadline.js';
import { forwardLines } from './output-lines.js';
import { MessageConnection } from '../protocol/message-connection.js';
import { ProtocolError, type RawMessage } from '../protocol/message-decoder.js';
import { PROTOCOL_FD, type ServerMessage } from '../protocol/messages.js';

/** How the process of a pipeline is started. */
export interface HostCommand {
  /** Absolute path of a program. */
  readonly command: string;
  readonly args: readonly string[];
  /** The whole environment of the process. */
  readonly environment: Readonly<Record<string, string>>;
}

export interface HostProcessListener {
  /** @throws ProtocolError, which ends the process */
  onMessage(message: RawMessage): void;
  /** A line the pipeline printed. */
  onOutput(line: string, stream: 'stdout' | 'stderr'): void;
  /** Once, when the process is gone. `cause` says in words how it ended. */
  onExit(cause: string): void;
}

/** Between the end of the pipe and the end of the process, and the other way round. */
const EXIT_GRACE_MS = 1000;

/** Processes that are to be gone before this one is. */
const running = new Set<HostProcess>();
process.on('exit', () => {
  for (const host of running) host.kill();
});

/** One child process with its pipe. It owns both: nothing of them is left after `onExit`, and the process is gone before the server is. */
export class HostProcess {
  readonly exited: Promise<void>;
  readonly #child: ChildProcess;
  readonly #pipe: Duplex;
  readonly #connection: MessageConnection;
  #killReason: string | undefined;
  #resolveExited!: () => void;
  #ended = false;

  private constructor(
    { command, args, environment }: HostCommand,
    private readonly listener: HostProcessListener,
  ) {
    this.exited = new Promise((resolve) => (this.#resolveExited = resolve));
    this.#child = spawn(command, args, {
      env: { ...environment },
      stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
      // A group of its own, so that what the pipeline has started ends with it.
      detached: true,
    });
    running.add(this);
    this.#child.once('error', (error) => this.#end(`the pipeline's process cannot be started: ${error.message}`));
    this.#child.once('exit', (code, signal) => void this.#exited(code, signal));
    // When there is no file descriptor left, `spawn` makes no streams at all, and 'error' follows.
    const { stdout, stderr, stdio } = this.#child as Partial<ChildProcess>;
    if (stdout) forwardLines(stdout, (line) => this.listener.onOutput(line, 'stdout'));
    if (stderr) forwardLines(stderr, (line) => this.listener.onOutput(line, 'stderr'));
    // `spawn` makes a duplex stream of every further 'pipe', which its types cannot say.
    this.#pipe = (stdio?.[PROTOCOL_FD] as Duplex | null | undefined) ?? new PassThrough();
    this.#connection = new MessageConnection('server', this.#pipe, {
      onMessage: (message) => this.listener.onMessage(message),
      onClose: (error) => void this.#pipeClosed(error),
    });
  }

  static spawn(command: HostCommand, listener: HostProcessListener): HostProcess {
    return new HostProcess(command, listener);
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** Bytes that wait for the process to read them. */
  get pendingBytes(): number {
    return this.#connection.pendingBytes;
  }

  /** See `MessageConnection.send`. @throws MessageTooLargeError */
  send(message: ServerMessage, parts?: readonly Uint8Array[]): Promise<void> {
    return this.#connection.send(message, parts);
  }

  /** Asks the pipeline to stop, and ends the process when it has not within the time. Resolves when it is gone. Idempotent. */
  async stop(timeoutMs: number): Promise<void> {
    if (!this.#ended) {
      void this.send({ type: 'stop', timeoutMs });
      if (!(await settlesWithin(this.exited, timeoutMs + EXIT_GRACE_MS))) this.kill();
    }
    await this.exited;
  }

  /** The process is about to end by itself; if it does not, it is ended. */
  expectEnd(): void {
    void settlesWithin(this.exited, EXIT_GRACE_MS).then((ended) => {
      if (!ended) this.kill();
      return undefined;
    });
  }

  /** Counts bytes that it sent unasked, for which it is read later. */
  charge(bytes: number): void {
    this.#connection.charge(bytes);
  }

  /** Ends the process at once, and what it has started. `reason`, in words that follow "the pipeline's process", is what `onExit` hears of it. */
  kill(reason?: string): void {
    if (reason !== undefined) this.#killReason ??= `the pipeline's process ${reason}`;
    if (this.#child.exitCode === null && this.#child.signalCode === null) this.#killGroup();
  }

  #killGroup(): void {
    const { pid } = this.#child;
    if (pid === undefined) return;
    try {
      process.kill(-pid, 'SIGKILL');
    } catch {
      // Nobody is left of the group.
    }
  }

  async #pipeClosed(error: Error | undefined): Promise<void> {
    if (error instanceof ProtocolError) {
      this.kill(`broke the host protocol: ${error.message}`);
      return;
    }
    // Any other error is how a socket says that the process at its other end is gone.
    if (!(await settlesWithin(this.exited, EXIT_GRACE_MS))) this.kill();
  }

  async #exited(code: number | null, signal: NodeJS.Signals | null): Promise<void> {
    // What the process said last may still be in the pipe.
    if (!this.#pipe.destroyed)
      await settlesWithin(new Promise((resolve) => this.#pipe.once('close', resolve)), EXIT_GRACE_MS / 4);
    const how = signal === null ? `ended with exit code ${code}` : `was ended by ${signal}`;
    this.#end(this.#killReason ?? `the pipeline's process ${how}`);
  }

  #end(cause: string): void {
    if (this.#ended) return;
    this.#ended = true;
    running.delete(this);
    this.#killGroup();
    this.#connection.close();
    // What the pipeline printed last may still be read; but a process that left the group holds these open for as long as it likes.
    const { stdout, stderr } = this.#child as Partial<ChildProcess>;
    setTimeout(() => [stdout, stderr].forEach((stream) => stream?.destroy()), EXIT_GRACE_MS).unref();
    this.#resolveExited();
    this.listener.onExit(cause);
  }
}
