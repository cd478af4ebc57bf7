import { fetchHealth, fetchMetadata, StreamError, type ServiceHealth } from '@telefuser/stream-client';
import { Store } from '../session/store.ts';
import { failureOf } from '../session/failure.ts';
import { pipelineOf, stateOf, type Pipeline, type ServiceState } from './service.ts';

/** Between two looks at a server that is ready, and at one that is not. */
const READY_INTERVAL_MS = 2000;
const NOT_READY_INTERVAL_MS = 1000;
const UNREACHABLE_INTERVAL_MS = 2000;
const ANSWER_TIMEOUT_MS = 5000;
/** A server may have been started anew with another pipeline between two looks; its health does not name the pipeline. */
const METADATA_INTERVAL_MS = 10_000;

export interface ServiceView {
  readonly state: ServiceState;
  /** The last that is known, also while the server does not answer. */
  readonly pipeline: Pipeline | undefined;
  readonly activeSessions: number;
  readonly maxSessions: number;
  readonly version: string | undefined;
}

const UNKNOWN: ServiceView = {
  state: { name: 'asking' },
  pipeline: undefined,
  activeSessions: 0,
  maxSessions: 0,
  version: undefined,
};

/** Asks the server again and again what it is and how it is; rests while nobody looks at the page. */
export class ServiceWatch {
  readonly view = new Store<ServiceView>(UNKNOWN);
  #stopped = new AbortController();
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** Counts what was asked: only the last answer counts, as the one with the credential that was just entered. */
  #turn = 0;
  #metadataAtMs = -Infinity;

  readonly #baseUrl: URL;
  readonly #credential: () => string | undefined;

  /** @param credential what to show, as it is by then */
  constructor(baseUrl: URL, credential: () => string | undefined) {
    this.#baseUrl = baseUrl;
    this.#credential = credential;
  }

  start(): void {
    this.#stopped = new AbortController();
    document.addEventListener('visibilitychange', () => document.hidden || this.askNow(), { signal: this.#stopped.signal });
    this.askNow();
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#stopped.abort();
  }

  /** At once, as when a credential was entered. */
  askNow(): void {
    clearTimeout(this.#timer);
    this.#turn += 1;
    void this.#ask(this.#turn);
  }

  async #ask(turn: number): Promise<void> {
    const stopped = this.#stopped.signal;
    const signal = AbortSignal.any([stopped, AbortSignal.timeout(ANSWER_TIMEOUT_MS)]);
    const credential = this.#credential();
    const server = { baseUrl: this.#baseUrl, credential };
    const isOver = (): boolean => stopped.aborted || turn !== this.#turn;
    try {
      const health = await fetchHealth(server, { signal });
      const state = stateOf(health);
      if (isOver()) return;
      let { pipeline } = this.view.get();
      if (state.name === 'ready' && this.#mayBeAnother(health)) {
        const metadata = await fetchMetadata(server, { signal });
        if (isOver()) return;
        this.#metadataAtMs = performance.now();
        // The same pipeline stays the same object, so that nothing is drawn anew for it.
        if (JSON.stringify(metadata) !== JSON.stringify(pipeline?.metadata)) pipeline = pipelineOf(metadata);
      }
      this.#tell(state, { ...figuresOf(health), pipeline });
    } catch (error) {
      if (isOver()) return;
      this.#tell(stateOfError(error, credential !== undefined));
    }
    this.#askLater();
  }

  /** Whether another pipeline may be behind the same address by now. */
  #mayBeAnother({ stream_mode: mode, version }: ServiceHealth): boolean {
    const { state, pipeline, version: knownVersion } = this.view.get();
    if (state.name !== 'ready' || pipeline === undefined) return true;
    const isOld = performance.now() - this.#metadataAtMs >= METADATA_INTERVAL_MS;
    return isOld || mode !== pipeline.metadata.stream_mode || version !== knownVersion;
  }

  #tell(state: ServiceState, rest: Partial<ServiceView> = {}): void {
    this.view.update((view) => ({ ...view, ...rest, state }));
  }

  #askLater(): void {
    clearTimeout(this.#timer);
    const { name } = this.view.get().state;
    // A credential is entered by a person, who is not waited for by asking.
    if (document.hidden || name === 'unauthenticated') return;
    const intervalMs =
      name === 'ready' ? READY_INTERVAL_MS : name === 'unreachable' ? UNREACHABLE_INTERVAL_MS : NOT_READY_INTERVAL_MS;
    this.#timer = setTimeout(() => this.askNow(), intervalMs);
  }
}

function figuresOf(health: ServiceHealth): Pick<ServiceView, 'activeSessions' | 'maxSessions' | 'version'> {
  return {
    activeSessions: health.webrtc_active_sessions,
    maxSessions: health.webrtc_max_sessions,
    version: typeof health['version'] === 'string' ? health['version'] : undefined,
  };
}

function stateOfError(error: unknown, wasTried: boolean): ServiceState {
  if (error instanceof StreamError && (error.code === 'unauthenticated' || error.code === 'insufficient-scope')) {
    return { name: 'unauthenticated', detail: error.problem?.detail ?? error.message, wasTried };
  }
  return { name: 'unreachable', detail: failureOf(error).text };
}
