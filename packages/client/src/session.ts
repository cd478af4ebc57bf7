import type { Control, ControlOptions } from './controls.js';
import { HttpApi } from './http-api.js';
import { Inputs, type InputKind } from './inputs.js';
import { LinkEvents } from './link-events.js';
import { MediaOutput } from './media-output.js';
import { drained, encodeMessage, sendMessage } from './message-sender.js';
import type { ConnectOptions, InputSource, LogEntry, ReconnectOptions, ServerOptions } from './options.js';
import { Recovery, type RecoveryOutcome } from './recovery.js';
import { ServerLink, type LinkObserver } from './server-link.js';
import type { ServerMessage } from './server-messages.js';
import { SessionLog } from './session-log.js';
import { SessionStats } from './session-stats.js';
import { StatsTicker } from './stats-ticker.js';
import { Steering } from './steering.js';
import { aborted, StreamError } from './stream-error.js';
import type { StreamEnd, StreamEvents, StreamMode, StreamSession, StreamState } from './stream-session.js';
import type { StreamStats } from './stream-stats.js';
import { TypedEvents } from './typed-events.js';

const CONNECT_TIMEOUT_MS = 20_000;
const MAX_BUFFERED_BYTES = 1_048_576;
const STATS_INTERVAL_MS = 1000;
const QUICK_TIMEOUT_MS = 10_000;
/** A session that was opened anew and lost within this time is no way back. */
const SHORT_LIFE_MS = 10_000;

/** Close reasons of the server that are no failure (docs/lifecycle.md). */
const ORDERLY: ReadonlySet<string> = new Set(['completed', 'client_stop', 'client_delete']);

/** A session, its connection, and what finds the way back when that is lost. It owns all of them: `close()` ends them. */
export class Session implements StreamSession {
  readonly #api: HttpApi;
  readonly #options: ConnectOptions;
  readonly #aborter = new AbortController();
  readonly #end = Promise.withResolvers<StreamEnd>();
  readonly #events = new TypedEvents<StreamEvents>((name) => name === 'stats' && this.#tickIfWanted());
  readonly #log: SessionLog;
  readonly #steering = new Steering(this.#events, (message) => this.send(message));
  readonly #inputs: Inputs;
  readonly #output = new MediaOutput((frame) => this.#aborter.signal.aborted || this.#steering.frame(frame));
  readonly #stats: SessionStats;
  readonly #ticker: StatsTicker<StreamStats>;
  #link: ServerLink | undefined;
  #state: StreamState | 'connecting' = 'connecting';
  #error: StreamError | undefined;
  #lastStats: StreamStats | undefined;
  #recovery: Recovery | undefined;
  #reopenedAtMs = -Infinity;
  #lostSinceMs = 0;
  #shortLives = 0;
  #isDone = false;
  #chunkError: string | undefined;
  #ending: Promise<void> | undefined;

  private constructor(server: string | URL | ServerOptions, options: ConnectOptions) {
    this.#api = new HttpApi(server);
    this.#options = options;
    this.#log = new SessionLog((entry) => {
      options.onLog?.(entry);
      this.#events.emit('log', entry);
    });
    this.#inputs = new Inputs({ video: options.camera, audio: options.microphone });
    this.#stats = new SessionStats(this.#api, this.#steering, options.serverStats !== false);
    this.#ticker = new StatsTicker(
      options.statsIntervalMs ?? STATS_INTERVAL_MS,
      () => this.#takeStats(),
      (stats) => {
        this.#lastStats = stats;
        this.#events.emit('stats', stats);
      },
    );
  }

  /** @throws StreamError */
  static async connect(server: string | URL | ServerOptions, options: ConnectOptions): Promise<Session> {
    const session = new Session(server, options);
    try {
      await session.#begin();
      return session;
    } catch (error) {
      session.#finish('failed', undefined, error instanceof StreamError ? error : undefined);
      throw options.signal?.aborted === true ? aborted(options.signal) : error;
    }
  }

  get id(): string {
    return decodeURIComponent(this.#link?.id ?? '');
  }

  get mode(): StreamMode {
    return this.#link?.mode ?? 'server_push';
  }

  get state(): StreamState {
    return this.#state === 'connecting' ? 'reconnecting' : this.#state;
  }

  get error(): StreamError | undefined {
    return this.#error;
  }

  get stream(): MediaStream {
    return this.#output.stream;
  }

  get inputs(): MediaStream {
    return this.#inputs.stream;
  }

  get log(): readonly LogEntry[] {
    return this.#log.entries;
  }

  get stats(): StreamStats | undefined {
    return this.#lastStats;
  }

  get ended(): Promise<StreamEnd> {
    return this.#end.promise;
  }

  get bufferedBytes(): number {
    return this.#link?.channel.bufferedAmount ?? 0;
  }

  get muted(): boolean {
    return this.#output.muted;
  }

  set muted(muted: boolean) {
    this.#output.muted = muted;
  }

  get cameraMuted(): boolean {
    return this.#inputs.isMuted('video');
  }

  set cameraMuted(muted: boolean) {
    this.#inputs.mute('video', muted);
  }

  get microphoneMuted(): boolean {
    return this.#inputs.isMuted('audio');
  }

  set microphoneMuted(muted: boolean) {
    this.#inputs.mute('audio', muted);
  }

  on<Name extends keyof StreamEvents>(
    name: Name,
    listener: (event: StreamEvents[Name]) => void,
    options?: { readonly signal?: AbortSignal },
  ): () => void {
    return this.#events.on(name, listener, options);
  }

  attach(video: HTMLVideoElement): () => void {
    return this.#output.attach(video);
  }

  send(message: unknown): void {
    const link = this.#liveLink();
    const { maxBufferedBytes = MAX_BUFFERED_BYTES } = this.#options;
    sendMessage(link.channel, encodeMessage(message), link.maxMessageBytes, maxBufferedBytes);
  }

  async drained({ signal }: { readonly signal?: AbortSignal } = {}): Promise<void> {
    const { channel } = this.#liveLink();
    const { maxBufferedBytes = MAX_BUFFERED_BYTES } = this.#options;
    const own = this.#aborter.signal;
    await drained(channel, maxBufferedBytes, signal === undefined ? own : AbortSignal.any([own, signal]));
  }

  control(message: Readonly<Record<string, unknown>>, options: ControlOptions = {}): Control {
    return this.#steering.control(message, options);
  }

  prompt(text: string, options?: ControlOptions): Control {
    return this.control({ type: 'prompt', prompt: text }, options);
  }

  setCamera(source: InputSource): Promise<void> {
    return this.#setInput('video', source);
  }

  setMicrophone(source: InputSource): Promise<void> {
    return this.#setInput('audio', source);
  }

  async restartIce({ signal }: { readonly signal?: AbortSignal } = {}): Promise<void> {
    const own = this.#aborter.signal;
    await this.#restartIce(this.#liveLink(), signal === undefined ? own : AbortSignal.any([own, signal]), QUICK_TIMEOUT_MS);
  }

  getStats(): Promise<RTCStatsReport> {
    return this.#liveLink().connection.getStats();
  }

  async close(): Promise<void> {
    this.#finish('closed', undefined, undefined);
    await this.#ending;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #begin(): Promise<void> {
    const { signal, connectTimeoutMs = CONNECT_TIMEOUT_MS } = this.#options;
    if (signal?.aborted === true) throw aborted(signal);
    const { signal: over } = this.#aborter;
    signal?.addEventListener('abort', () => void this.close(), { signal: over });
    globalThis.addEventListener?.('pagehide', () => void this.close(), { signal: over });
    globalThis.addEventListener?.('online', () => this.#recovery?.wake(), { signal: over });
    this.#log.write('connecting', 'Connecting to the server.');
    await this.#inputs.open(over);
    await this.#openLink(over, connectTimeoutMs, QUICK_TIMEOUT_MS);
    this.#setState('live');
    this.#log.write('live', `Session ${this.id} is live.`);
  }

  /** Opens a session of the server, and takes it in the place of the one there was. */
  async #openLink(signal: AbortSignal, timeoutMs: number, quickTimeoutMs: number): Promise<void> {
    const late = new AbortController();
    const timer = setTimeout(
      () => late.abort(new StreamError('timeout', `The session was not live within ${timeoutMs} ms.`)),
      timeoutMs,
    );
    const observer = new LinkEvents();
    try {
      const request = { api: this.#api, options: this.#options, inputs: this.#inputs, observer, quickTimeoutMs };
      const link = await ServerLink.open(request, AbortSignal.any([signal, late.signal]));
      if (signal.aborted) {
        await link.close();
        throw aborted(signal);
      }
      this.#adopt(link, observer);
    } finally {
      clearTimeout(timer);
    }
  }

  #adopt(link: ServerLink, events: LinkEvents): void {
    const before = this.#link;
    this.#link = link;
    this.#isDone = false;
    this.#steering.reset(new StreamError('session-lost', 'Another session was opened.'));
    this.#output.adopt(link.tracks);
    void before?.close();
    this.#log.write('session-opened', `The server has opened session ${this.id}.`);
    events.adopt(this.#observe(link));
  }

  #observe(link: ServerLink): LinkObserver {
    const isOurs = (): boolean => this.#link === link && !this.#aborter.signal.aborted;
    return {
      connectionChanged: (state) => isOurs() && this.#connectionChanged(state),
      messageReceived: (message) => isOurs() && this.#messageReceived(message),
      linkEnded: () => isOurs() && this.#serverEnded(undefined),
    };
  }

  #connectionChanged(state: RTCPeerConnectionState): void {
    if (state === 'connected') {
      // The old path may come back before a new one is found.
      if (this.#state === 'reconnecting') this.#setState('live');
      this.#recovery?.wake();
    } else if (state === 'disconnected' && this.#options.reconnect === false) {
      // It may still come back by itself.
      this.#setState('reconnecting');
    } else if (state === 'disconnected' || state === 'failed') {
      this.#lost(new StreamError('connection-failed', `The connection to the server is ${state}.`), false);
    }
  }

  #messageReceived(message: ServerMessage): void {
    this.#events.emit('message', message);
    switch (message.type) {
      case 'chunk':
        if (message.error !== undefined) this.#chunkError = message.error;
        this.#steering.chunk(message);
        break;
      case 'done':
        this.#isDone = true;
        break;
      case 'error':
        this.#events.emit('refused', message);
        break;
      case 'going_away': {
        const deadlineUnixMs = message.deadline * 1000;
        this.#log.write('going-away', `The server is about to end, at ${new Date(deadlineUnixMs).toISOString()} at the latest.`);
        this.#events.emit('goingaway', { deadlineUnixMs });
        break;
      }
      case 'closed':
        this.#serverEnded(message.reason);
        break;
    }
  }

  #setState(state: StreamState): void {
    if (this.#state === state || this.#aborter.signal.aborted) return;
    this.#state = state;
    this.#events.emit('state', state);
  }

  /** The session is over at the server's side. @param reason as it said, or undefined when its end just went away */
  #serverEnded(reason: string | undefined): void {
    if (reason === 'pipeline_failed') {
      this.#finish('failed', reason, new StreamError('pipeline-failed', this.#chunkError ?? 'The pipeline threw.'));
    } else if (reason === undefined ? this.#isDone : ORDERLY.has(reason)) {
      this.#finish('ended', reason ?? 'completed', undefined);
    } else {
      this.#lost(closeError(reason), true);
    }
  }

  /** @param isGone whether the server has the session no longer */
  #lost(error: StreamError, isGone: boolean): void {
    const { reconnect = true } = this.#options;
    // A pipeline that crashes is done too; what its session says of its end after this is no news.
    if (isGone) this.#isDone = false;
    this.#setState('reconnecting');
    if (this.#recovery !== undefined) {
      if (isGone) this.#recovery.sessionGone(error);
      return;
    }
    this.#log.write('disconnected', error.message, error);
    if (reconnect === false) this.#finish('failed', undefined, error);
    else void this.#recover(reconnect === true ? {} : reconnect, error, isGone);
  }

  async #recover(options: ReconnectOptions, lostBy: StreamError, isGone: boolean): Promise<void> {
    const lostAtMs = performance.now();
    const link = this.#link;
    if (link === undefined) return;
    if (lostAtMs - this.#reopenedAtMs < SHORT_LIFE_MS) {
      this.#shortLives += 1;
    } else {
      this.#shortLives = 0;
      this.#lostSinceMs = lostAtMs;
    }
    const recovery = new Recovery(
      {
        isConnected: () => this.#link?.isConnected === true,
        restartIce: (signal, timeoutMs) => this.#restartIce(link, signal, timeoutMs),
        openAnother: (signal, timeoutMs) => this.#openAnother(link, signal, timeoutMs),
        log: (...line) => this.#log.write(...line),
      },
      options,
      isGone,
    );
    this.#recovery = recovery;
    try {
      const outcome = await recovery.run(this.#aborter.signal, {
        error: lostBy,
        sinceMs: this.#lostSinceMs,
        shortLives: this.#shortLives,
      });
      this.#recovery = undefined;
      this.#setState('live');
      this.#log.write(...outcomeLine(outcome, performance.now() - lostAtMs));
      // What happened to the connection while the last try was on its way was left to the recovery.
      if (this.#link?.isConnected === false)
        this.#lost(new StreamError('connection-failed', 'The connection was lost again.'), false);
    } catch (error) {
      if (this.#aborter.signal.aborted) return;
      this.#finish(
        'failed',
        undefined,
        error instanceof StreamError ? error : new StreamError('reconnect-failed', String(error)),
      );
    }
  }

  async #restartIce(link: ServerLink, signal: AbortSignal, timeoutMs: number): Promise<void> {
    await link.restart(signal, timeoutMs);
    this.#log.write('ice-restarted', 'ICE was restarted, and the session goes on.');
  }

  async #openAnother(old: ServerLink, signal: AbortSignal, quickTimeoutMs: number): Promise<void> {
    const { sessionId, connectTimeoutMs = CONNECT_TIMEOUT_MS, iceServers } = this.#options;
    // Its slot, and its id, may be needed.
    const closed = old.close();
    if (sessionId !== undefined) await closed;
    // An offer may take long. Whether the server is there at all is to be known soon.
    if (iceServers !== undefined) await this.#api.send('GET', 'v1/service/health', { signal, timeoutMs: quickTimeoutMs });
    await this.#openLink(signal, connectTimeoutMs, quickTimeoutMs);
    this.#reopenedAtMs = performance.now();
  }

  #liveLink(): ServerLink {
    if (this.#aborter.signal.aborted) throw new StreamError('closed', 'The session is over.');
    if (this.#link === undefined || this.#state !== 'live') {
      throw new StreamError('not-connected', `The session is ${this.#state}.`);
    }
    return this.#link;
  }

  async #setInput(kind: InputKind, source: InputSource): Promise<void> {
    const track = await this.#inputs.change(kind, source);
    const transceiver = this.#link?.connection.getTransceivers().find(({ receiver }) => receiver.track.kind === kind);
    await transceiver?.sender.replaceTrack(track);
  }

  #tickIfWanted(): void {
    if (this.#events.has('stats') && !this.#aborter.signal.aborted) this.#ticker.start();
    else this.#ticker.stop();
  }

  async #takeStats(): Promise<StreamStats | undefined> {
    return this.#link === undefined ? undefined : this.#stats.take(this.#link, this.#state === 'live');
  }

  /** Ends everything, once: the first reason counts. */
  #finish(state: StreamEnd['state'], reason: string | undefined, error: StreamError | undefined): void {
    if (this.#ending !== undefined) return;
    const hasBegun = this.#state !== 'connecting';
    this.#error = error;
    this.#setState(state);
    this.#aborter.abort(new StreamError('closed', 'The session was closed.'));
    this.#ticker.stop();
    this.#steering.reset(error ?? new StreamError('closed', 'The session is over.'));
    this.#inputs.close();
    this.#output.close();
    this.#ending = this.#link?.close() ?? Promise.resolve();
    const why = error?.message ?? reason;
    this.#log.write(state, `The session is over${why === undefined ? '' : `: ${why}`}`, error);
    const end: StreamEnd = { state, reason, error };
    if (hasBegun) this.#events.emit('end', end);
    this.#end.resolve(end);
  }
}

function closeError(reason: string | undefined): StreamError {
  if (reason === 'pipeline_crashed') return new StreamError('pipeline-crashed', 'The process of the pipeline ended.');
  if (reason === 'server_shutdown' || reason === 'drain_deadline')
    return new StreamError('server-shutdown', 'The server has ended.');
  return new StreamError('session-lost', `The server has closed the session${reason === undefined ? '' : `: ${reason}`}.`);
}

function outcomeLine(outcome: RecoveryOutcome, lostForMs: number): Parameters<SessionLog['write']> {
  const after = `after ${(lostForMs / 1000).toFixed(1)} s`;
  if (outcome === 'reopened') return ['reconnected', `Another session is live ${after}.`];
  return ['recovered', `The session goes on ${after}${outcome === 'restarted' ? ', by another path' : ''}.`];
}
