import {
  ReceivingConnection,
  type ReceivedFrame,
  type ReceivedPacket,
  type ReceivingOptions,
  type SenderClockReport,
} from '../media/webrtc/index.js';
import type { IceSettings, StreamServer } from './stream-server.js';
import { StreamCounter, type StreamCounts } from './stream-counter.js';
import { ViewerError } from './viewer.error.js';

const CHANNEL = 'telefuser';
const CONNECT_TIMEOUT_MS = 20_000;
const ICE_GATHER_TIMEOUT_MS = 5000;
/** Between the server's last message and the end of its transport. */
const CLOSE_GRACE_MS = 1000;
const LISTEN_INTERVAL_MS = 500;
const MAX_ERROR_CHARACTERS = 300;

/** A message of the server on the data channel. */
export type ServerMessage = Readonly<Record<string, unknown>>;

export interface ViewingOptions {
  readonly server: StreamServer;
  readonly ice: IceSettings;
  /** Of the offer, beside its SDP. */
  readonly fields: Readonly<Record<string, unknown>>;
  readonly videoCodecs: ReceivingOptions['videoCodecs'];
  /** Whether `frameReceived` is wanted. */
  readonly assembles: boolean;
  /** A session of which nothing is heard for so long is lost. A sender reports once a second, also while its picture stands still. */
  readonly silenceMs: number;
}

/** Told of what comes. Must not throw. */
export interface ViewingObserver {
  messageReceived?(message: ServerMessage): void;
  /** The last packet of a picture came. */
  pictureArrived?(rtpTimestamp: number, nowMs: number): void;
  frameReceived?(frame: ReceivedFrame): void;
  clockReported?(report: SenderClockReport): void;
}

/** Milliseconds from the request. */
export interface OpeningTimes {
  readonly answerMs: number | undefined;
  readonly connectedMs: number | undefined;
  /** To the last packet of the first picture. */
  readonly firstFrameMs: number | undefined;
}

/** Why a viewing is over: what the server said (`completed` …), `connection-lost`, `silence`, or `ended` by ourselves. */
export type EndReason = string;

/** One session of a server, watched without a decoder. The caller closes it. */
export class Viewing {
  private connection: ReceivingConnection | undefined;
  private readonly video = new StreamCounter();
  private readonly audio = new StreamCounter();
  private readonly connected = Promise.withResolvers<void>();
  private readonly pictured = Promise.withResolvers<void>();
  private readonly opened = Promise.withResolvers<void>();
  private readonly over = Promise.withResolvers<EndReason>();
  private closing: Promise<void> | undefined;
  private askedMs = 0;
  private heardMs = 0;
  private listening: NodeJS.Timeout | undefined;
  private times: { answerMs?: number; connectedMs?: number; firstFrameMs?: number } = {};
  private closeReason: string | undefined;
  private lastError: string | undefined;
  private id = '';

  private constructor(
    private readonly options: ViewingOptions,
    private readonly observer: ViewingObserver,
  ) {
    // Whoever waits for one of them later learns of it all the same.
    for (const { promise } of [this.connected, this.pictured]) promise.catch(() => undefined);
  }

  /**
   * Opens a session and waits for its connection. Nothing is left open when it fails.
   *
   * @throws ViewerError; what `signal` was aborted with.
   */
  static async open(options: ViewingOptions, observer: ViewingObserver, signal: AbortSignal): Promise<Viewing> {
    const viewing = new Viewing(options, observer);
    try {
      await viewing.connect(signal);
      return viewing;
    } catch (error) {
      await viewing.close();
      throw error;
    }
  }

  get sessionId(): string {
    return this.id;
  }

  /** Of what is sent: `H264`, `OPUS` … */
  get codecs(): readonly string[] {
    return this.connection?.codecs ?? [];
  }

  get openingTimes(): OpeningTimes {
    const { answerMs, connectedMs, firstFrameMs } = this.times;
    return { answerMs, connectedMs, firstFrameMs };
  }

  get counts(): { readonly video: StreamCounts; readonly audio: StreamCounts } {
    return { video: this.video.counts, audio: this.audio.counts };
  }

  /** Resolves when messages can be sent; pending where the channel never opens. */
  get channelOpen(): Promise<void> {
    return this.opened.promise;
  }

  /** Resolves when the session is over, whoever ended it. */
  get ended(): Promise<EndReason> {
    return this.over.promise;
  }

  /** Resolves with the first whole picture. Rejects with a ViewerError where none comes in time, or the session ends before. */
  async firstPicture(timeoutMs: number, signal: AbortSignal): Promise<void> {
    const broken = this.ended.then((reason) => {
      throw this.brokenOff('a picture came', reason);
    });
    broken.catch(() => undefined);
    const remedy = 'See whether the pipeline yields frames; the log of the server, or a longer --timeout, may help.';
    const late = new ViewerError('broken', `no picture came within ${timeoutMs / 1000} s`, remedy);
    await inTime(Promise.race([this.pictured.promise, broken]), { timeoutMs, late, signal });
  }

  /** @param before what did not come about any more. */
  brokenOff(before: string, reason: EndReason): ViewerError {
    const said = this.lastError === undefined ? '' : `: ${this.lastError}`;
    return new ViewerError(
      'broken',
      `the session ended before ${before} (${reason}${said})`,
      'The log of the server may say more.',
    );
  }

  /** Sends a message; false where the channel is not open. */
  send(message: unknown): boolean {
    return this.connection?.send(JSON.stringify(message)) ?? false;
  }

  /** Ends the session here and at the server. Idempotent. */
  close(): Promise<void> {
    this.closing ??= this.closeOnce();
    return this.closing;
  }

  private async closeOnce(): Promise<void> {
    clearInterval(this.listening);
    this.over.resolve('ended');
    await this.connection?.close();
    if (this.id !== '') await this.options.server.close(this.id);
  }

  private async connect(signal: AbortSignal): Promise<void> {
    const { server, ice, fields, videoCodecs, assembles } = this.options;
    this.connection = await ReceivingConnection.offer(
      { videoCodecs, ...ice, iceGatherTimeoutMs: ICE_GATHER_TIMEOUT_MS, channel: CHANNEL, assembles },
      {
        connectionStateChanged: (state) => this.stateChanged(state),
        channelOpened: () => this.opened.resolve(),
        messageReceived: (text) => this.messageReceived(text),
        packetReceived: (packet) => this.packetReceived(packet),
        frameReceived: (frame) => this.observer.frameReceived?.(frame),
        clockReported: (report) => {
          this.heardMs = performance.now();
          this.observer.clockReported?.(report);
        },
      },
    );
    signal.throwIfAborted();
    this.askedMs = performance.now();
    const { sessionId, sdp, roundTripMs } = await server.open(this.connection.localSdp, fields, signal);
    this.id = sessionId;
    this.times.answerMs = roundTripMs;
    try {
      await this.connection.accept(sdp);
    } catch (error) {
      const what = `the answer of ${server.url} cannot be used (${(error as Error).message})`;
      throw new ViewerError('unreachable', what, 'Report it, with the version of the server.', { cause: error });
    }
    const remedy =
      'Media goes over UDP: see whether a firewall is between, or whether a TURN server is needed (docs/networking.md).';
    const late = new ViewerError('broken', `no connection for media came about within ${CONNECT_TIMEOUT_MS / 1000} s`, remedy);
    const lost = new ViewerError('broken', 'the connection for media failed', remedy);
    const failed = this.ended.then(() => {
      throw lost;
    });
    failed.catch(() => undefined);
    await inTime(Promise.race([this.connected.promise, failed]), { timeoutMs: CONNECT_TIMEOUT_MS, late, signal });
  }

  private stateChanged(state: string): void {
    if (state === 'connected') {
      this.heardMs = performance.now();
      this.times.connectedMs ??= this.heardMs - this.askedMs;
      this.listening ??= setInterval(() => this.listen(), LISTEN_INTERVAL_MS);
      this.connected.resolve();
    } else if (state === 'closed' || state === 'failed') {
      this.over.resolve(this.closeReason ?? 'connection-lost');
    }
  }

  private listen(): void {
    if (performance.now() - this.heardMs > this.options.silenceMs) this.over.resolve('silence');
  }

  private messageReceived(text: string): void {
    const message = parseMessage(text);
    if (message === undefined) return;
    if (message['type'] === 'closed' && typeof message['reason'] === 'string') this.serverCloses(message['reason']);
    this.lastError = errorOf(message) ?? this.lastError;
    this.observer.messageReceived?.(message);
  }

  /** The end of the transport follows, as a rule. */
  private serverCloses(reason: string): void {
    this.closeReason = reason;
    setTimeout(() => this.over.resolve(reason), CLOSE_GRACE_MS).unref();
  }

  private packetReceived(packet: ReceivedPacket): void {
    const nowMs = performance.now();
    this.heardMs = nowMs;
    if (packet.kind === 'audio') {
      this.audio.count(packet, nowMs);
      return;
    }
    if (!this.video.count(packet, nowMs)) return;
    this.times.firstFrameMs ??= nowMs - this.askedMs;
    this.pictured.resolve();
    this.observer.pictureArrived?.(packet.timestamp, nowMs);
  }
}

/** What a message says went wrong, in one line: the pipeline with a chunk, or the server with what was sent to it. Pure. */
export function errorOf({ type, error, detail }: ServerMessage): string | undefined {
  const said = type === 'error' ? detail : error;
  if (typeof said !== 'string' || said.trim() === '') return undefined;
  return said.replaceAll(/\s+/gu, ' ').trim().replace(/\.$/u, '').slice(0, MAX_ERROR_CHARACTERS);
}

function parseMessage(text: string): ServerMessage | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as ServerMessage) : undefined;
  } catch {
    return undefined;
  }
}

/** The promise's result; what `late` is after a time, and what the signal was aborted with. */
async function inTime<T>(
  promise: Promise<T>,
  { timeoutMs, late, signal }: { readonly timeoutMs: number; readonly late: Error; readonly signal: AbortSignal },
): Promise<T> {
  signal.throwIfAborted();
  const { promise: cut, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(late), timeoutMs);
  const abort = (): void => reject(signal.reason as Error);
  signal.addEventListener('abort', abort, { once: true });
  try {
    return await Promise.race([promise, cut]);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', abort);
  }
}
