import { CongestionController, type NetworkState } from './congestion/index.js';
import type { RateControl } from './rate-control.js';
import type { Feedback, PeerConnection, SentPacket } from './webrtc/index.js';

/** How often the controller looks at the time: probes and missing feedback are a matter of tens of milliseconds. */
const TICK_MS = 25;
/** Over how long the traffic beside the pictures is measured. */
const MEASURE_MS = 1000;
/** What a datagram holds beside its RTP payload: header, extensions, SRTP tag. */
const PACKET_OVERHEAD_BYTES = 44;
/** Share of the path that Opus itself may have; its packets' headers and copies come on top. */
const OPUS_SHARE = 0.2;

/** What of a connection the network control needs. */
export type PacedConnection = Pick<PeerConnection, 'audio' | 'video' | 'setPacing' | 'sendProbe'>;

/**
 * Keeps what one viewer is sent within what its network takes: tells the congestion controller what left and what arrived, and the pacer and
 * the encoder what follows from it. Owns its timer.
 */
export class NetworkControl {
  private readonly controller: CongestionController;
  private timer: NodeJS.Timeout | undefined;
  private audioBitrate: number | undefined;
  private repairBitrate = 0;
  private measured: ({ readonly atMs: number } & Traffic) | undefined;

  constructor(
    private readonly connection: PacedConnection,
    private readonly rate: RateControl,
  ) {
    this.controller = new CongestionController(rate.networkLimits, performance.now());
    this.controller.setWanted(rate.networkLimits.maxBitrate);
    if (connection.audio === undefined) this.audioBitrate = 0;
    this.apply();
  }

  get state(): NetworkState {
    return this.controller.state;
  }

  /** Bits a second that Opus may take. */
  get opusBitrate(): number {
    return this.controller.state.targetBitrate * OPUS_SHARE;
  }

  /** Call once, when media begins to flow. */
  start(): void {
    this.timer ??= setInterval(() => this.tick(), TICK_MS);
  }

  close(): void {
    clearInterval(this.timer);
  }

  packetSent(packet: SentPacket): void {
    this.controller.packetSent(packet);
  }

  feedbackReceived(feedback: Exclude<Feedback, { type: 'keyframe-request' }>): void {
    const nowMs = performance.now();
    switch (feedback.type) {
      case 'arrivals':
        this.controller.arrivalsReported(feedback.arrivals, nowMs);
        break;
      case 'estimate':
        this.controller.receiverEstimated(feedback.bitrate, nowMs);
        break;
      case 'report':
        // One stream's reports are enough, and the one with the most packets says most.
        if (feedback.stream !== (this.connection.video ?? this.connection.audio)) return;
        this.controller.lossReported(feedback.report.fractionLost, feedback.report.roundTripMs, nowMs);
        break;
    }
    this.apply();
  }

  private tick(): void {
    const nowMs = performance.now();
    this.measure(nowMs);
    this.controller.tick(nowMs);
    this.apply();
    const probe = this.controller.takeProbe(nowMs);
    if (probe !== undefined) this.connection.sendProbe(probe);
  }

  private apply(): void {
    const { targetBitrate, pacingBitrate } = this.controller.state;
    this.connection.setPacing(pacingBitrate);
    this.rate.follow(targetBitrate, { audioBitrate: this.audioBitrate, repairBitrate: this.repairBitrate });
  }

  /** What sound and repairs took lately. */
  private measure(nowMs: number): void {
    const last = this.measured;
    if (last !== undefined && nowMs - last.atMs < MEASURE_MS) return;
    const traffic = trafficBesidePictures(this.connection);
    this.measured = { atMs: nowMs, ...traffic };
    if (last === undefined) return;
    const bitrate = (bytes: number): number => (bytes * 8000) / (nowMs - last.atMs);
    this.repairBitrate = bitrate(traffic.repairBytes - last.repairBytes);
    // A pause of the sound is no reason to take its place: it comes back without asking.
    if (traffic.audioBytes > last.audioBytes) this.audioBitrate = bitrate(traffic.audioBytes - last.audioBytes);
  }
}

/** Whole datagrams, in bytes since the beginning. */
interface Traffic {
  readonly audioBytes: number;
  readonly repairBytes: number;
}

function trafficBesidePictures({ audio, video }: PacedConnection): Traffic {
  const [sound, pictures] = [audio?.stats, video?.stats];
  return {
    audioBytes: sound === undefined ? 0 : sound.bytes + sound.packets * PACKET_OVERHEAD_BYTES,
    repairBytes: pictures === undefined ? 0 : pictures.retransmittedBytes + pictures.retransmittedPackets * PACKET_OVERHEAD_BYTES,
  };
}
