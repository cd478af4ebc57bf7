import {
  RTCPeerConnection,
  useAbsSendTime,
  useSdesMid,
  useTransportWideCC,
  type RTCDataChannel,
  type RTCRtpCodecParameters,
} from 'werift';
import { onPeerClosed, sendCloseNotify } from './close-notify.js';
import { audioCodecs, videoCodecs, type VideoCodecName } from './codec-preferences.js';
import { abandonHandshake, hurryHandshake } from './dtls-handshake.js';
import { mendIce } from './ice-mends.js';
import type { IceServer } from './ice-options.js';
import type { ConnectionState } from './peer-connection.js';
import { separateRecordNumbers } from './record-numbers.js';
import { ReceivedMedia, type ReceivedMediaObserver } from './received-media.js';
import { mendSctp } from './sctp-mends.js';
import { widenReceiveBuffers } from './udp-receive-buffer.js';

export interface ReceivingOptions {
  /** Offered in this order; the sender chooses. */
  readonly videoCodecs: readonly VideoCodecName[];
  readonly iceServers: readonly IceServer[];
  readonly iceTransportPolicy: 'all' | 'relay';
  /** Bound on waiting for the candidates of STUN and TURN servers before the offer goes out. */
  readonly iceGatherTimeoutMs: number;
  /** Label of the data channel. */
  readonly channel: string;
  /** Whether packets are put together to frames; who only counts saves it. */
  readonly assembles: boolean;
}

/** Told of what happens. Calls come on the event loop. Must not throw. */
export interface ReceivingObserver extends ReceivedMediaObserver {
  connectionStateChanged(state: ConnectionState): void;
  channelOpened(): void;
  /** A text message of the data channel. */
  messageReceived(text: string): void;
}

/**
 * The viewer's end of a connection, without a decoder: it offers one section of video, one of audio and a data channel, and reports what comes.
 * Lost video packets are asked for (NACK, RFC 4585) and taken from the retransmission stream (RFC 4588), and what arrives is acknowledged by
 * transport-wide feedback, so that the sender's congestion control sees a browser's like. Owns its sockets.
 */
export class ReceivingConnection {
  private readonly media: ReceivedMedia[];
  private readonly channel: RTCDataChannel;
  private closing: Promise<void> | undefined;

  private constructor(
    private readonly connection: RTCPeerConnection,
    { channel, assembles }: ReceivingOptions,
    private readonly observer: ReceivingObserver,
  ) {
    this.channel = connection.createDataChannel(channel);
    this.channel.stateChanged.subscribe((state) => {
      if (state === 'open') this.report(() => observer.channelOpened());
    });
    this.channel.onMessage.subscribe((message) => {
      if (typeof message === 'string') this.report(() => observer.messageReceived(message));
    });
    this.media = (['video', 'audio'] as const).map(
      (kind) => new ReceivedMedia(connection.addTransceiver(kind, { direction: 'recvonly' }), assembles, observer),
    );
    connection.connectionStateChange.subscribe((state) => this.stateChanged(state));
  }

  /** Makes an offer, with candidates; nothing is sent to the peer yet. The caller closes it. */
  static async offer(options: ReceivingOptions, observer: ReceivingObserver): Promise<ReceivingConnection> {
    const receiving = new ReceivingConnection(createConnection(options), options, observer);
    try {
      await receiving.prepare(options);
      return receiving;
    } catch (error) {
      await receiving.close();
      throw error;
    }
  }

  /** The offer, with every candidate inline. */
  get localSdp(): string {
    return this.connection.localDescription?.sdp ?? '';
  }

  /** Of what the peer sends, by its answer. */
  get codecs(): readonly string[] {
    return this.media.map(({ codec }) => codec).filter((codec) => codec !== undefined);
  }

  /** Takes the peer's answer, and begins to connect. Throws what werift throws on one that it cannot take. */
  async accept(answerSdp: string): Promise<void> {
    const { connection } = this;
    await connection.setRemoteDescription({ type: 'answer', sdp: answerSdp });
    if (connection.sctp !== null) mendSctp(connection.sctp);
  }

  /** Sends text; false where the channel is not open. */
  send(text: string): boolean {
    if (this.channel.readyState !== 'open') return false;
    try {
      this.channel.send(text);
      return true;
    } catch {
      return false;
    }
  }

  /** Idempotent; tells the peer, and resolves when the sockets are closed. */
  close(): Promise<void> {
    this.closing ??= this.closeOnce();
    return this.closing;
  }

  private async closeOnce(): Promise<void> {
    for (const transport of this.connection.dtlsTransports) {
      abandonHandshake(transport);
      await sendCloseNotify(transport);
    }
    await this.connection.close();
  }

  private async prepare(options: ReceivingOptions): Promise<void> {
    const { connection } = this;
    const offer = await connection.createOffer();
    for (const transport of connection.iceTransports) mendIce(transport, { iceServers: options.iceServers, permits: () => true });
    await connection.setLocalDescription(offer);
    for (const transport of connection.dtlsTransports) {
      // werift's connection state does not follow a DTLS transport that failed or ended.
      transport.onStateChange.subscribe((state) => {
        if (state === 'failed' || state === 'closed') this.stateChanged(state);
      });
      hurryHandshake(transport);
      separateRecordNumbers(transport);
      widenReceiveBuffers(transport);
      onPeerClosed(transport, () => this.stateChanged('closed'));
    }
  }

  private stateChanged(state: ConnectionState): void {
    this.report(() => this.observer.connectionStateChanged(state));
  }

  private report(event: () => void): void {
    if (this.closing === undefined) event();
  }
}

function createConnection(options: ReceivingOptions): RTCPeerConnection {
  const timeoutSeconds = options.iceGatherTimeoutMs / 1000;
  return new RTCPeerConnection({
    iceServers: options.iceServers.map(({ urls, ...credentials }) => ({ urls: [...urls], ...credentials })),
    iceTransportPolicy: options.iceTransportPolicy,
    iceStunGatherTimeout: timeoutSeconds,
    iceTurnConnectTimeout: timeoutSeconds,
    bundlePolicy: 'max-bundle',
    codecs: { video: videoCodecs(options.videoCodecs), audio: opusOnly() },
    headerExtensions: {
      video: [useSdesMid(), useAbsSendTime(), useTransportWideCC()],
      audio: [useSdesMid(), useTransportWideCC()],
    },
  });
}

/** Without RED: werift's reader of it gives packets that were lost no place in the order. */
function opusOnly(): RTCRtpCodecParameters[] {
  return audioCodecs().filter(({ mimeType }) => mimeType === 'audio/opus');
}
