import { connect, StreamError, type ConnectOptions, type ServerOptions, type StreamSession } from '@telefuser/stream-client';
import type { ControlKey } from '../controls/control-keys.ts';
import { KeyState, type ControlMessage } from '../controls/key-state.ts';
import { LogBook } from '../log/log-book.ts';
import { failureOf, type Failure } from './failure.ts';
import type { Keys, Phase, SessionView } from './session-view.ts';
import { StatsHistory } from './stats-history.ts';
import { Store } from './store.ts';
import { followSession } from './follow-session.ts';

const IDLE: SessionView = {
  phase: { name: 'idle' },
  session: undefined,
  startedAtMs: undefined,
  goingAwayAtMs: undefined,
  latencyMs: undefined,
};

const NO_KEYS: Keys = { held: new Set(), shown: new Set() };

/** One place for a session: started, stopped, started again. It owns the session that is open, and what was learnt of it. */
export class StudioSession {
  readonly view = new Store<SessionView>(IDLE);
  readonly keys = new Store<Keys>(NO_KEYS);
  readonly log = new LogBook();
  readonly history = new StatsHistory();
  readonly #keyState = new KeyState();
  /** Let go of while there was no connection: the pipeline takes them for held until it is told. */
  readonly #owedReleases = new Set<ControlKey>();
  #current: AbortController | undefined;

  get isOpen(): boolean {
    return this.#current !== undefined;
  }

  /** Opens a session; what comes of it is in `view`. `prepare` says what to ask for, once the camera is there, for example. */
  async start(server: ServerOptions, prepare: (signal: AbortSignal) => Promise<ConnectOptions>): Promise<void> {
    if (this.#current !== undefined) return;
    const current = new AbortController();
    this.#current = current;
    const { signal } = current;
    this.history.clear();
    this.keys.set(NO_KEYS);
    this.view.set({ ...IDLE, phase: { name: 'connecting', step: 'Preparing…' } });
    try {
      const options = await prepare(signal);
      signal.throwIfAborted();
      const session = await connect(server, {
        ...options,
        signal,
        onLog: (entry) => {
          const isBad = entry.level === 'error' || entry.level === 'warning';
          this.log.write(isBad ? 'problem' : 'connection', entry.event, entry.message, entry.atUnixMs);
          if (this.view.get().phase.name === 'connecting') this.tell({ phase: { name: 'connecting', step: entry.message } });
        },
      });
      void followSession(session, this, signal);
      this.tell({ session, startedAtMs: performance.now(), phase: { name: 'live' } });
    } catch (error) {
      // What fails after a stop fails because of it.
      if (this.#current !== current) return;
      this.#current = undefined;
      if (error instanceof StreamError) this.log.write('problem', error.code, error.message);
      this.tell({ phase: { name: 'failed', failure: failureOf(error) } });
    }
  }

  /** Ends what is open; the place is free at once. */
  stop(): void {
    const current = this.#current;
    if (current === undefined) return;
    this.releaseAll();
    this.#owedReleases.clear();
    this.#current = undefined;
    void this.view.get().session?.close();
    current.abort();
    this.tell({ ...IDLE });
  }

  /** The session told of its end. */
  finish(phase: Phase): void {
    this.#current?.abort();
    this.#current = undefined;
    this.#keyState.releaseAll();
    this.#owedReleases.clear();
    this.keys.set(NO_KEYS);
    this.tell({ phase, goingAwayAtMs: undefined });
  }

  /** What has changed. */
  tell(change: Partial<SessionView>): void {
    this.view.update((view) => ({ ...view, ...change }));
    if (change.phase?.name === 'live') this.#sendOwedReleases();
  }

  press(key: ControlKey, holder: string): void {
    this.#control(this.#keyState.press(key, holder));
  }

  release(key: ControlKey, holder: string): void {
    this.#control(this.#keyState.release(key, holder));
  }

  hold(keys: readonly ControlKey[], holder: string): void {
    this.#control(this.#keyState.hold(keys, holder));
  }

  releaseAll(): void {
    this.#control(this.#keyState.releaseAll());
  }

  /** The picture that is shown reflects the control. */
  reflect({ key, action }: ControlMessage): void {
    const shown = new Set(this.keys.get().shown);
    if (action === 'press') shown.add(key);
    else shown.delete(key);
    this.keys.update((keys) => ({ ...keys, shown }));
  }

  /** Sends a message of a person's own. @returns why it could not be sent */
  send(message: Readonly<Record<string, unknown>>): Failure | undefined {
    return this.#send(message, (session) => session.send(message));
  }

  /** Another prompt, while the session runs. @returns why it could not be sent */
  sendPrompt(prompt: string): Failure | undefined {
    return this.#send({ type: 'prompt', prompt }, (session) => session.prompt(prompt));
  }

  #control(messages: readonly ControlMessage[]): void {
    if (messages.length === 0) return;
    for (const { key, action } of messages) {
      const message = { type: 'control', key, action };
      const failure = this.#send(message, (session) => session.control(message));
      if (failure !== undefined && action === 'release') this.#owedReleases.add(key);
      else if (failure === undefined) this.#owedReleases.delete(key);
    }
    this.keys.update((keys) => ({ ...keys, held: this.#keyState.held }));
  }

  #sendOwedReleases(): void {
    this.#control([...this.#owedReleases].map((key) => ({ key, action: 'release' as const })));
  }

  #send(message: Readonly<Record<string, unknown>>, send: (session: StreamSession) => unknown): Failure | undefined {
    const { session, phase } = this.view.get();
    if (session === undefined || phase.name !== 'live')
      return failureOf(new StreamError('not-connected', 'There is no session.'));
    try {
      send(session);
      this.log.write('sent', typeof message['type'] === 'string' ? message['type'] : 'message', JSON.stringify(message));
      return undefined;
    } catch (error) {
      const failure = failureOf(error);
      this.log.write('problem', failure.code, failure.title);
      return failure;
    }
  }
}
