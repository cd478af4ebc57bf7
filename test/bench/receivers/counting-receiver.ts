import {
  RTCPeerConnection,
  RTCRtpCodecParameters,
  useAbsSendTime,
  useNACK,
  usePLI,
  useREMB,
  useSdesMid,
  useTransportWideCC,
  useTWCC,
  type RtpPacket,
} from 'werift';
import { sendCloseNotify } from '#server/media/webrtc/close-notify.js';
import type { ApiClient } from '../../support/api-client.ts';
import { waitFor, within } from '../../support/condition.ts';

/** What a receiver got, from its start. */
export interface Counts {
  /** Video frames of which the last packet came. */
  readonly frames: number;
  /** When the last packet of the newest came, `performance.now()`. */
  readonly lastFrameAtMs: number;
  readonly videoPackets: number;
  readonly audioPackets: number;
  readonly bytes: number;
}

/** A viewer that decodes nothing: it answers as a browser does, counts what comes, and drops it. */
export class CountingReceiver {
  private readonly connection = new RTCPeerConnection({
    iceServers: [],
    iceUseIpv6: false,
    bundlePolicy: 'max-bundle',
    codecs: { video: [H264], audio: [OPUS] },
    headerExtensions: {
      video: [useSdesMid(), useAbsSendTime(), useTransportWideCC()],
      audio: [useSdesMid(), useTransportWideCC()],
    },
  });
  private frames = 0;
  private videoPackets = 0;
  private audioPackets = 0;
  private bytes = 0;
  private lastTimestamp: number | undefined;
  private lastFrameAtMs = Number.NaN;

  private constructor() {
    for (const kind of ['video', 'audio'] as const) {
      this.connection.addTransceiver(kind, { direction: 'recvonly' }).onTrack.subscribe((track) => {
        track.onReceiveRtp.subscribe((packet) => (kind === 'video' ? this.countVideo(packet) : this.countAudio(packet)));
      });
    }
  }

  static async connect(api: ApiClient): Promise<CountingReceiver> {
    const receiver = new CountingReceiver();
    const { connection } = receiver;
    await connection.setLocalDescription(await connection.createOffer());
    const { status, body } = await api.open({ sdp: connection.localDescription?.sdp ?? '', task: 'bench', loop: true });
    if (!('sdp' in body)) throw new Error(`the offer was answered ${status}: ${JSON.stringify(body)}`);
    await connection.setRemoteDescription({ type: 'answer', sdp: body.sdp });
    await waitFor('pictures', () => receiver.frames > 0, 15_000);
    return receiver;
  }

  get counts(): Counts {
    const { frames, lastFrameAtMs, videoPackets, audioPackets, bytes } = this;
    return { frames, lastFrameAtMs, videoPackets, audioPackets, bytes };
  }

  async close(): Promise<void> {
    for (const transport of this.connection.dtlsTransports) await sendCloseNotify(transport);
    await within('the receiver to close', this.connection.close(), 10_000);
  }

  /** A marker ends a frame (RFC 6184 section 5.1); a retransmission must not end it twice, padding ends none. */
  private countVideo({ header, payload }: RtpPacket): void {
    this.videoPackets += 1;
    this.bytes += payload.length;
    if (!header.marker || payload.length === 0 || header.timestamp === this.lastTimestamp) return;
    this.lastTimestamp = header.timestamp;
    this.lastFrameAtMs = performance.now();
    this.frames += 1;
  }

  private countAudio({ payload }: RtpPacket): void {
    this.audioPackets += 1;
    this.bytes += payload.length;
  }
}

const OPUS = new RTCRtpCodecParameters({
  mimeType: 'audio/opus',
  clockRate: 48_000,
  channels: 2,
  payloadType: 111,
  rtcpFeedback: [useTWCC()],
});
const H264 = new RTCRtpCodecParameters({
  mimeType: 'video/H264',
  clockRate: 90_000,
  payloadType: 102,
  rtcpFeedback: [useNACK(), usePLI(), useREMB(), useTWCC()],
  parameters: 'level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f',
});
