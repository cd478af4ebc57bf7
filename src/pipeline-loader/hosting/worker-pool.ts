import { PipelineBusyError, PipelineUnavailableError, type PipelineStartError } from '../pipeline.errors.js';
import type { PipelineRun } from '../pipeline-run.js';
import type { StartProgress } from '../protocol/messages.js';
import {
  HostSupervisor,
  type Prospect,
  type RestartPolicy,
  type SupervisedHost,
  type SupervisorState,
} from './host-supervisor.js';
import type { HostedService } from './pipeline-host.js';

/** What can be said of one process of the pipeline. */
export interface WorkerDescription {
  readonly state: SupervisorState;
  readonly pid?: number;
  /** Sessions, those that are being closed included. */
  readonly sessions: number;
  readonly restarts: number;
  readonly residentBytes?: number;
  readonly cpuSeconds?: number;
  /** Of this process and those before it. */
  readonly totalCpuSeconds: number;
}

/** Starts a process; its log lines are under the name. */
export type HostFactory = (name: string, onExit: (cause: string) => void) => Promise<SupervisedHost>;

/** The processes of one pipeline, each with its supervisor. A session goes to the one that has the fewest and takes one more. */
export class WorkerPool {
  readonly #workers: readonly HostSupervisor[];
  #everReady = false;

  constructor(
    count: number,
    makeHost: HostFactory,
    policy: RestartPolicy,
    private readonly onChange: () => void,
  ) {
    this.#workers = Array.from({ length: count }, (_, index) => {
      const name = count === 1 ? 'Pipeline' : `Pipeline ${index + 1}`;
      return new HostSupervisor(
        name,
        (onExit) => makeHost(name, onExit),
        () => this.#prospect(),
        policy,
        {
          stateChanged: () => this.#stateChanged(),
        },
      );
    });
  }

  /** What one process may do, the pipeline can: `ready` before `starting` before `waiting`; `failed` and `stopped` only when all are. */
  get state(): SupervisorState {
    const order: readonly SupervisorState[] = ['ready', 'starting', 'waiting', 'stopped', 'failed'];
    return order.find((state) => this.#workers.some((worker) => worker.state === state)) ?? 'failed';
  }

  /** What the pipeline said of itself; known once a process has been ready. */
  get service(): HostedService | undefined {
    return this.#workers.find(({ service }) => service !== undefined)?.service;
  }

  /** Why a process ended or did not start, the first there is. */
  get cause(): PipelineStartError | undefined {
    return this.#workers.find(({ cause }) => cause !== undefined)?.cause;
  }

  /** How far the start has got in the process that is the furthest, as far as the pipeline says. */
  get progress(): StartProgress | undefined {
    const [first, ...others] = this.#workers.flatMap(({ progress }) => (progress === undefined ? [] : [progress]));
    return first && others.reduce((best, one) => ((one.fraction ?? 0) > (best.fraction ?? 0) ? one : best), first);
  }

  /** Until a process is started again; 0 when none waits. */
  get retryInMs(): number {
    const waits = this.#workers.filter(({ state }) => state === 'waiting').map(({ retryInMs }) => retryInMs);
    return waits.length === 0 ? 0 : Math.min(...waits);
  }

  describe(): WorkerDescription[] {
    return this.#workers.map(({ state, host, load, restarts, totalCpuSeconds }) => ({
      state,
      sessions: load,
      restarts,
      totalCpuSeconds,
      ...(host?.pid === undefined ? {} : { pid: host.pid }),
      ...(host?.usage === undefined ? {} : { residentBytes: host.usage.residentBytes, cpuSeconds: host.usage.cpuSeconds }),
    }));
  }

  start(): void {
    for (const worker of this.#workers) worker.start();
  }

  async stop(): Promise<void> {
    await Promise.all(this.#workers.map((worker) => worker.stop()));
  }

  /**
   * See `PipelineService.open`.
   *
   * @throws PipelineBusyError when every process that is ready has as many sessions as it takes
   */
  open(sessionId: string, request: Readonly<Record<string, unknown>>, signal?: AbortSignal): Promise<PipelineRun> {
    const ready = this.#workers.filter(({ state }) => state === 'ready');
    if (ready.length === 0) throw new PipelineUnavailableError(this.cause?.message ?? 'The pipeline is not running.');
    const [first, ...others] = ready.filter(({ hasRoom }) => hasRoom);
    if (first === undefined) {
      const each = this.service?.maxSessions ?? 0;
      throw new PipelineBusyError(
        `The pipeline takes ${each} ${each === 1 ? 'session' : 'sessions'} at once${ready.length === 1 ? '' : ` in each of its ${ready.length} running processes`}, and has as many.`,
      );
    }
    return others.reduce((least, worker) => (worker.load < least.load ? worker : least), first).open(sessionId, request, signal);
  }

  #prospect(): Prospect {
    if (this.#everReady) return 'proven';
    return this.#workers.some((worker) => worker.state === 'starting' && worker.cause === undefined) ? 'open' : 'hopeless';
  }

  #stateChanged(): void {
    this.#everReady ||= this.#workers.some(({ state }) => state === 'ready');
    for (const worker of this.#workers) worker.reconsider();
    this.onChange();
  }
}
