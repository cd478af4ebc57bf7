import { Logger } from '@nestjs/common';
import { errorMessage } from '../contract/error-message.js';
import { PipelineStartError, PipelineUnavailableError } from '../pipeline.errors.js';
import type { PipelineRun } from '../pipeline-run.js';
import type { StartProgress } from '../protocol/messages.js';
import type { ProcessUsage } from './host-usage.js';
import type { HostedService } from './pipeline-host.js';

/** `waiting`: its process ended, and it waits before it starts the next. `failed` is final. */
export type SupervisorState = 'starting' | 'ready' | 'waiting' | 'failed' | 'stopped';

/** One life of the pipeline's process, as the supervisor needs it; `PipelineHost` is one. */
export interface SupervisedHost {
  readonly pid: number | undefined;
  readonly load: number;
  readonly hasRoom: boolean;
  readonly usage: ProcessUsage | undefined;
  /** How far its start has got, if the pipeline says so. */
  readonly progress?: StartProgress | undefined;
  /** Resolves once it takes sessions. @throws PipelineStartError */
  started(): Promise<HostedService>;
  open(sessionId: string, request: Readonly<Record<string, unknown>>, signal?: AbortSignal): Promise<PipelineRun>;
  stop(): Promise<void>;
}

export interface RestartPolicy {
  /** Failures in a row after which it is given up. */
  readonly maxFailures: number;
  /** Before the first restart; doubles with each further failure in a row. */
  readonly firstDelayMs: number;
}

export type Prospect = 'proven' | 'open' | 'hopeless';

export interface SupervisorListener {
  /** The state is another, and all that goes with it is in place. */
  stateChanged(): void;
}

const MAX_DELAY_MS = 30_000;
/** A process that was ready for so long has not failed in a row with the one before. */
const PROVEN_AFTER_MS = 60_000;

/**
 * Keeps one process of the pipeline running: starts it, and starts the next when it ends, with a growing delay. Before any process was ready
 * it waits to see what becomes of the others: when none gets ready, what is wrong is the pipeline itself, and nothing is tried again.
 */
export class HostSupervisor {
  readonly #logger: Logger;
  #host: SupervisedHost | undefined;
  #service: HostedService | undefined;
  #state: SupervisorState = 'starting';
  #failures = 0;
  #restarts = 0;
  #endedCpuSeconds = 0;
  #readyAtMs = 0;
  #cause: PipelineStartError | undefined;
  #retryTimer: NodeJS.Timeout | undefined;
  #retryAtMs = 0;
  #exited = Promise.resolve();

  /**
   * @param makeHost starts a process; its `onExit` is called once, when the process is gone
   * @param prospect whether the pipeline has proved that it can start, cannot, or may still do either, in another process
   */
  constructor(
    name: string,
    private readonly makeHost: (onExit: (cause: string) => void) => Promise<SupervisedHost>,
    private readonly prospect: () => Prospect,
    private readonly policy: RestartPolicy,
    private readonly listener: SupervisorListener,
  ) {
    this.#logger = new Logger(name);
  }

  get state(): SupervisorState {
    return this.#state;
  }

  /** What the pipeline said of itself; from its last process while there is none. */
  get service(): HostedService | undefined {
    return this.#service;
  }

  /** Why the last process ended or did not start. Cleared when one is ready. */
  get cause(): PipelineStartError | undefined {
    return this.#cause;
  }

  /** Processes started after the first. */
  get restarts(): number {
    return this.#restarts;
  }

  /** Until the next process is started; 0 in every state but `waiting`. */
  get retryInMs(): number {
    return this.#state === 'waiting' ? Math.max(0, this.#retryAtMs - performance.now()) : 0;
  }

  /** The running process, whether it is ready or not. */
  get host(): SupervisedHost | undefined {
    return this.#host;
  }

  /** Processor time of all its processes so far, as of a moment ago; it never goes back. */
  get totalCpuSeconds(): number {
    return this.#endedCpuSeconds + (this.#host?.usage?.cpuSeconds ?? 0);
  }

  /** How far the start of its process has got, if it is being started and the pipeline says so. */
  get progress(): StartProgress | undefined {
    return this.#state === 'starting' ? this.#host?.progress : undefined;
  }

  /** Whether a session can be opened here now. */
  get hasRoom(): boolean {
    return this.#state === 'ready' && this.#host?.hasRoom === true;
  }

  /** Sessions here; those that are being closed count. */
  get load(): number {
    return this.#host?.load ?? 0;
  }

  /** See `PipelineService.open`. */
  open(sessionId: string, request: Readonly<Record<string, unknown>>, signal?: AbortSignal): Promise<PipelineRun> {
    if (this.#state !== 'ready' || this.#host === undefined) {
      throw new PipelineUnavailableError(this.#cause?.message ?? 'The pipeline is not running.');
    }
    return this.#host.open(sessionId, request, signal);
  }

  /** Starts the process. Failures are told through the state. Call once. */
  start(): void {
    void this.#run();
  }

  /** Ends the process in good order and starts no more. Resolves when it is gone. Idempotent. */
  async stop(): Promise<void> {
    if (this.#state !== 'failed') this.#state = 'stopped';
    clearTimeout(this.#retryTimer);
    await this.#host?.stop();
    await this.#exited;
  }

  /** One life of the process, from its start until it is ready or gone. */
  async #run(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#exited = promise;
    let host: SupervisedHost | undefined;
    try {
      host = await this.makeHost((cause) => {
        resolve();
        this.#ended(host, cause);
      });
      this.#host = host;
      // The order to stop may have come while the process was being started.
      if (this.#state === 'stopped') return await host.stop();
      this.#service = await host.started();
      this.#becameReady();
    } catch (error) {
      // Whatever failed, no process stays behind.
      await host?.stop();
      resolve();
      this.#forgetHost();
      this.#failed(error instanceof PipelineStartError ? error : new PipelineStartError('crashed', errorMessage(error)));
    }
  }

  #becameReady(): void {
    if (this.#state !== 'starting') return;
    this.#readyAtMs = performance.now();
    this.#cause = undefined;
    this.#change('ready');
  }

  /** The process is gone. Before it was ready, `started()` says so too, and the failure is dealt with there. */
  #ended(host: SupervisedHost | undefined, cause: string): void {
    if (this.#state !== 'ready' || host !== this.#host) return;
    this.#forgetHost();
    if (performance.now() - this.#readyAtMs >= PROVEN_AFTER_MS) this.#failures = 0;
    this.#failed(new PipelineStartError('crashed', cause));
  }

  #forgetHost(): void {
    this.#endedCpuSeconds = this.totalCpuSeconds;
    this.#host = undefined;
  }

  #failed(cause: PipelineStartError): void {
    if (this.#state === 'stopped') return;
    this.#failures += 1;
    this.#cause = cause;
    if (cause.pipelineStack !== undefined) this.#logger.error(cause.pipelineStack);
    this.#decide();
  }

  /** What follows a failure. Called again when another process has got further. */
  reconsider(): void {
    if (this.#state === 'waiting' && this.#retryTimer === undefined) this.#decide();
  }

  #decide(): void {
    const prospect = this.prospect();
    if (prospect === 'hopeless') return this.#change('failed');
    if (prospect === 'open') return this.#change('waiting');
    const cause = this.#cause;
    if (this.#failures >= this.policy.maxFailures) {
      this.#logger.error(`given up after ${this.#failures} failures in a row; the last: ${cause?.message}`);
      return this.#change('failed');
    }
    const delayMs = Math.min(MAX_DELAY_MS, this.policy.firstDelayMs * 2 ** (this.#failures - 1));
    this.#logger.error(`${cause?.reason}; it is started again in ${delayMs / 1000} s`);
    this.#retryAtMs = performance.now() + delayMs;
    this.#retryTimer = setTimeout(() => this.#restart(), delayMs);
    this.#change('waiting');
  }

  #restart(): void {
    this.#retryTimer = undefined;
    this.#restarts += 1;
    this.#change('starting');
    void this.#run();
  }

  #change(state: SupervisorState): void {
    if (state === this.#state) return;
    this.#state = state;
    this.listener.stateChanged();
  }
}
