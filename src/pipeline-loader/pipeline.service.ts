import { Inject, Injectable, Logger, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import type { Delivery, FieldError } from '../common/index.js';
import { Configuration, type SecurityLevel } from '../config/index.js';
import { errorMessage } from './contract/error-message.js';
import type { ConfigSchema, ServiceAbout } from './contract/pipeline.js';
import type { StreamMode } from './contract/stream-mode.js';
import { createHostFactory } from './hosting/host-factory.js';
import { WorkerPool, type WorkerDescription } from './hosting/worker-pool.js';
import { PipelineStartError, PipelineUnavailableError } from './pipeline.errors.js';
import { withoutFolder, type PipelineLanguage } from './pipeline-file.js';
import { PIPELINE_OPTIONS, type PipelineOptions } from './pipeline.options.js';
import type { PipelineRun } from './pipeline-run.js';
import { PROTOCOL_VERSION, type StartProgress } from './protocol/messages.js';
import { SecurityPolicy } from './security-policy.js';

/** `restarting`: it was ready, every process of it ended, and one is started again. `failed` is final for this life of the server. */
export type PipelineState = 'starting' | 'ready' | 'restarting' | 'failed' | 'stopped';

/** What can be said of the pipeline to whoever asks the server about itself. */
export interface PipelineDescription {
  /** The path as it was given. */
  readonly pipelineFile: string;
  readonly securityLevel: SecurityLevel;
  readonly skipValidation: boolean;
  /** Undefined until the file was looked at. */
  readonly runner?: PipelineLanguage;
  readonly protocolVersion: number;
  readonly state: PipelineState;
  /** Known once the pipeline has started, like everything that follows. */
  readonly streamMode?: StreamMode;
  readonly defaultFps?: number;
  readonly about?: ServiceAbout;
  /** For the `config` of an offer, if the service declares one. */
  readonly configSchema?: ConfigSchema;
  /** From the start of the first process until `start()` had returned in one. */
  readonly startSeconds?: number;
  readonly workers: readonly WorkerDescription[];
}

/**
 * The pipeline and the processes it runs in. The start begins with the application's and holds nothing up: `started()` waits for it. The
 * processes end with the application, in good order when they can and by force when they cannot.
 */
@Injectable()
export class PipelineService implements OnApplicationBootstrap, OnApplicationShutdown {
  readonly #logger = new Logger(PipelineService.name);
  readonly #started = Promise.withResolvers<void>();
  #starting: Promise<void> | undefined;
  #pool: WorkerPool | undefined;
  #language: PipelineLanguage | undefined;
  #folder: string | undefined;
  #beganAtMs = 0;
  #startSeconds: number | undefined;
  #stopped = false;
  /** What kept the pipeline from being started at all. */
  #refusal: PipelineStartError | undefined;

  constructor(
    @Inject(PIPELINE_OPTIONS) private readonly options: PipelineOptions,
    @Inject(Configuration) private readonly configuration: Configuration,
    @Inject(SecurityPolicy) private readonly policy: SecurityPolicy,
  ) {
    this.#started.promise.catch(() => undefined);
  }

  get state(): PipelineState {
    if (this.#stopped) return 'stopped';
    if (this.#refusal !== undefined) return 'failed';
    const state = this.#pool?.state ?? 'starting';
    if (state !== 'waiting' && state !== 'starting') return state;
    return this.#startSeconds === undefined ? 'starting' : 'restarting';
  }

  /** One line: what happened, and what to do. Set when the state is `failed` or `restarting`. */
  get failure(): string | undefined {
    const cause = this.#refusal ?? this.#pool?.cause;
    if (cause === undefined) return undefined;
    switch (this.state) {
      case 'restarting':
        return this.#withoutFolder(`The pipeline is being started again: ${cause.reason}.`);
      case 'failed':
        return this.#withoutFolder(
          this.#startSeconds === undefined
            ? cause.message
            : `The pipeline is down after ${this.configuration.pipelineMaxFailures} failures in a row; the last: ${cause.message}`,
        );
      case 'starting':
      case 'ready':
      case 'stopped':
        return undefined;
    }
  }

  /** For how long the pipeline has been starting, milliseconds; 0 before its file was looked at. */
  get startingForMs(): number {
    return this.#beganAtMs === 0 ? 0 : performance.now() - this.#beganAtMs;
  }

  /** How far the start has got, as far as the pipeline says; undefined while none is under way. */
  get startProgress(): StartProgress | undefined {
    return this.state === 'ready' ? undefined : this.#pool?.progress;
  }

  /** Until a process of the pipeline is started again, milliseconds; 0 when none waits for it. */
  get retryInMs(): number {
    return this.#pool?.retryInMs ?? 0;
  }

  /** Known once the pipeline has started. */
  get mode(): StreamMode | undefined {
    return this.#pool?.service?.mode;
  }

  /** Frames a second, if the service names them. */
  get defaultFps(): number | undefined {
    return this.#pool?.service?.defaultFps;
  }

  /**
   * What is wrong with an offer's `config` by the schema that the service declares, with pointers into the offer; empty when nothing is, or there
   * is no schema.
   */
  checkConfig(config: Readonly<Record<string, unknown>>): readonly FieldError[] {
    return this.#pool?.service?.configCheck?.check(config) ?? [];
  }

  /** How the service wants its media delivered, as far as it says. */
  get delivery(): Delivery {
    const { delivery, queueMs } = this.#pool?.service ?? {};
    return { ...(delivery === undefined ? {} : { delivery }), ...(queueMs === undefined ? {} : { queueMs }) };
  }

  /** The processes of the pipeline. */
  get workers(): readonly WorkerDescription[] {
    return this.#pool?.describe() ?? [];
  }

  describe(): PipelineDescription {
    const { path, securityLevel, skipValidation } = this.options;
    const { mode, defaultFps } = this;
    const { about, configCheck } = this.#pool?.service ?? {};
    return {
      pipelineFile: path,
      securityLevel,
      skipValidation,
      ...(this.#language === undefined ? {} : { runner: this.#language }),
      protocolVersion: PROTOCOL_VERSION,
      state: this.state,
      ...(mode === undefined ? {} : { streamMode: mode }),
      ...(defaultFps === undefined ? {} : { defaultFps }),
      ...(about === undefined ? {} : { about }),
      ...(configCheck === undefined ? {} : { configSchema: configCheck.schema }),
      ...(this.#startSeconds === undefined ? {} : { startSeconds: this.#startSeconds }),
      workers: this.workers,
    };
  }

  /** Resolves when the pipeline has started. @throws PipelineStartError when it did not */
  started(): Promise<void> {
    return this.#started.promise;
  }

  /**
   * Opens a session on the pipeline. Server push: nothing of the pipeline runs before the first chunk is pulled. Bidirectional:
   * `createSession(request)` runs, with `session_id` set to the id given here.
   *
   * @param request the offer's fields without the SDP; JSON values
   * @param signal gives the attempt up; a session the pipeline made all the same is closed again
   * @throws SessionRefusedError when the pipeline refuses the request, SessionConflictError when the id is in use or the pipeline says so,
   * PipelineBusyError when every process has as many sessions as it takes, PipelineUnavailableError when there is no pipeline or it does
   * not answer, or the signal's reason
   */
  async open(sessionId: string, request: Readonly<Record<string, unknown>>, signal?: AbortSignal): Promise<PipelineRun> {
    if (this.state !== 'ready' || this.#pool === undefined) {
      throw new PipelineUnavailableError(
        this.failure ?? `The pipeline is ${this.state === 'starting' ? 'still starting' : 'stopped'}.`,
      );
    }
    return this.#pool.open(sessionId, request, signal);
  }

  onApplicationBootstrap(): void {
    this.#starting ??= this.#start();
  }

  async onApplicationShutdown(): Promise<void> {
    this.#stopped = true;
    this.#started.reject(new PipelineStartError('crashed', 'the server was stopped before the pipeline had started'));
    // The processes may have been on their way when the stop came.
    await this.#starting;
    await this.#pool?.stop();
  }

  /** Admits the pipeline and starts its processes. */
  async #start(): Promise<void> {
    this.#beganAtMs = performance.now();
    try {
      const admitted = await this.policy.admit();
      this.#language = admitted.file.language;
      this.#folder = admitted.file.folder;
      if (this.#stopped) return;
      const { pipelineWorkers, pipelineMaxFailures, pipelineRestartDelaySeconds } = this.configuration;
      this.#pool = new WorkerPool(
        pipelineWorkers,
        createHostFactory(admitted, this.options, this.configuration),
        { maxFailures: pipelineMaxFailures, firstDelayMs: pipelineRestartDelaySeconds * 1000 },
        () => this.#poolChanged(),
      );
      this.#pool.start();
    } catch (error) {
      this.#refusal = error instanceof PipelineStartError ? error : new PipelineStartError('crashed', errorMessage(error));
      this.#startFailed(this.#refusal);
    }
  }

  #poolChanged(): void {
    const pool = this.#pool;
    if (pool === undefined || this.#stopped || this.#startSeconds !== undefined) return;
    if (pool.state === 'ready') {
      this.#startSeconds = Math.round(performance.now() - this.#beganAtMs) / 1000;
      this.#logger.log(`The pipeline ${this.options.path} is ready after ${this.#startSeconds} s (${this.mode}).`);
      this.#started.resolve();
    } else if (pool.state === 'failed' && pool.cause !== undefined) {
      this.#startFailed(pool.cause);
    }
  }

  #startFailed(error: PipelineStartError): void {
    if (this.#stopped) return;
    // A command that ends because of it says so itself, in one line.
    if (!this.configuration.exitOnStartFailure) this.#logger.error(error.message);
    this.#started.reject(error);
  }

  #withoutFolder(message: string): string {
    return this.#folder === undefined ? message : withoutFolder(message, this.#folder);
  }
}
