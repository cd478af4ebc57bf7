import {
  RTCPeerConnection,
  RTCRtpHeaderExtensionParameters,
  useAbsSendTime,
  useSdesMid,
  useTransportWideCC,
  type RTCRtpTransceiver,
} from 'werift';
import type { IceNegotiation, OfferSummary } from '../../common/index.js';
import { audioCodecs, videoCodecs, type VideoCodecName } from './codec-preferences.js';
import { onPeerClosed, sendCloseNotify } from './close-notify.js';
import { DataChannel } from './data-channel.js';
import { abandonHandshake } from './dtls-handshake.js';
import { ABS_CAPTURE_TIME_URI, PLAYOUT_DELAY_URI, type PlayoutDelay } from './header-extensions.js';
import { mendIce } from './ice-mends.js';
import { iceConfiguration, type IceOptions } from './ice-options.js';
import { IceSession } from './ice-session.js';
import { announceTcp } from './ice-tcp.js';
import { InboundTrack } from './inbound-track.js';
import { LossMeter } from './loss-meter.js';
import { requireCandidates } from './no-candidate.error.js';
import { withBundledPorts, withUsableVideoCodecs, withSetup } from './offer-filter.js';
import { OutboundRtp } from './outbound-rtp.js';
import { PacedTransport, type SentPacket } from './paced-transport.js';
import { withPermittedCandidates } from './permitted-candidates.js';
import type { ProbeCluster } from './pacer.js';
import { separateRecordNumbers } from './record-numbers.js';
import { MessageReader, readFeedback, type Feedback, type LossFeedback } from './rtcp-feedback.js';
import { tapRtcp } from './rtcp-tap.js';
import { mendSctp } from './sctp-mends.js';
import { mendUdpPorts } from './udp-ports.js';
import { widenReceiveBuffers } from './udp-receive-buffer.js';

/** How long after its own time-out werift's gathering is waited for. */
const GATHER_MARGIN_MS = 250;

export type ConnectionState = 'new' | 'connecting' | 'connected' | 'disconnected' | 'failed' | 'closed';

export interface PeerConnectionOptions extends IceOptions {
  /** The first of them that the client offers is sent. */
  readonly videoCodecs: readonly VideoCodecName[];
  /** Asked of the receiver, where it takes the extension: how long it may hold a picture back. */
  readonly playoutDelay?: PlayoutDelay;
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
  /** A packet with a transport-wide number left; not called where the client does not take those. */
  packetSent(packet: SentPacket): void;
}

/** The one place that makes and ends an `RTCPeerConnection` (W3C WebRTC section 4.4). Owns its senders, channels and sockets. */
export class PeerConnection {
  private observer: PeerConnectionObserver | undefined;
  private closing: Promise<void> | undefined;
  private videoSender: OutboundRtp | undefined;
  private audioSender: OutboundRtp | undefined;
  private iceSession: IceSession | undefined;
  private readonly unclaimed: ((observer: PeerConnectionObserver) => void)[] = [];
  private readonly loss = new LossMeter();
  private hearsArrivals = false;
  private readonly transport = new PacedTransport((packet) => this.observer?.packetSent(packet));

  private constructor(private readonly connection: RTCPeerConnection) {}

  /**
   * Answers an offer: the first section of each kind on which the client wants to receive is sent on, every section on which it sends is
   * received. Resolves once candidates are gathered (or the wait for them is over). Throws what werift throws on a description it cannot
   * take, and NoCandidateError; nothing is left open then.
   */
  static async answer(sdp: string, offer: OfferSummary, options: PeerConnectionOptions): Promise<PeerConnection> {
    const connection = new PeerConnection(createConnection(options));
    try {
      await connection.negotiate(sdp, offer, options);
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

  /** Undefined for a client without BUNDLE. */
  get ice(): IceNegotiation | undefined {
    return this.iceSession;
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

  /** Bits a second at which packets may leave. */
  setPacing(pacingBitrate: number): void {
    this.transport.setPace(pacingBitrate);
  }

  /**
   * Sends at least `bytes` at `bitrate`, whatever the pace is: what waits, then packets that the client has had already or padding, on the
   * retransmission stream. False where that is not possible: not connected, no such stream, or another probe under way.
   */
  sendProbe(probe: ProbeCluster): boolean {
    const { videoSender } = this;
    return videoSender?.canPad === true && this.transport.probe(probe, () => videoSender.padding());
  }

  /** Milliseconds until a packet of video that is sent now leaves: what waits before it, at the pace. */
  get queuedMs(): number {
    return this.transport.queuedMs;
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
    this.transport.close();
    this.iceSession?.close();
    for (const transport of this.connection.dtlsTransports) {
      abandonHandshake(transport);
      await sendCloseNotify(transport);
    }
    await this.connection.close();
  }

  private async negotiate(sdp: string, offer: OfferSummary, options: PeerConnectionOptions): Promise<void> {
    const { connection } = this;
    connection.connectionStateChange.subscribe((state) => this.report((observer) => observer.connectionStateChanged(state)));
    connection.onDataChannel.subscribe((channel) => {
      const wrapped = new DataChannel(channel);
      this.report((observer) => observer.dataChannelAdded(wrapped));
    });
    const incoming: RTCRtpTransceiver[] = [];
    connection.onRemoteTransceiverAdded.subscribe((transceiver) => incoming.push(transceiver));

    const permitted = withPermittedCandidates(sdp, options.permits);
    const readable = withBundledPorts(withSetup(withUsableVideoCodecs(permitted, offer), offer));
    await connection.setRemoteDescription({ type: 'offer', sdp: readable });
    for (const transport of connection.iceTransports) {
      mendIce(transport, options);
      announceTcp(transport, options);
    }
    const sending = chooseSendingSections(offer);
    for (const transceiver of incoming) this.setDirection(transceiver, offer, sending);
    // As DTLS server we choose the SRTP profile, and take AES-GCM: one pass where the browsers' first choice is a cipher and an HMAC. A
    // client that only waits for the handshake (RFC 8842 section 5.3) leaves us no choice.
    const role = offer.dtlsSetup === 'passive' ? 'client' : 'server';
    for (const transport of connection.dtlsTransports) transport.role = role;
    await this.gather(connection.setLocalDescription(await connection.createAnswer()), options.iceGatherTimeoutMs);
    requireCandidates(connection, options);
    // Where werift's reading of the offer differs from ours: an answer to nothing would leave the client waiting.
    if (!/^m=/mu.test(this.localSdp)) throw new Error('the answer has no media section: the offer could not be read.');

    const accepted = incoming.filter(({ rejected, stopped, sender }) => !rejected && !stopped && sender.codec !== undefined);
    const sent = accepted.filter(({ mid }) => mid !== null && sending.has(mid));
    for (const transceiver of sent) {
      const outbound = new OutboundRtp(transceiver, this.transport, {
        cname: connection.cname,
        // The numbers count what one path carries: a client without BUNDLE has another for its audio.
        transportWide: transceiver.dtlsTransport === sent[0]?.dtlsTransport,
        ...(options.playoutDelay === undefined ? {} : { playoutDelay: options.playoutDelay }),
        onRefused: (stream) => this.tell({ type: 'keyframe-request', stream, reason: 'refused' }),
      });
      if (transceiver.kind === 'video') this.videoSender = outbound;
      else this.audioSender = outbound;
    }
    if (this.videoSender === undefined && this.audioSender === undefined && !offer.dataChannel) {
      throw new Error(`the offer has no codec that this server can send: it sends ${options.videoCodecs.join(', ')} and Opus.`);
    }
    this.watchTransports();
    this.iceSession = IceSession.of(connection, {
      permits: options.permits,
      remoteCandidates: offer.iceCandidates,
      onLost: () => this.report((observer) => observer.connectionStateChanged('disconnected')),
    });
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
      const messages = new MessageReader();
      tapRtcp(transport, (element) => this.receive(messages.read(element, this.streams)));
      transport.onRtcp.subscribe((packet) => {
        // The clock of the sender reports: a step of the system's clock must not look like a round trip.
        this.receive(readFeedback(packet, this.streams, performance.timeOrigin + performance.now()));
      });
      // werift's connection state does not follow a DTLS transport that failed or ended.
      transport.onStateChange.subscribe((state) => {
        if (state === 'failed' || state === 'closed') this.report((observer) => observer.connectionStateChanged(state));
      });
      separateRecordNumbers(transport);
      widenReceiveBuffers(transport);
      onPeerClosed(transport, () => this.report((observer) => observer.connectionStateChanged('closed')));
    }
    if (this.connection.sctp !== null) mendSctp(this.connection.sctp);
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

  private get streams(): OutboundRtp[] {
    return [this.videoSender, this.audioSender].filter((stream) => stream !== undefined);
  }

  private receive(feedback: readonly (Feedback | LossFeedback)[]): void {
    for (const one of feedback) {
      if (one.type === 'loss') one.stream.retransmit(one.sequenceNumbers);
      else this.tell(one);
    }
  }

  /** Lets the streams take their part of a feedback, and reports it. */
  private tell(feedback: Feedback): void {
    switch (feedback.type) {
      case 'keyframe-request':
        feedback.stream.keyframeRequested(feedback.reason);
        break;
      case 'arrivals':
        this.hearsArrivals = true;
        this.observeLoss(this.loss.arrived(feedback.arrivals));
        break;
      case 'report': {
        const { fractionLost, roundTripMs } = feedback.report;
        if (roundTripMs !== undefined) for (const stream of this.streams) stream.setRoundTrip(roundTripMs);
        // Chromium reports on audio every five seconds only; what it says of packets in between comes sooner, where it does.
        if (!this.hearsArrivals) this.observeLoss(fractionLost);
        break;
      }
      case 'estimate':
        break;
    }
    this.observer?.feedbackReceived(feedback);
  }

  private observeLoss(fraction: number | undefined): void {
    if (fraction !== undefined) for (const stream of this.streams) stream.lossObserved(fraction);
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
  mendUdpPorts();
  return new RTCPeerConnection({
    ...iceConfiguration(options),
    bundlePolicy: 'max-bundle',
    maxMessageSize: options.maxMessageBytes,
    codecs: { video: videoCodecs(options.videoCodecs), audio: audioCodecs() },
    // Only what the client offers is answered. Who knows no transport-wide numbers sends REMB, for which it needs the send time.
    headerExtensions: {
      video: [
        useSdesMid(),
        useAbsSendTime(),
        useTransportWideCC(),
        extension(ABS_CAPTURE_TIME_URI),
        extension(PLAYOUT_DELAY_URI),
      ],
      audio: [useSdesMid(), useTransportWideCC(), extension(ABS_CAPTURE_TIME_URI)],
    },
  });
}

function extension(uri: string): RTCRtpHeaderExtensionParameters {
  return new RTCRtpHeaderExtensionParameters({ uri });
}
