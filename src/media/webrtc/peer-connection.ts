import {
  RTCPeerConnection,
  RTCRtpCodecParameters,
  useAbsSendTime,
  useFIR,
  useNACK,
  usePLI,
  useREMB,
  useSdesMid,
  type RTCRtpTransceiver,
  type RtcpPacket,
} from 'werift';
import type { OfferSummary } from '../../common/index.js';
import { onPeerClosed, sendCloseNotify } from './close-notify.js';
import { DataChannel } from './data-channel.js';
import { abandonHandshake } from './dtls-handshake.js';
import { InboundTrack } from './inbound-track.js';
import { withBundledPorts, withoutUnusableH264, withSetup } from './offer-filter.js';
import { OutboundRtp } from './outbound-rtp.js';
import { separateRecordNumbers } from './record-numbers.js';
import { readFeedback, type Feedback } from './rtcp-feedback.js';
import { containSctpErrors } from './sctp-errors.js';

/** How long after its own time-out werift's gathering is waited for. */
const GATHER_MARGIN_MS = 250;

export type ConnectionState = 'new' | 'connecting' | 'connected' | 'disconnected' | 'failed' | 'closed';

export interface IceServer {
  readonly urls: string;
  readonly username?: string;
  readonly credential?: string;
}

export interface PeerConnectionOptions {
  readonly iceServers: readonly IceServer[];
  /** Bound on waiting for server-reflexive and relayed candidates before the answer goes out. */
  readonly iceGatherTimeoutMs: number;
  /** IP addresses announced as host candidates beside the interfaces' own. */
  readonly hostAddresses: readonly string[];
  /** Tried first; the other one is the fallback. */
  readonly videoCodec: 'H264' | 'VP8';
  /** Bytes of one data-channel message we accept (`a=max-message-size`, RFC 8841 section 6). */
  readonly maxMessageBytes: number;
}

/** Told of what happens on a connection. Calls come on the event loop, never from within `answer()`. Must not throw. */
export interface PeerConnectionObserver {
  connectionStateChanged(state: ConnectionState): void;
  /** The client made a channel; it may not be open yet. */
  dataChannelAdded(channel: DataChannel): void;
  trackReceived(track: InboundTrack): void;
  feedbackReceived(feedback: Feedback): void;
}

/** The one place that makes and ends an `RTCPeerConnection` (W3C WebRTC section 4.4). Owns its senders, channels and sockets. */
export class PeerConnection {
  private observer: PeerConnectionObserver | undefined;
  private closing: Promise<void> | undefined;
  private videoSender: OutboundRtp | undefined;
  private audioSender: OutboundRtp | undefined;
  private readonly unclaimed: ((observer: PeerConnectionObserver) => void)[] = [];

  private constructor(private readonly connection: RTCPeerConnection) {}

  /**
   * Answers an offer: the first section of each kind on which the client wants to receive is sent on, every section on which it sends is
   * received. Resolves once candidates are gathered (or the wait for them is over). Throws what werift throws on a description it cannot
   * take; nothing is left open then.
   */
  static async answer(sdp: string, offer: OfferSummary, options: PeerConnectionOptions): Promise<PeerConnection> {
    const connection = new PeerConnection(createConnection(options));
    try {
      await connection.negotiate(sdp, offer, options.iceGatherTimeoutMs);
      return connection;
    } catch (error) {
      await connection.close();
      throw error;
    }
  }

  /** The answer, with every candidate inline. */
  get localSdp(): string {
    return this.connection.localDescription?.sdp ?? '';
  }

  get state(): ConnectionState {
    return this.connection.connectionState;
  }

  /** Undefined when the client takes no video, or none of our codecs. */
  get video(): OutboundRtp | undefined {
    return this.videoSender;
  }

  get audio(): OutboundRtp | undefined {
    return this.audioSender;
  }

  /** RTP packets sent on both streams. */
  get mediaPacketsSent(): number {
    return (this.videoSender?.packetsSent ?? 0) + (this.audioSender?.packetsSent ?? 0);
  }

  /** DTLS, RTP and RTCP packets received. */
  get packetsReceived(): number {
    return this.connection.dtlsTransports.reduce((sum, transport) => sum + transport.packetsReceived, 0);
  }

  /** Begins to report to `observer`, starting with what happened since `answer()`. */
  observe(observer: PeerConnectionObserver): void {
    this.observer = observer;
    for (const report of this.unclaimed.splice(0)) report(observer);
  }

  /** Idempotent; resolves when the sockets are closed. The client is told by a DTLS close_notify, so it need not wait for a timeout. */
  close(): Promise<void> {
    this.closing ??= this.closeOnce();
    return this.closing;
  }

  private async closeOnce(): Promise<void> {
    this.observer = undefined;
    for (const transport of this.connection.dtlsTransports) {
      abandonHandshake(transport);
      await sendCloseNotify(transport);
    }
    await this.connection.close();
  }

  private async negotiate(sdp: string, offer: OfferSummary, iceGatherTimeoutMs: number): Promise<void> {
    const { connection } = this;
    connection.connectionStateChange.subscribe((state) => this.report((observer) => observer.connectionStateChanged(state)));
    connection.onDataChannel.subscribe((channel) => {
      const wrapped = new DataChannel(channel);
      this.report((observer) => observer.dataChannelAdded(wrapped));
    });
    const incoming: RTCRtpTransceiver[] = [];
    connection.onRemoteTransceiverAdded.subscribe((transceiver) => incoming.push(transceiver));

    const readable = withBundledPorts(withSetup(withoutUnusableH264(sdp, offer), offer));
    await connection.setRemoteDescription({ type: 'offer', sdp: readable });
    const sending = chooseSendingSections(offer);
    for (const transceiver of incoming) this.setDirection(transceiver, offer, sending);
    // As DTLS server we choose the SRTP profile, and take AES-GCM: one pass where the browsers' first choice is a cipher and an HMAC. A
    // client that only waits for the handshake (RFC 8842 section 5.3) leaves us no choice.
    const role = offer.dtlsSetup === 'passive' ? 'client' : 'server';
    for (const transport of connection.dtlsTransports) transport.role = role;
    await this.gather(connection.setLocalDescription(await connection.createAnswer()), iceGatherTimeoutMs);
    // Where werift's reading of the offer differs from ours: an answer to nothing would leave the client waiting.
    if (!/^m=/mu.test(this.localSdp)) throw new Error('the answer has no media section: the offer could not be read.');

    const accepted = incoming.filter(({ rejected, stopped, sender }) => !rejected && !stopped && sender.codec !== undefined);
    for (const transceiver of accepted.filter(({ mid }) => mid !== null && sending.has(mid))) {
      const outbound = new OutboundRtp(transceiver, connection.cname);
      if (transceiver.kind === 'video') this.videoSender = outbound;
      else this.audioSender = outbound;
    }
    if (this.videoSender === undefined && this.audioSender === undefined && !offer.dataChannel) {
      throw new Error('the offer has no codec that this server can send: it sends H264 and VP8, and Opus.');
    }
    this.watchTransports();
  }

  private setDirection(transceiver: RTCRtpTransceiver, offer: OfferSummary, sending: ReadonlySet<string>): void {
    const section = offer.media.find((media) => media.mid === transceiver.mid);
    const sends = section !== undefined && sending.has(section.mid);
    const receives = section?.direction === 'sendonly' || section?.direction === 'sendrecv';
    if (sends) transceiver.setDirection(receives ? 'sendrecv' : 'sendonly');
    else transceiver.setDirection(receives ? 'recvonly' : 'inactive');
    if (!receives) return;
    const track = new InboundTrack(transceiver.receiver.track, transceiver);
    this.report((observer) => observer.trackReceived(track));
  }

  private watchTransports(): void {
    const { connection } = this;
    for (const transport of connection.dtlsTransports) {
      transport.onRtcp.subscribe((packet) => this.receiveRtcp(packet));
      // werift's connection state does not follow a DTLS handshake that failed.
      transport.onStateChange.subscribe((state) => {
        if (state === 'failed') this.report((observer) => observer.connectionStateChanged('failed'));
      });
      separateRecordNumbers(transport);
      onPeerClosed(transport, () => this.report((observer) => observer.connectionStateChanged('closed')));
    }
    if (this.connection.sctp !== null) containSctpErrors(this.connection.sctp);
  }

  /** Waits for gathering at most `timeoutMs`: what is known by then goes into the answer. A failure of the description itself is thrown. */
  private async gather(settingLocal: Promise<unknown>, timeoutMs: number): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const timeout = new Promise<void>((resolve) => {
      // werift keeps to the same bound; this one holds if it does not.
      timer = setTimeout(resolve, timeoutMs + GATHER_MARGIN_MS);
    });
    try {
      await Promise.race([settingLocal, timeout]);
    } finally {
      clearTimeout(timer);
    }
    settingLocal.catch(() => undefined);
  }

  private receiveRtcp(packet: RtcpPacket): void {
    // The clock of the sender reports: a step of the system's clock must not look like a round trip.
    const nowUnixMs = performance.timeOrigin + performance.now();
    const streams = [this.videoSender, this.audioSender].filter((stream) => stream !== undefined);
    for (const feedback of readFeedback(packet, streams, nowUnixMs)) {
      if (feedback.type === 'loss') feedback.stream.retransmit(feedback.sequenceNumbers);
      else this.observer?.feedbackReceived(feedback);
    }
  }

  private report(event: (observer: PeerConnectionObserver) => void): void {
    if (this.closing !== undefined) return;
    if (this.observer === undefined) this.unclaimed.push(event);
    else event(this.observer);
  }
}

/** The mids on which we send: for each kind the first section that the client can receive on. */
function chooseSendingSections(offer: OfferSummary): Set<string> {
  const chosen = new Set<string>();
  for (const kind of ['video', 'audio'] as const) {
    const section = offer.media.find(
      (media) => media.kind === kind && (media.direction === 'recvonly' || media.direction === 'sendrecv'),
    );
    if (section !== undefined) chosen.add(section.mid);
  }
  return chosen;
}

function createConnection(options: PeerConnectionOptions): RTCPeerConnection {
  const timeoutSeconds = options.iceGatherTimeoutMs / 1000;
  return new RTCPeerConnection({
    iceServers: options.iceServers.map((server) => ({ ...server })),
    iceAdditionalHostAddresses: [...options.hostAddresses],
    iceStunGatherTimeout: timeoutSeconds,
    iceTurnConnectTimeout: timeoutSeconds,
    bundlePolicy: 'max-bundle',
    maxMessageSize: options.maxMessageBytes,
    codecs: { video: videoCodecs(options.videoCodec), audio: [opus()] },
    // Without transport-wide sequence numbers Chromium sends REMB, which is what the rate control follows today.
    headerExtensions: { video: [useSdesMid(), useAbsSendTime()], audio: [useSdesMid()] },
  });
}

function videoCodecs(first: 'H264' | 'VP8'): RTCRtpCodecParameters[] {
  const rtcpFeedback = [useNACK(), usePLI(), useFIR(), useREMB()];
  const h264 = withRtx(
    96,
    new RTCRtpCodecParameters({
      mimeType: 'video/H264',
      clockRate: 90_000,
      payloadType: 96,
      rtcpFeedback,
      parameters: 'profile-level-id=42e01f;packetization-mode=1;level-asymmetry-allowed=1',
    }),
  );
  const vp8 = withRtx(98, new RTCRtpCodecParameters({ mimeType: 'video/VP8', clockRate: 90_000, payloadType: 98, rtcpFeedback }));
  return first === 'H264' ? [...h264, ...vp8] : [...vp8, ...h264];
}

/** A codec and its retransmission stream (RFC 4588 section 8). */
function withRtx(payloadType: number, codec: RTCRtpCodecParameters): RTCRtpCodecParameters[] {
  const rtx = new RTCRtpCodecParameters({
    mimeType: 'video/rtx',
    clockRate: 90_000,
    payloadType: payloadType + 1,
    parameters: `apt=${payloadType}`,
  });
  return [codec, rtx];
}

function opus(): RTCRtpCodecParameters {
  return new RTCRtpCodecParameters({
    mimeType: 'audio/opus',
    clockRate: 48_000,
    channels: 2,
    payloadType: 111,
    parameters: 'minptime=10;useinbandfec=1;stereo=1;sprop-stereo=1',
  });
}
