import { dirname } from 'node:path';
import { Logger } from '@nestjs/common';
import { exceedsJsonDepth } from '../../common/index.js';
import { errorMessage } from '../contract/error-message.js';
import { DeclarationError } from '../declaration/declaration.error.js';
import { readDeclaration, type ServiceDeclaration } from '../declaration/service-declaration.js';
import { HostProcess, type HostCommand } from './host-process.js';
import { readProcessUsage, type ProcessUsage } from './host-usage.js';
import { HostWatch, type HostWatchOptions } from './host-watch.js';
import { LineBudget, plainText } from './output-lines.js';
import { HostedRun, type RunChannel } from './hosted-run.js';
import {
  PipelineCrashedError,
  PipelineStartError,
  PipelineUnavailableError,
  SessionConflictError,
  SessionRefusedError,
} from '../pipeline.errors.js';
import { withoutFolder } from '../pipeline-file.js';
import type { PipelineRun } from '../pipeline-run.js';
import { decodeChunk } from '../protocol/media-codec.js';
import { ProtocolError, type RawMessage } from '../protocol/message-decoder.js';
import { parseHostMessage, type ParsedHostMessage } from '../protocol/message-parsers.js';
import { PROTOCOL_VERSION, type HostLogLevel, type ReadyMessage, type StartProgress } from '../protocol/messages.js';

/** Levels of a chunk's metadata; a host makes no more than 32 of what a pipeline yields (contract/json-value.ts). */
const MAX_METADATA_DEPTH = 40;

/** How errors read that the sandbox causes, in Python and in Node. */
const DENIED =
  /EACCES|EPERM|ERR_ACCESS_DENIED|ERR_DLOPEN_DISABLED|Permission denied|Operation not permitted|has been restricted/u;

export interface PipelineHostOptions extends HostWatchOptions {
  /** What log lines are under. */
  readonly name: string;
  readonly command: HostCommand;
  /** Absolute path of the pipeline's module. */
  readonly file: string;
  readonly gpuNum: number;
  /** The operator's options, for `getService`. */
  readonly options: Readonly<Record<string, string>>;
  readonly startTimeoutMs: number;
  /** For `createSession`. */
  readonly callTimeoutMs: number;
  /** For closing one session, and for stopping. */
  readonly closeTimeoutMs: number;
  /** What an author should know who was refused something by the sandbox; undefined where there is none. */
  readonly sandboxHint?: string;
  /** Takes away what was made for the process, once it is gone. Must not reject. */
  readonly cleanUp?: () => Promise<void>;
}

/** What a host says of its service when it has started, as far as it was checked. */
export type HostedService = Omit<ReadyMessage, 'type' | 'about' | 'configSchema'> & ServiceDeclaration;

/** What an author can do about a declaration that is not taken. */
const DECLARATION_REMEDY = 'docs/pipeline-host.md says what a service may declare.';

/** An answer that is waited for. */
interface PendingOpen {
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

/** One life of a pipeline's process: started once, gone once. Owns the process and the runs. */
export class PipelineHost implements RunChannel {
  readonly #logger: Logger;
  readonly #process: HostProcess;
  readonly #watch: HostWatch;
  readonly #logBudget = new LineBudget((message) => this.#logger.warn(message));
  readonly #runs = new Map<number, HostedRun>();
  readonly #opening = new Map<number, PendingOpen>();
  readonly #started: Promise<HostedService>;
  #resolveStarted!: (service: HostedService) => void;
  #rejectStarted!: (error: PipelineStartError) => void;
  #startTimer: NodeJS.Timeout | undefined;
  #service: HostedService | undefined;
  #progress: StartProgress | undefined;
  #greeted = false;
  #hinted = false;
  #lastRun = 0;
  #fatal: string | undefined;
  #exitCause: string | undefined;
  #cleanedUp: Promise<void> | undefined;

  /**
   * Starts the process.
   *
   * @param onExit called once when the process is gone, after its runs were ended; says how it ended
   */
  constructor(
    private readonly options: PipelineHostOptions,
    private readonly onExit: (cause: string) => void,
  ) {
    this.#started = new Promise((resolve, reject) => {
      this.#resolveStarted = resolve;
      this.#rejectStarted = reject;
    });
    // Whoever waits for it hears of it; that nobody waits yet is no unhandled rejection.
    this.#started.catch(() => undefined);
    this.#logger = new Logger(options.name);
    this.#process = HostProcess.spawn(options.command, {
      onMessage: (message) => this.#receive(message),
      onOutput: (line, stream) => (stream === 'stdout' ? this.#logger.log(line) : this.#logger.warn(line)),
      onExit: (cause) => this.#exited(cause),
    });
    this.#startTimer = setTimeout(() => this.#startTimedOut(), options.startTimeoutMs);
    this.#watch = new HostWatch(
      {
        usage: () => (this.pid === undefined ? undefined : readProcessUsage(this.pid)),
        ping: (id) => void this.send({ type: 'ping', id }),
        end: (reason) => this.#process.kill(reason),
      },
      options,
    );
    this.#watch.start();
  }

  get pid(): number | undefined {
    return this.#process.pid;
  }

  /** Runs that are open, being opened or being closed. */
  get load(): number {
    return this.#runs.size;
  }

  /** Whether the pipeline takes one more session in this process. */
  get hasRoom(): boolean {
    return this.#service !== undefined && this.load < (this.#service.maxSessions ?? Number.POSITIVE_INFINITY);
  }

  /** What the process took of the machine a moment ago. */
  get usage(): ProcessUsage | undefined {
    return this.#watch.usage;
  }

  /** How far the start has got, if the pipeline says so; undefined once it has started. */
  get progress(): StartProgress | undefined {
    return this.#service === undefined ? this.#progress : undefined;
  }

  get pendingBytes(): number {
    return this.#process.pendingBytes;
  }

  /** Resolves when `start()` has returned. @throws PipelineStartError */
  started(): Promise<HostedService> {
    return this.#started;
  }

  /**
   * Opens a run; see `PipelineService.open`.
   *
   * @throws SessionRefusedError, SessionConflictError, PipelineUnavailableError, or the signal's reason
   */
  async open(sessionId: string, request: Readonly<Record<string, unknown>>, signal?: AbortSignal): Promise<PipelineRun> {
    signal?.throwIfAborted();
    const service = this.#service;
    if (service === undefined || this.#exitCause !== undefined) {
      throw new PipelineUnavailableError(this.#exitCause ?? 'the pipeline has not started yet');
    }
    // Asked before the pipeline is, so that a duplicate cannot touch the running session's state.
    for (const run of this.#runs.values()) {
      if (run.claims(sessionId)) throw new SessionConflictError(`the session ${sessionId} is open already`);
    }
    const bidirectional = service.mode === 'bidirectional';
    const run = new HostedRun((this.#lastRun += 1), sessionId, bidirectional, this, this.options.closeTimeoutMs);
    this.#runs.set(run.run, run);
    try {
      await this.#openInHost(run, request, signal);
    } catch (error) {
      // Refused: the host has nothing of it. Anything else may have left something behind there.
      if (error instanceof SessionRefusedError || error instanceof SessionConflictError) this.#runs.delete(run.run);
      else await run.close();
      throw error;
    }
    return run;
  }

  send(...[message, parts]: Parameters<RunChannel['send']>): Promise<void> {
    return this.#process.send(message, parts);
  }

  runClosed(run: HostedRun): void {
    this.#runs.delete(run.run);
  }

  /** Ends runs and service in good order, then the process. Bounded by the close timeout. Idempotent. */
  async stop(): Promise<void> {
    // A pipeline that has not started has nothing to put in order, and may be deep in loading a model.
    if (this.#service === undefined) this.#process.kill();
    await this.#process.stop(this.options.closeTimeoutMs);
    await this.#cleanedUp;
  }

  async #openInHost(run: HostedRun, request: Readonly<Record<string, unknown>>, signal?: AbortSignal): Promise<void> {
    const { callTimeoutMs } = this.options;
    const answer = new Promise<void>((resolve, reject) => this.#opening.set(run.run, { resolve, reject }));
    const pending = this.#opening.get(run.run);
    const timer = setTimeout(
      () =>
        pending?.reject(new PipelineUnavailableError(`the pipeline did not open the session within ${callTimeoutMs / 1000} s`)),
      callTimeoutMs,
    );
    const abort = (): void => {
      const reason: unknown = signal?.reason;
      pending?.reject(reason instanceof Error ? reason : new Error(String(reason)));
    };
    signal?.addEventListener('abort', abort, { once: true });
    try {
      this.#sendOpen(run, request);
      await answer;
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener('abort', abort);
      this.#opening.delete(run.run);
    }
  }

  #sendOpen(run: HostedRun, request: Readonly<Record<string, unknown>>): void {
    try {
      void this.send({ type: 'open', run: run.run, session: run.sessionId, request });
    } catch (error) {
      throw new SessionRefusedError(`the request cannot be handed to the pipeline: ${errorMessage(error)}`);
    }
  }

  #receive(raw: RawMessage): void {
    const message = parseHostMessage(raw);
    if (message === undefined) return;
    if ('run' in message && message.type !== 'log') this.#receiveForRun(message, raw);
    else this.#receiveForHost(message);
  }

  #receiveForHost(
    message: Extract<
      ParsedHostMessage,
      { type: 'hello' | 'progress' | 'ready' | 'start-failed' | 'fatal' | 'log' | 'pong' | 'stopped' }
    >,
  ): void {
    switch (message.type) {
      case 'hello':
        if (message.protocol !== PROTOCOL_VERSION)
          throw new ProtocolError(`host protocol ${message.protocol}, not ${PROTOCOL_VERSION}`);
        return this.#start();
      case 'progress':
        return this.#progressed(message);
      case 'ready':
        if (this.#service !== undefined) throw new ProtocolError('ready a second time');
        return this.#becameReady(message);
      case 'pong':
        return this.#watch.pong(message.id);
      case 'start-failed':
        return this.#rejectStarted(
          new PipelineStartError(
            message.kind,
            message.message,
            message.stack,
            this.#hintFor(`${message.message} ${message.stack}`),
          ),
        );
      case 'fatal':
        if (this.#fatal !== undefined) throw new ProtocolError('fatal a second time');
        this.#process.expectEnd();
        this.#fatal = message.message;
        this.#logger.error(`an error nobody caught in the pipeline: ${message.message}`, message.stack);
        return;
      case 'log':
        return this.#log(message.level, message.text, message.run === undefined ? {} : this.#fieldsOf(message.run));
      case 'stopped':
        return;
    }
  }

  #receiveForRun(message: Extract<ParsedHostMessage, { run: number }>, raw: RawMessage): void {
    const run = this.#runs.get(message.run);
    // Closed meanwhile; its last messages crossed ours on the way. A flood of them must not be for nothing.
    if (run === undefined) {
      this.#process.charge(raw.parts.reduce((sum, part) => sum + part.length, 0));
      return;
    }
    switch (message.type) {
      case 'opened':
        run.opened(message.session);
        return this.#opening.get(message.run)?.resolve();
      case 'refused': {
        const Refusal = message.kind === 'conflict' ? SessionConflictError : SessionRefusedError;
        this.#opening.get(message.run)?.reject(new Refusal(this.#withoutFolder(message.message)));
        return;
      }
      case 'chunk': {
        const chunk = decodeChunk(raw);
        // It is written as JSON again for the data channel, which recurses.
        if (exceedsJsonDepth(chunk.metadata, MAX_METADATA_DEPTH)) {
          throw new ProtocolError(`metadata nested deeper than ${MAX_METADATA_DEPTH}`);
        }
        return run.chunkArrived({ chunk });
      }
      case 'chunk-error':
        return run.chunkArrived({ problem: this.#withoutFolder(message.message) });
      case 'end':
        return run.ended();
      case 'failed':
        this.#logHintFor(message.message);
        return run.ended(this.#withoutFolder(message.message));
      case 'push-error':
        this.#logHintFor(message.message);
        return run.pushFailed(this.#withoutFolder(message.message));
      case 'closed':
        return run.over();
    }
  }

  #start(): void {
    if (this.#greeted) throw new ProtocolError('hello a second time');
    this.#greeted = true;
    const { file, gpuNum, options } = this.options;
    void this.send({ type: 'start', file, gpuNum, options });
  }

  #progressed({ fraction, text }: StartProgress): void {
    if (this.#service !== undefined) return;
    const line = text === undefined ? undefined : errorMessage(plainText(text));
    if (line !== undefined && line !== this.#progress?.text) this.#log('info', line, {});
    this.#progress = { ...(fraction === undefined ? {} : { fraction }), ...(line === undefined ? {} : { text: line }) };
  }

  #becameReady(message: ReadyMessage): void {
    const service = this.#readService(message);
    if (service === undefined) return;
    clearTimeout(this.#startTimer);
    this.#service = service;
    this.#watch.expectHeartbeats();
    this.#resolveStarted(service);
  }

  /** Undefined when it declares what it may not, which ends the start. */
  #readService(message: ReadyMessage): HostedService | undefined {
    const { type: _type, about: _about, configSchema: _schema, ...service } = message;
    try {
      return { ...service, ...readDeclaration(message, (warning) => this.#log('warn', warning, {})) };
    } catch (error) {
      if (!(error instanceof DeclarationError)) throw error;
      const reason = errorMessage(`the service's ${error.message}`);
      this.#rejectStarted(new PipelineStartError('start-failed', reason, undefined, DECLARATION_REMEDY));
      this.#process.kill();
      return undefined;
    }
  }

  #startTimedOut(): void {
    this.#rejectStarted(
      new PipelineStartError('start-timeout', `start() did not return within ${this.options.startTimeoutMs / 1000} s`),
    );
    this.#process.kill();
  }

  #exited(cause: string): void {
    clearTimeout(this.#startTimer);
    this.#watch.stop();
    this.#cleanedUp = this.options.cleanUp?.();
    const reason = this.#fatal === undefined ? cause : `${cause} after an error nobody caught: ${this.#fatal}`;
    this.#exitCause = reason;
    this.#rejectStarted(new PipelineStartError('crashed', reason));
    for (const pending of this.#opening.values()) pending.reject(new PipelineUnavailableError(reason));
    for (const run of this.#runs.values()) run.over(new PipelineCrashedError(reason));
    this.onExit(reason);
  }

  #withoutFolder(message: string): string {
    return withoutFolder(message, dirname(this.options.file));
  }

  /** What to do about a wall of the sandbox; undefined when the text tells of none. */
  #hintFor(text: string): string | undefined {
    return DENIED.test(text) ? this.options.sandboxHint : undefined;
  }

  /** Once in the life of a process; the pipeline may run into the same wall with every chunk. */
  #logHintFor(text: string): void {
    const hint = this.#hinted ? undefined : this.#hintFor(text);
    if (hint === undefined) return;
    this.#hinted = true;
    this.#logger.warn(hint);
  }

  /** A run that is over has no session any more, but its last lines belong together. */
  #fieldsOf(run: number): { session_id: string } | { run: number } {
    const session = this.#runs.get(run)?.sessionId;
    return session === undefined ? { run } : { session_id: session };
  }

  #log(level: HostLogLevel, message: string, fields: object): void {
    if (!this.#logBudget.take()) return;
    const text = plainText(message);
    switch (level) {
      case 'debug':
        return this.#logger.debug(text, fields);
      case 'info':
        return this.#logger.log(text, fields);
      case 'warn':
        return this.#logger.warn(text, fields);
      case 'error':
        return this.#logger.error(text, fields);
    }
  }
}
