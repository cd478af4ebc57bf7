/** What `stats` tells: one interval of a session, as the browser and the server see it. */

/** A delay, milliseconds, of those that were measured in the interval. */
export interface Delay {
  readonly count: number;
  readonly medianMs: number;
  readonly p95Ms: number;
  readonly maxMs: number;
}

export interface ReceivedVideo {
  /** Pictures decoded a second. */
  readonly fps: number;
  /** Bits a second, without headers. */
  readonly bitrate: number;
  readonly width: number;
  readonly height: number;
  /** For example `video/H264`. */
  readonly codec: string | undefined;
  readonly decoder: string | undefined;
  /** Share of the packets that was lost in the interval, 0–1. */
  readonly lossFraction: number;
  readonly jitterMs: number;
  /** How long a picture waited between its arrival and its decoding, on average. */
  readonly jitterBufferMs: number;
  /** Decoding of a picture, on average. */
  readonly decodeMs: number;
  /** Pictures that were decoded too late, or for nobody. */
  readonly framesDropped: number;
  /** Times that the picture stood still in the interval (webrtc-stats, `freezeCount`), and for how long. */
  readonly freezes: number;
  readonly freezeMs: number;
  readonly keyframes: number;
  /** Repeated packets, keyframe requests and negative acknowledgements of the interval. */
  readonly retransmittedPackets: number;
  readonly plis: number;
  readonly nacks: number;
  /** Pictures decoded since the session of the server began. */
  readonly totalFrames: number;
}

export interface ReceivedAudio {
  /** Bits a second, without headers. */
  readonly bitrate: number;
  readonly codec: string | undefined;
  readonly lossFraction: number;
  readonly jitterMs: number;
  readonly jitterBufferMs: number;
  /** Share of the sound that was made up for what did not come, 0–1. */
  readonly concealedFraction: number;
  /** Loudness, 0–1. */
  readonly level: number;
}

/** Camera or microphone. */
export interface SentMedia {
  readonly bitrate: number;
  readonly codec: string | undefined;
  /** Pictures a second; 0 for a microphone. */
  readonly fps: number;
  readonly retransmittedPackets: number;
}

/** The way that media takes. */
export interface NetworkPath {
  /** Candidate types: `host`, `srflx`, `prflx`, `relay`. */
  readonly local: string;
  readonly remote: string;
  readonly protocol: string;
  /** How the TURN server is reached: `udp`, `tcp`, `tls`; undefined without one. */
  readonly relayProtocol: string | undefined;
}

export interface ControlStats {
  /** Since the session began. */
  readonly sent: number;
  readonly applied: number;
  readonly shown: number;
  /** Of the interval: from sending a control to the word that a chunk reflects it, and to the picture on the screen. */
  readonly toApplied: Delay | undefined;
  readonly toShown: Delay | undefined;
}

/** How long one stage took since the session began (`latency` of the server's account). */
export interface StageLatency {
  readonly count: number;
  readonly p50_ms: number | null;
  readonly p95_ms: number | null;
  readonly p99_ms: number | null;
  readonly max_ms: number | null;
}

/** The stages from a control to the picture that shows it. A newer server may know more. */
export type LatencyStage =
  | 'control_to_push'
  | 'push_to_yield'
  | 'yield_to_encode'
  | 'encode'
  | 'encode_to_send'
  | 'send_to_shown'
  | 'control_to_sent'
  | 'control_to_shown'
  | 'yield_to_sent';

/** The server's account of the session (`GET /v1/stream/sessions/{id}/stats`), as far as this library names it. */
export interface ServerStats {
  readonly state: string;
  readonly age_seconds: number;
  /** Pictures by their fate: generated = sent + queued + all that were dropped. */
  readonly frames: {
    readonly generated: number;
    readonly sent: number;
    readonly queued: number;
    readonly dropped: Readonly<Record<string, number>>;
  };
  readonly video?: {
    readonly codec: string;
    readonly target_bitrate: number;
    readonly width?: number;
    readonly height?: number;
    readonly fps?: number;
    readonly encoder?: string;
  };
  readonly network: {
    readonly target_bitrate: number;
    /** What the network is thought to take, bits a second. */
    readonly estimate: number | null;
    readonly round_trip_ms: number | null;
    readonly loss_fraction: number;
    readonly usage: string;
  };
  readonly latency: Readonly<Partial<Record<LatencyStage, StageLatency>>>;
}

export interface StreamStats {
  /** When it was taken, milliseconds since 1970. */
  readonly atUnixMs: number;
  readonly intervalMs: number;
  readonly sessionId: string;
  /** Undefined until pictures come. */
  readonly video: ReceivedVideo | undefined;
  readonly audio: ReceivedAudio | undefined;
  readonly camera: SentMedia | undefined;
  readonly microphone: SentMedia | undefined;
  /** Milliseconds; undefined until it was measured. */
  readonly roundTripMs: number | undefined;
  readonly path: NetworkPath | undefined;
  readonly controls: ControlStats;
  /** Undefined where it is not asked for, or the server did not answer in time. */
  readonly server: ServerStats | undefined;
}
