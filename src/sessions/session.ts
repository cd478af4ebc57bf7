import { Logger } from '@nestjs/common';
import type { Chunk, IceNegotiation, MediaInput } from '../common/index.js';
import type { Owner } from '../identity/index.js';
import type { ChunkMark, ConnectionState, FrameTimes, Viewer, ViewerObserver, ViewerStats } from '../media/index.js';
import { PipelineCrashedError, type ControlId, type PipelineRun, type StreamMode } from '../pipeline-loader/index.js';
import type { OfferTrace } from '../tracing/index.js';
import { parseMessage, type MessageLimits } from './channel-messages.js';
import { ChannelSender } from './channel-sender.js';
import type { CloseReason } from './close-reason.js';
import { ErrorBudget } from './error-budget.js';
import { frameLedger, ledgerInWords, type FrameLedger } from './frame-ledger.js';
import { SessionDeadlines } from './session-deadlines.js';
import { nextState, type SessionEvent, type SessionState } from './session-state.js';
import { SessionTiming } from './session-timing.js';
import { StageLatencies, type LatencySummaries } from './stage-latencies.js';
import { trafficOf, type Traffic } from './traffic.js';

/** How long a session whose pipeline crashed waits for a client that is still connecting, so that it can be told. */
const CRASH_GRACE_MS = 3000;

export interface SessionTimeouts {
  readonly connectMs: number;
  readonly channelMs: number;
  readonly disconnectedGraceMs: number;
  /** From the end of the stream to the close, so that the last message and picture arrive. */
  readonly doneGraceMs: number;
}

export interface SessionOptions {
  readonly id: string;
  /** Whoever may read and close it. */
  readonly owner: Owner;
  readonly mode: StreamMode;
  /** Frames a second for chunks that say none. */
  readonly fps: number;
  readonly timeouts: SessionTimeouts;
  readonly limits: MessageLimits;
  /** Is told of every latency of the session. */
  readonly serviceLatencies: StageLatencies;
  /** Is told how far the session is, until its first picture. */
  readonly trace: OfferTrace;
  /** Called once, when the first picture has left; `performance.now()`. */
  readonly onFirstFrame: (sentAtMs: number) => void;
  /** Called once, when everything the session owned is gone. */
  readonly onClosed: (reason: CloseReason) => void;
}

/** What can be said of a session that is open. */
export interface SessionStats {
  readonly ageMs: number;
  readonly frames: FrameLedger;
  readonly viewer: ViewerStats;
  readonly latencies: LatencySummaries;
}

/**
 * One client's connection to one run of a pipeline, from its answer to its close. It connects the run's chunks to the viewer's tracks and the
 * viewer's input to the run, and owns both: `close()` ends them, children first.
 */
export class Session implements ViewerObserver {
  private readonly logger = new Logger(Session.name);
  private readonly aborter = new AbortController();
  private readonly connected = Promise.withResolvers<void>();
  private readonly openedAtMs = performance.now();
  private readonly deadlines = new SessionDeadlines((reason) => void this.close(reason));
  private currentState: SessionState = 'negotiating';
  private readonly pipelineErrors = new ErrorBudget();
  private readonly clientErrors = new ErrorBudget();
  private readonly client: ChannelSender;
  private readonly latencies: StageLatencies;
  private readonly timing: SessionTiming;
  private routedPictures = 0;
  private endsAtMs: number | undefined;
  private hasSentFrame = false;
  private pump: Promise<void> | undefined;
  private closing: Promise<void> | undefined;

  constructor(
    private readonly options: SessionOptions,
    private readonly run: PipelineRun,
    private readonly viewer: Viewer,
  ) {
    this.client = new ChannelSender(options.id, viewer, (detail) => this.chunkRefused(detail));
    this.latencies = new StageLatencies(options.serviceLatencies);
    this.timing = new SessionTiming(this.latencies);
    // A session that closes before it is connected has nobody waiting on this.
    this.connected.promise.catch(() => undefined);
  }

  get id(): string {
    return this.options.id;
  }

  get owner(): Owner {
    return this.options.owner;
  }

  get mode(): StreamMode {
    return this.options.mode;
  }

  /** Whether the client's camera and microphone are of use to the pipeline. */
  get takesMedia(): boolean {
    return this.mode === 'bidirectional';
  }

  get state(): SessionState {
    return this.currentState;
  }

  /** What became of every picture that came from the pipeline. */
  get frames(): FrameLedger {
    const { video, untrackedFrames } = this.viewer.stats;
    return frameLedger({
      generated: this.run.picturesReceived,
      routed: this.routedPictures,
      untracked: untrackedFrames,
      track: video,
      over: this.currentState === 'closed',
    });
  }

  /** What was sent to the client. */
  get traffic(): Traffic {
    return trafficOf(this.viewer.stats);
  }

  /** What is known of the way to the client. */
  get network(): ViewerStats['network'] {
    return this.viewer.stats.network;
  }

  /** Since it was opened. */
  get ageMs(): number {
    return performance.now() - this.openedAtMs;
  }

  get stats(): SessionStats {
    return {
      ageMs: this.ageMs,
      frames: this.frames,
      viewer: this.viewer.stats,
      latencies: this.latencies.summaries(),
    };
  }

  /** The SDP answer. */
  get answerSdp(): string {
    return this.viewer.localSdp;
  }

  /** What the client may change of its ICE session; undefined for one without BUNDLE. */
  get ice(): IceNegotiation | undefined {
    return this.viewer.ice;
  }

  /** Begins the session's life: from here on its timeouts run and what the client does is heard. Call once. */
  begin(): void {
    const { connectMs, channelMs } = this.options.timeouts;
    this.transition('answered');
    this.deadlines.set('connect', connectMs, 'connect_timeout');
    this.run.onPushError((message) => {
      if (this.pipelineErrors.take()) this.client.error('push-failed', message);
    });
    this.run.onChunkError((message) => this.chunkRefused(message));
    this.viewer.observe(this);
    if (this.mode === 'bidirectional') {
      if (!this.viewer.hasChannel) this.deadlines.set('channel', channelMs, 'channel_timeout');
    } else {
      this.startPump();
    }
  }

  /**
   * Tells the client, as soon as it has a channel, that the server is about to end.
   * @param deadlineMs when the session is closed at the latest, milliseconds since 1970
   */
  announceEnd(deadlineMs: number): void {
    this.endsAtMs = deadlineMs;
    if (this.viewer.hasChannel) this.client.goingAway(deadlineMs);
  }

  /** Ends the session and everything it owns. Idempotent: the first reason counts. Resolves when nothing is left. */
  close(reason: CloseReason): Promise<void> {
    this.closing ??= this.closeOnce(reason);
    return this.closing;
  }

  connectionStateChanged(state: ConnectionState): void {
    switch (state) {
      case 'connected':
        this.becomeLive();
        break;
      case 'disconnected':
        if (this.transition('disconnected'))
          this.deadlines.set('grace', this.options.timeouts.disconnectedGraceMs, 'disconnected');
        break;
      case 'failed':
        void this.close('connection_failed');
        break;
      case 'closed':
        void this.close('connection_closed');
        break;
      case 'new':
      case 'connecting':
        break;
    }
  }

  channelOpened(): void {
    this.deadlines.clear('channel');
    if (this.endsAtMs !== undefined) this.client.goingAway(this.endsAtMs);
    if (this.mode === 'bidirectional') this.startPump();
  }

  channelClosed(): void {
    if (this.mode === 'bidirectional') void this.close('channel_closed');
  }

  messageReceived(message: string | Uint8Array): void {
    if (this.closing !== undefined) return;
    const parsed = parseMessage(message, this.options.limits);
    switch (parsed.kind) {
      case 'stop':
        void this.close('client_stop');
        break;
      case 'refused':
        if (this.clientErrors.take()) this.client.error(parsed.code, parsed.detail);
        break;
      case 'shown': {
        const nowMs = performance.now();
        // On its way the report took about as long as half a round trip.
        const shownAtMs = nowMs - (this.viewer.stats.network.roundTripMs ?? 0) / 2;
        if (!this.timing.shown(parsed.report, shownAtMs)) this.takeInput(parsed.value, undefined);
        break;
      }
      case 'input':
        this.takeInput(parsed.value, parsed.control);
        break;
    }
  }

  mediaReceived(input: MediaInput): boolean {
    return this.mode === 'bidirectional' && this.closing === undefined && this.run.pushMedia(input);
  }

  chunkRouted(chunk: Chunk, rtpTimestamp: number | undefined): void {
    const appliedControls = this.timing.chunkRouted(chunk);
    // A host may name what the client never sent, or what was named before.
    if (appliedControls.length === 0 && Object.keys(chunk.metadata).length === 0) return;
    this.client.chunk({ index: chunk.index, metadata: chunk.metadata, appliedControls, rtpTimestamp });
  }

  pictureSent(times: FrameTimes, first: ChunkMark | undefined): void {
    if (!this.hasSentFrame) {
      this.hasSentFrame = true;
      this.options.trace.frameSent(times.sentAtMs);
      this.options.onFirstFrame(times.sentAtMs);
    }
    this.timing.pictureSent(times, first);
  }

  pictureRefused(message: string): void {
    this.logger.warn(message, this.logFields);
    this.client.chunkError(message);
  }

  private takeInput(value: unknown, control: ControlId | undefined): void {
    if (this.mode === 'bidirectional') {
      this.run.push(value, control === undefined ? undefined : this.timing.controlReceived(control, performance.now()));
    } else if (this.clientErrors.take()) {
      this.client.error(
        'not-bidirectional',
        'This pipeline takes no input: it only streams. Send {"type":"stop"} to end the session.',
      );
    }
  }

  private becomeLive(): void {
    // A client that comes back while its last messages are on their way is not to be given up for having been away.
    this.deadlines.clear('grace');
    if (!this.transition('connected')) return;
    this.deadlines.clear('connect');
    this.options.trace.connected();
    this.viewer.start(this.options.fps, this);
    this.connected.resolve();
  }

  private startPump(): void {
    if (this.closing !== undefined) return;
    this.pump ??= this.pumpChunks().catch((error: unknown) => this.streamBroke(error));
  }

  private async pumpChunks(): Promise<void> {
    const { signal } = this.aborter;
    for await (const chunk of this.run.chunks()) {
      this.options.trace.chunkYielded();
      await this.routeWhenConnected(chunk, signal);
      if (signal.aborted) return;
    }
    await this.viewer.drained();
    await this.streamEnded('completed');
  }

  private async routeWhenConnected(chunk: Chunk, signal: AbortSignal): Promise<void> {
    await this.connected.promise;
    this.routedPictures += chunk.pictures.length;
    await this.viewer.route(chunk, signal);
  }

  private async streamBroke(error: unknown): Promise<void> {
    if (this.aborter.signal.aborted) return;
    const message = error instanceof Error ? error.message : String(error);
    this.logger.error(`the pipeline's stream broke: ${message}`, this.logFields);
    this.client.chunkError(message);
    if (!(error instanceof PipelineCrashedError)) return this.streamEnded('pipeline_failed');
    // Nothing comes after this, for nobody: the client is told at once, so that it can turn to a process that lives.
    this.client.done(this.viewer.videoChunks);
    // A client that is still connecting hears of it when it is connected. Not awaited: closing waits for this pump.
    this.deadlines.set('crash', CRASH_GRACE_MS, 'pipeline_crashed');
    void this.closeWhenConnected('pipeline_crashed');
  }

  private async closeWhenConnected(reason: CloseReason): Promise<void> {
    await this.connected.promise.catch(() => undefined);
    await this.close(reason);
  }

  private async streamEnded(reason: CloseReason): Promise<void> {
    // The grace is for the client to get the last messages, so it begins when there is a client. A close meanwhile ends the wait.
    await this.connected.promise.catch(() => undefined);
    if (this.aborter.signal.aborted) return;
    this.client.done(this.viewer.videoChunks);
    this.transition('ended');
    this.deadlines.clear('grace');
    this.deadlines.set('done', this.options.timeouts.doneGraceMs, reason);
  }

  private async closeOnce(reason: CloseReason): Promise<void> {
    this.transition('close');
    this.deadlines.close();
    this.client.closed(reason);
    this.aborter.abort(new Error(`session closed: ${reason}`));
    this.connected.reject(this.aborter.signal.reason);
    // The run and the viewer do not wait for each other: a pipeline that hangs in its close must not keep sockets open.
    const results = await Promise.allSettled([this.run.close(), this.viewer.close(), this.pump]);
    for (const result of results) {
      if (result.status === 'rejected') this.logger.warn(`closing failed: ${String(result.reason)}`, this.logFields);
    }
    this.transition('closed');
    this.options.trace.closed(reason);
    this.options.onClosed(reason);
    const seconds = this.ageMs / 1000;
    this.logger.log(`closed: ${reason}, after ${seconds.toFixed(1)} s${ledgerInWords(this.frames)}`, this.logFields);
  }

  /** Every line about a session has these. */
  private get logFields(): { readonly session_id: string } {
    return { session_id: this.id };
  }

  private transition(event: SessionEvent): boolean {
    const next = nextState(this.currentState, event);
    if (next === undefined) return false;
    this.currentState = next;
    return true;
  }

  /** A value of the pipeline was no chunk. One that yields nothing else, in a loop, must not fill the channel with its errors. */
  private chunkRefused(message: string): void {
    if (!this.pipelineErrors.take()) return;
    if (this.pipelineErrors.taken === 1) this.logger.warn(`a chunk was refused: ${message}`, this.logFields);
    this.client.chunkError(message);
  }
}
