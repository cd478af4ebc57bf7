import { dirname } from 'node:path';
import { Inject, Injectable, Logger, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { Configuration, readEnvironment, type SecurityLevel } from '../config/index.js';
import { errorMessage } from './contract/error-message.js';
import type { StreamMode } from './contract/stream-mode.js';
import { hostEnvironment } from './hosting/host-environment.js';
import { PipelineStartError, PipelineUnavailableError } from './pipeline.errors.js';
import { PipelineHost, type HostedService } from './hosting/pipeline-host.js';
import { PIPELINE_OPTIONS, type PipelineOptions } from './pipeline.options.js';
import type { PipelineRun } from './pipeline-run.js';
import { PROTOCOL_VERSION } from './protocol/messages.js';
import { SecurityPolicy } from './security-policy.js';

/** `failed` is final for this life of the server: nothing starts the pipeline again. */
export type PipelineState = 'starting' | 'ready' | 'failed' | 'stopped';

/** What can be said of the pipeline to whoever asks the server about itself. */
export interface PipelineDescription {
  /** The path as it was given. */
  readonly pipelineFile: string;
  readonly securityLevel: SecurityLevel;
  readonly skipValidation: boolean;
  readonly runner: 'node';
  readonly protocolVersion: number;
  readonly state: PipelineState;
  /** Known once the pipeline has started, like `defaultFps` and `startSeconds`. */
  readonly streamMode?: StreamMode;
  readonly defaultFps?: number;
  /** From the start of its process until `start()` had returned. */
  readonly startSeconds?: number;
}

/**
 * The pipeline and the process it runs in. The start begins with the application's and holds nothing up: `started()` waits for it. The
 * process ends with the application, in good order when it can and by force when it cannot.
 */
@Injectable()
export class PipelineService implements OnApplicationBootstrap, OnApplicationShutdown {
  readonly #logger = new Logger(PipelineService.name);
  readonly #started: Promise<void>;
  #resolveStarted!: () => void;
  #rejectStarted!: (error: PipelineStartError) => void;
  #starting: Promise<void> | undefined;
  #host: PipelineHost | undefined;
  #service: HostedService | undefined;
  #state: PipelineState = 'starting';
  #failure: string | undefined;
  #folder: string | undefined;
  #startSeconds: number | undefined;

  constructor(
    @Inject(PIPELINE_OPTIONS) private readonly options: PipelineOptions,
    @Inject(Configuration) private readonly configuration: Configuration,
    @Inject(SecurityPolicy) private readonly policy: SecurityPolicy,
  ) {
    this.#started = new Promise((resolve, reject) => {
      this.#resolveStarted = resolve;
      this.#rejectStarted = reject;
    });
    this.#started.catch(() => undefined);
  }

  get state(): PipelineState {
    return this.#state;
  }

  /** One line: what happened, and what to do. Set when the state is `failed`. */
  get failure(): string | undefined {
    return this.#failure;
  }

  /** Known once the pipeline has started. */
  get mode(): StreamMode | undefined {
    return this.#service?.mode;
  }

  /** Frames a second, if the service names them. */
  get defaultFps(): number | undefined {
    return this.#service?.defaultFps;
  }

  /** The process of the pipeline, while there is one. */
  get pid(): number | undefined {
    return this.#state === 'ready' || this.#state === 'starting' ? this.#host?.pid : undefined;
  }

  describe(): PipelineDescription {
    const { path, securityLevel, skipValidation } = this.options;
    return {
      pipelineFile: path,
      securityLevel,
      skipValidation,
      runner: 'node',
      protocolVersion: PROTOCOL_VERSION,
      state: this.#state,
      ...(this.#service === undefined ? {} : { streamMode: this.#service.mode }),
      ...(this.#service?.defaultFps === undefined ? {} : { defaultFps: this.#service.defaultFps }),
      ...(this.#startSeconds === undefined ? {} : { startSeconds: this.#startSeconds }),
    };
  }

  /** Resolves when the pipeline has started. @throws PipelineStartError when it did not */
  started(): Promise<void> {
    return this.#started;
  }

  /**
   * Opens a session on the pipeline. Server push: nothing of the pipeline runs before the first chunk is pulled. Bidirectional:
   * `createSession(request)` runs, with `session_id` set to the id given here.
   *
   * @param request the offer's fields without the SDP; JSON values
   * @param signal gives the attempt up; a session the pipeline made all the same is closed again
   * @throws SessionRefusedError when the pipeline refuses the request, SessionConflictError when the id is in use or the pipeline says so,
   * PipelineUnavailableError when there is no pipeline or it does not answer, or the signal's reason
   */
  async open(sessionId: string, request: Readonly<Record<string, unknown>>, signal?: AbortSignal): Promise<PipelineRun> {
    if (this.#state !== 'ready' || this.#host === undefined) {
      throw new PipelineUnavailableError(
        this.#failure ?? `The pipeline is ${this.#state === 'starting' ? 'still starting' : 'stopped'}.`,
      );
    }
    return this.#host.open(sessionId, request, signal);
  }

  onApplicationBootstrap(): void {
    this.#starting ??= this.#start();
  }

  async onApplicationShutdown(): Promise<void> {
    if (this.#state !== 'failed') this.#state = 'stopped';
    this.#rejectStarted(new PipelineStartError('crashed', 'the server was stopped before the pipeline had started'));
    await this.#host?.stop();
    // The process may have been on its way when the stop came.
    await this.#starting;
    await this.#host?.stop();
  }

  async #start(): Promise<void> {
    const began = performance.now();
    try {
      const { entry } = await this.policy.admit();
      this.#folder = dirname(entry);
      if (this.#state === 'stopped') return;
      this.#host = new PipelineHost(
        {
          file: entry,
          gpuNum: this.options.gpuNum,
          environment: hostEnvironment(readEnvironment()),
          startTimeoutMs: this.configuration.pipelineStartTimeoutSeconds * 1000,
          callTimeoutMs: this.configuration.pipelineCallTimeoutSeconds * 1000,
          closeTimeoutMs: this.configuration.pipelineCloseTimeoutSeconds * 1000,
        },
        (cause) => this.#hostExited(cause),
      );
      this.#service = await this.#host.started();
      if (this.#state !== 'starting') return;
      this.#startSeconds = Math.round(performance.now() - began) / 1000;
      this.#state = 'ready';
      this.#logger.log(`The pipeline ${this.options.path} is ready after ${this.#startSeconds} s (${this.#service.mode}).`);
      this.#resolveStarted();
    } catch (error) {
      this.#startFailed(error instanceof PipelineStartError ? error : new PipelineStartError('crashed', errorMessage(error)));
    }
  }

  #startFailed(error: PipelineStartError): void {
    // Whatever failed, no process stays behind.
    void this.#host?.stop();
    if (this.#state !== 'starting') return;
    this.#state = 'failed';
    this.#failure = this.#withoutFolder(error.message);
    // A command that ends because of it says so itself, in one line.
    if (!this.configuration.exitOnStartFailure) this.#logger.error(error.message);
    if (error.pipelineStack !== undefined) this.#logger.debug(error.pipelineStack);
    this.#rejectStarted(error);
  }

  /** HTTP answers with the reason, so it names the pipeline's files, but not where on this machine they lie. */
  #withoutFolder(message: string): string {
    return this.#folder === undefined
      ? message
      : message.replaceAll(`file://${this.#folder}/`, '').replaceAll(`${this.#folder}/`, '');
  }

  #hostExited(cause: string): void {
    if (this.#state !== 'ready') return;
    this.#state = 'failed';
    this.#failure = `The pipeline is gone: ${cause}. Its last log lines say more; restart the server to start it again.`;
    this.#logger.error(this.#failure);
  }
}
