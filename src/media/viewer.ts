import { Injectable } from '@nestjs/common';
import type { Chunk, Delivery, DeliveryMode, IceNegotiation, MediaInput, OfferSummary } from '../common/index.js';
import { Configuration } from '../config/index.js';
import { AudioTrackFactory, type AudioCounts, type AudioTrack } from './audio-track.js';
import { ChunkRouterFactory, type ChunkRouter } from './chunk-router.js';
import type { NetworkState } from './congestion/index.js';
import type { VideoFormat } from './frame-encoder.js';
import { FrameTrackFactory, type ChunkMark, type FrameCounts, type FrameTimes, type FrameTrack } from './frame-track.js';
import { IcePaths } from './ice-paths.js';
import { MediaClock } from './media-clock.js';
import { MediaRelay } from './media-relay.js';
import { NetworkControl } from './network-control.js';
import type { RateControl } from './rate-control.js';
import { ReceiverLiveness } from './receiver-liveness.js';
import {
  PeerConnection,
  type ConnectionState,
  type DataChannel,
  type Feedback,
  type PlayoutDelay,
  type StreamStats,
} from './webrtc/index.js';

/** The one data channel that is served (compatibility contract). */
const CHANNEL_LABEL = 'telefuser';
/** How often each stream says which RTP time is now (RFC 3550 section 6.2 would allow it up to every 5 s). */
const SENDER_REPORT_INTERVAL_MS = 1000;
/** The first sender reports come sooner: until a receiver has one of each stream it cannot align them. */
const FIRST_REPORT_DELAY_MS = 50;
/** Messages kept for a channel that the client offered and that is not open yet. */
const MAX_EARLY_MESSAGES = 64;
/** A receiver of media reports at least every second or so; one that is silent this long is gone, whatever ICE still believes. */
const MAX_SILENCE_MS = 4000;
/** How long a last message may take to leave before the connection closes. */
const FLUSH_TIMEOUT_MS = 750;
/** How long the channel of a connected client may take to open when there is a last message for it. */
const CHANNEL_GRACE_MS = 1000;
/** A viewer who steers what is made wants to see it at once. */
const INTERACTIVE_PLAYOUT_DELAY: PlayoutDelay = { minMs: 0, maxMs: 0 };

/** Told of what a viewer does. Must not throw. */
export interface ViewerObserver {
  /** Whether incoming media is to be decoded at all. */
  readonly takesMedia: boolean;
  connectionStateChanged(state: ConnectionState): void;
  channelOpened(): void;
  channelClosed(): void;
  /** Text or bytes from the data channel. */
  messageReceived(message: string | Uint8Array): void;
  /** Decoded camera or microphone; returns whether it was taken. */
  mediaReceived(input: MediaInput): boolean;
  /**
   * A chunk that has metadata, or reflects control messages, got its place.
   * @param rtpTimestamp of its first picture; undefined when it has none, or the client takes no video.
   */
  chunkRouted(chunk: Chunk, rtpTimestamp: number | undefined): void;
  /** A picture left; `first` comes with the first one of a chunk. */
  pictureSent(times: FrameTimes, first: ChunkMark | undefined): void;
  /** A picture of the pipeline could not be decoded or encoded. */
  pictureRefused(message: string): void;
}

export interface ViewerStats {
  readonly videoCodec: string | undefined;
  readonly video: FrameCounts | undefined;
  readonly videoFormat: VideoFormat | undefined;
  /** Pictures made for a client that takes no video. */
  readonly untrackedFrames: number;
  readonly audio: AudioCounts | undefined;
  /** Bits a second the video encoder is set to. */
  readonly videoBitrate: number;
  readonly network: NetworkState;
  readonly videoStream: StreamStats | undefined;
  readonly audioStream: StreamStats | undefined;
}

/** The media of one client: its connection and every track, relay and queue made for it. Owned by a session. */
export class Viewer {
  private readonly relays: MediaRelay[] = [];
  private channel: DataChannel | undefined;
  private readonly earlyMessages: string[] = [];
  private video: FrameTrack | undefined;
  private audio: AudioTrack | undefined;
  private router: ChunkRouter | undefined;
  private clock: MediaClock | undefined;
  private reportTimer: NodeJS.Timeout | undefined;
  private readonly liveness = new ReceiverLiveness(MAX_SILENCE_MS);
  private readonly network: NetworkControl;
  private channelUp: (() => void) | undefined;
  private closing: Promise<void> | undefined;

  constructor(
    private readonly connection: PeerConnection,
    private readonly offersChannel: boolean,
    private readonly delivery: Delivery & { readonly delivery: DeliveryMode },
    private readonly rate: RateControl,
    private readonly frameTracks: FrameTrackFactory,
    private readonly audioTracks: AudioTrackFactory,
    private readonly routers: ChunkRouterFactory,
  ) {
    this.network = new NetworkControl(connection, rate);
  }

  /** The answer to send to the client. */
  get localSdp(): string {
    return this.connection.localSdp;
  }

  /** What the client may change of its ICE session; undefined for one without BUNDLE. */
  get ice(): IceNegotiation | undefined {
    return this.connection.ice;
  }

  /** Whether the data channel is open. */
  get hasChannel(): boolean {
    return this.channel?.isOpen ?? false;
  }

  /** Bytes of a message that the client takes; undefined while there is no channel. */
  get maxMessageBytes(): number | undefined {
    return this.channel?.maxMessageBytes;
  }

  /** Chunks with pictures routed so far. */
  get videoChunks(): number {
    return this.router?.routedVideoChunks ?? 0;
  }

  get stats(): ViewerStats {
    return {
      videoCodec: this.connection.video?.codec,
      video: this.video?.counts,
      videoFormat: this.video?.format,
      untrackedFrames: this.router?.untrackedFrames ?? 0,
      audio: this.audio?.counts,
      videoBitrate: this.rate.bitrate,
      network: this.network.state,
      videoStream: this.connection.video?.stats,
      audioStream: this.connection.audio?.stats,
    };
  }

  /** Begins to report what the client does. Call once. */
  observe(observer: ViewerObserver): void {
    this.connection.observe({
      connectionStateChanged: (state) => observer.connectionStateChanged(state),
      dataChannelAdded: (channel) => this.acceptChannel(channel, observer),
      trackReceived: (track) => {
        if (observer.takesMedia) this.relays.push(new MediaRelay(track, (input) => observer.mediaReceived(input)));
      },
      feedbackReceived: (feedback) => this.receiveFeedback(feedback),
      packetSent: (packet) => this.network.packetSent(packet),
    });
  }

  /**
   * Starts the media clock: media time 0 is now. Call once, when the client is connected.
   * @param fps frames a second for chunks that say none.
   */
  start(fps: number, observer: ViewerObserver): void {
    if (this.closing !== undefined || this.clock !== undefined) return;
    const nowMs = performance.now();
    const clock = new MediaClock(nowMs, performance.timeOrigin + nowMs);
    this.clock = clock;
    const { video, audio } = this.connection;
    if (video !== undefined) this.video = this.frameTracks.create(video, clock, this.rate, observer);
    if (audio !== undefined) this.audio = this.audioTracks.create(audio, clock);
    this.router = this.routers.create({
      clock,
      delivery: this.delivery.delivery,
      queueMs: this.delivery.queueMs,
      fps,
      video: this.video,
      audio: this.audio,
      chunkRouted: (chunk, rtpTimestamp) => observer.chunkRouted(chunk, rtpTimestamp),
    });
    this.network.start();
    this.reportTimer = setTimeout(() => this.tick(observer), FIRST_REPORT_DELAY_MS);
  }

  /** Hands a chunk on; resolves when there is room for the next. Only after `start()`. Rejects when `signal` aborts. */
  async route(chunk: Chunk, signal: AbortSignal): Promise<void> {
    if (this.router === undefined) throw new Error('the media clock has not started');
    await this.router.route(chunk, signal);
  }

  /** Resolves when all queued media was sent. */
  async drained(): Promise<void> {
    await Promise.all([this.video?.drained(), this.audio?.drained()]);
  }

  /**
   * Sends text on the data channel; false if it was dropped. Media can flow before the channel is open: what is sent until then
   * waits for it.
   */
  send(text: string): boolean {
    if (this.channel?.isOpen === true) return this.channel.send(text);
    if (!this.offersChannel || this.closing !== undefined || this.earlyMessages.length >= MAX_EARLY_MESSAGES) return false;
    this.earlyMessages.push(text);
    return true;
  }

  /** Idempotent. Ends the tracks and relays, lets the last messages leave, then closes the connection. */
  close(): Promise<void> {
    this.closing ??= this.closeOnce();
    return this.closing;
  }

  private async closeOnce(): Promise<void> {
    clearTimeout(this.reportTimer);
    this.network.close();
    // Whatever fails to close, the sockets do.
    await Promise.allSettled([this.video?.close(), this.audio?.close(), ...this.relays.map((relay) => relay.close())]);
    await this.lastWords();
    await this.connection.close();
  }

  /** Resolves when the client has what was sent, or cannot get it any more. */
  private async lastWords(): Promise<void> {
    // A pipeline that crashes at its first frame does so before the channel of a client that has just connected is open.
    if (this.earlyMessages.length > 0 && this.connection.state === 'connected') {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, CHANNEL_GRACE_MS);
        this.channelUp = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
    await this.channel?.flushed(FLUSH_TIMEOUT_MS);
  }

  private acceptChannel(channel: DataChannel, observer: ViewerObserver): void {
    if (channel.label !== CHANNEL_LABEL || this.channel !== undefined) {
      channel.close();
      return;
    }
    this.channel = channel;
    channel.onMessage((message) => observer.messageReceived(message));
    channel.onClose(() => observer.channelClosed());
    channel.onOpen(() => {
      for (const text of this.earlyMessages.splice(0)) channel.send(text);
      this.channelUp?.();
      observer.channelOpened();
    });
  }

  private receiveFeedback(feedback: Feedback): void {
    if (feedback.type === 'keyframe-request') {
      this.video?.requestKeyframe();
      return;
    }
    this.network.feedbackReceived(feedback);
  }

  /** Once a second: sender reports, and a look at whether the receiver still lives. */
  private tick(observer: ViewerObserver): void {
    if (this.closing !== undefined) return;
    const reported = this.sendReports();
    this.prepareAudio();
    const change = this.liveness.observe(this.connection.mediaPacketsSent, this.connection.packetsReceived, performance.now());
    if (change !== undefined && this.connection.state === 'connected') {
      observer.connectionStateChanged(change === 'silent' ? 'disconnected' : 'connected');
    }
    this.reportTimer = setTimeout(() => this.tick(observer), reported ? SENDER_REPORT_INTERVAL_MS : FIRST_REPORT_DELAY_MS);
  }

  /** Fits the sound to the path: what it may take, and what it loses. */
  private prepareAudio(): void {
    const redundant = this.connection.audio?.hasRedundancy ?? false;
    this.audio?.setMaxBitrate(this.network.opusBitrate);
    this.audio?.setExpectedLoss(this.network.state.lossFraction, { redundant });
  }

  /** Returns whether any stream has something to report on. */
  private sendReports(): boolean {
    const { clock } = this;
    if (clock === undefined) return false;
    const mediaMs = clock.mediaMs(performance.now());
    const streams = [
      { outbound: this.connection.video, track: this.video },
      { outbound: this.connection.audio, track: this.audio },
    ];
    let any = false;
    for (const { outbound, track } of streams) {
      if (outbound === undefined || track === undefined || outbound.packetsSent === 0) continue;
      any = true;
      void outbound.sendRtcp(outbound.senderReport(clock.unixMs(mediaMs), track.rtpTimestamp(mediaMs)));
    }
    return any;
  }
}

/** Answers offers: the door of the media module. */
@Injectable()
export class ViewerFactory {
  constructor(
    private readonly configuration: Configuration,
    private readonly frameTracks: FrameTrackFactory,
    private readonly audioTracks: AudioTrackFactory,
    private readonly routers: ChunkRouterFactory,
    private readonly icePaths: IcePaths,
  ) {}

  /**
   * Negotiates a connection for an inspected offer. Throws when the description cannot be taken; nothing is left open then.
   * @param usual delivery of the stream mode, for what neither a chunk nor the service says.
   * @param service what the pipeline's service says of delivery.
   */
  async answer(sdp: string, offer: OfferSummary, usual: DeliveryMode, service: Delivery = {}): Promise<Viewer> {
    const { configuration } = this;
    const playoutDelay = usual === 'latest' ? INTERACTIVE_PLAYOUT_DELAY : configuration.playoutDelayMs;
    const connection = await PeerConnection.answer(sdp, offer, {
      ...this.icePaths.options(),
      videoCodecs: configuration.videoCodecs,
      maxMessageBytes: configuration.maxMessageBytes,
      ...(playoutDelay === undefined ? {} : { playoutDelay }),
    });
    return new Viewer(
      connection,
      offer.dataChannel,
      { delivery: usual, ...service },
      this.frameTracks.rateControl(),
      this.frameTracks,
      this.audioTracks,
      this.routers,
    );
  }
}
