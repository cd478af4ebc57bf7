import type { MediaInput } from '../../common/index.js';
import { errorMessage } from '../contract/error-message.js';
import { logOf } from './error-log.js';
import type { MediaMessage, PipelineMessage, SessionConfig } from '../contract/pipeline.js';
import { hostClockMs } from '../protocol/host-clock.js';
import { ChunkPump, closeInOrder, type SendMessage } from './chunk-pump.js';
import { PushedControls } from './pushed-controls.js';
import type { LoadedService } from './service-loader.js';

/** `pushChunk` calls of one session that may be unfinished at a time; what comes on top is refused. */
const MAX_PENDING_PUSHES = 256;
/** The same for camera and microphone, where what comes on top is dropped: newer media follows. */
const MAX_PENDING_MEDIA = 8;
/** A pipeline that throws at every camera frame shall not fill the data channel with the same sentence. */
const MEDIA_ERROR_INTERVAL_MS = 1000;
const MAX_SESSION_ID_LENGTH = 256;

/** Session ids that `createSession` has given out and that are not closed yet. */
export type OpenSessions = Set<string>;

/** One session's side of the service: opened once, closed once. */
export class HostRun {
  readonly #controls = new PushedControls();
  #sessionId: string | undefined;
  #pump: ChunkPump | undefined;
  #opening: Promise<boolean> | undefined;
  #closed = false;
  #pendingPushes = 0;
  #pendingMedia = 0;
  #lastMediaErrorAt = Number.NEGATIVE_INFINITY;

  constructor(
    private readonly run: number,
    private readonly loaded: LoadedService,
    private readonly openSessions: OpenSessions,
    private readonly send: SendMessage,
  ) {}

  /** Answers `opened` or `refused`; resolves with whether it was opened. The server closes nothing that was refused. */
  open(session: string, request: Readonly<Record<string, unknown>>): Promise<boolean> {
    this.#opening = this.#open(session, request);
    return this.#opening;
  }

  addCredit(credit: number): void {
    if (!this.#closed) this.#pump?.addCredit(credit);
  }

  /** @param control the message's id, if it has one */
  push(message: PipelineMessage, control?: string): void {
    if (this.#pendingPushes >= MAX_PENDING_PUSHES) {
      this.#reportPushError(`pushChunk is behind: ${MAX_PENDING_PUSHES} messages are being worked on`);
      return;
    }
    this.#pendingPushes += 1;
    void this.#callPushChunk(message, (error) => this.#pushThrew(error), control).finally(() => (this.#pendingPushes -= 1));
  }

  pushMedia(input: MediaInput): void {
    if (this.#pendingMedia >= MAX_PENDING_MEDIA) return;
    this.#pendingMedia += 1;
    const report = (error: unknown): void => {
      const now = performance.now();
      if (now - this.#lastMediaErrorAt < MEDIA_ERROR_INTERVAL_MS) return;
      this.#lastMediaErrorAt = now;
      this.#pushThrew(error);
    };
    void this.#callPushChunk(toMediaMessage(input), report).finally(() => (this.#pendingMedia -= 1));
  }

  /** Ends the run, answers `closed`. Resolves within the time given, plus what `createSession` takes if it is still running. */
  async close(timeoutMs: number): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#opening;
    const { loaded } = this;
    const sessionId = this.#sessionId;
    const cleanUp =
      loaded.mode === 'bidirectional' && sessionId !== undefined ? () => loaded.service.closeSession(sessionId) : undefined;
    if (this.#pump !== undefined) {
      for (const text of await closeInOrder(this.#pump, cleanUp, timeoutMs)) {
        void this.send({ type: 'log', level: 'warn', run: this.run, text });
      }
    }
    if (sessionId !== undefined) this.openSessions.delete(sessionId);
    await this.send({ type: 'closed', run: this.run });
  }

  async #open(session: string, request: Readonly<Record<string, unknown>>): Promise<boolean> {
    const { loaded, run } = this;
    if (loaded.mode === 'server_push') {
      this.#pump = new ChunkPump(run, () => loaded.service.serve(request), this.#controls, this.send);
      await this.send({ type: 'opened', run, session });
      return true;
    }
    try {
      const config: SessionConfig = { ...request, session_id: session };
      const sessionId = checkSessionId(await loaded.service.createSession(config), session);
      if (this.openSessions.has(sessionId)) throw conflict(`the pipeline gave out the session id ${sessionId} a second time`);
      this.openSessions.add(sessionId);
      this.#sessionId = sessionId;
      this.#pump = new ChunkPump(run, () => loaded.service.pullChunks(sessionId), this.#controls, this.send);
      await this.send({ type: 'opened', run, session: sessionId });
      return true;
    } catch (error) {
      // A refusal is the author's word to the client; what else is thrown is news to the author.
      if (!isConflict(error) && isBug(error)) await this.send(logOf('createSession threw', error, run));
      await this.send({ type: 'refused', run, kind: isConflict(error) ? 'conflict' : 'refused', message: errorMessage(error) });
      return false;
    }
  }

  async #callPushChunk(message: PipelineMessage, report: (error: unknown) => void, control?: string): Promise<void> {
    const { loaded } = this;
    if (this.#closed || loaded.mode !== 'bidirectional' || this.#sessionId === undefined) return;
    try {
      const result: unknown = loaded.service.pushChunk(this.#sessionId, message);
      // What needs no waiting is pushed now: behind an `await` the generator might have been advanced already.
      if (isThenable(result)) await result;
      if (control !== undefined) this.#controls.pushed(control, hostClockMs());
    } catch (error) {
      report(error);
    }
  }

  #pushThrew(error: unknown): void {
    if (this.#closed) return;
    void this.send(logOf('pushChunk threw', error, this.run));
    this.#reportPushError(errorMessage(error));
  }

  #reportPushError(message: string): void {
    if (!this.#closed) void this.send({ type: 'push-error', run: this.run, message });
  }
}

function checkSessionId(returned: unknown, given: string): string {
  if (returned === undefined || returned === null) return given;
  if (typeof returned !== 'string') throw new TypeError(`createSession returned a ${typeof returned}, not a session id`);
  if (returned.length === 0 || returned.length > MAX_SESSION_ID_LENGTH) {
    throw new RangeError(
      `createSession returned a session id of ${returned.length} characters; 1 to ${MAX_SESSION_ID_LENGTH} are allowed`,
    );
  }
  return returned;
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function';
}

function conflict(message: string): Error {
  return Object.assign(new Error(message), { code: 'conflict' });
}

/** Errors that JavaScript throws by itself, and no author to refuse a session. */
function isBug(error: unknown): boolean {
  return error instanceof TypeError || error instanceof ReferenceError || error instanceof SyntaxError;
}

function isConflict(error: unknown): boolean {
  return typeof error === 'object' && error !== null && (error as { code?: unknown }).code === 'conflict';
}

function toMediaMessage(input: MediaInput): MediaMessage {
  if (input.kind === 'audio') {
    const { data, sampleRate, channels } = input.audio;
    return { type: 'media', audio_pcm: data, sample_rate: sampleRate, channels };
  }
  const frames = input.pictures.map(({ width, height, data }) => ({ format: 'RGB24' as const, width, height, data }));
  return { type: 'media', video_frames: frames };
}
