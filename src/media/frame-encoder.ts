import type { Picture } from '../common/index.js';
import {
  PictureDecoder,
  scaledSize,
  softwareEncoder,
  VideoEncoder,
  type DecodedPicture,
  type EncodedVideo,
  type EncoderImplementation,
  type EncoderProfile,
  type H264Profile,
  type PictureSize,
  type VideoCodec,
} from './codec/index.js';
import { QUANTISER_RANGES, VideoAdaptation } from './video-adaptation.js';
import type { VideoEncoders } from './video-encoders.js';

/** An encoder that cannot follow is opened again, which costs a key frame: for a fall of this share at once, … */
const REOPEN_PLUNGE = 0.4;
/** …of this one when it has been open for a second, … */
const REOPEN_FALL = 0.15;
const REOPEN_FALL_AFTER_MS = 1000;
/** …and for a rise of this one when it has been open for longer. What is too much until then, the pacer's queue makes pictures wait for. */
const REOPEN_RISE = 0.3;
const REOPEN_RISE_AFTER_MS = 3000;
/** Changes of pace smaller than this share are jitter, not a new frame rate. */
const FPS_TOLERANCE = 0.1;

export interface FrameEncoderOptions {
  readonly codec: VideoCodec;
  readonly profile: EncoderProfile;
  readonly h264Profile: H264Profile;
  /** 0: the picture is renewed only on request. */
  readonly intraRefreshSeconds: number;
}

/** What is sent of the pictures. */
export interface VideoFormat extends PictureSize {
  /** Pictures a second. */
  readonly fps: number;
  /** FFmpeg's name of the encoder. */
  readonly encoder: string;
}

interface OpenEncoder {
  readonly encoder: VideoEncoder;
  readonly implementation: EncoderImplementation;
  readonly size: PictureSize;
  readonly openedAtMs: number;
  bitrate: number;
  fps: number;
}

/**
 * The codecs of one outgoing video: decodes a picture, makes it as large as the network allows, and encodes it with an encoder that follows the
 * bitrate, the pace and the size, and falls back to software. Owns them, and the last picture. Not reentrant: its owner makes one call at a time.
 */
export class FrameEncoder {
  private readonly decoder = new PictureDecoder();
  private readonly adaptation: VideoAdaptation;
  private open: OpenEncoder | undefined;
  private held: DecodedPicture | undefined;
  /** Of the pictures, before anything is left out. */
  private fps = 0;

  constructor(
    private readonly options: FrameEncoderOptions,
    private readonly rate: { readonly bitrate: number },
    private readonly encoders: VideoEncoders,
  ) {
    this.adaptation = new VideoAdaptation(QUANTISER_RANGES[options.codec]);
  }

  /** One picture of so many is to be shown, at the pace that they come at now. */
  frameRateDivisor(frameMs: number, nowMs: number): number {
    if (this.held === undefined) return 1;
    return this.adaptation.plan({ ...this.held.source, fps: 1000 / frameMs }, this.rate.bitrate, nowMs).frameRateDivisor;
  }

  /** What is sent now; undefined before the first picture. */
  get format(): VideoFormat | undefined {
    if (this.open === undefined) return undefined;
    const { size, implementation, fps } = this.open;
    return { ...size, fps, encoder: implementation.name };
  }

  /** Decodes a picture and holds it for `encode`. Rejects with UndecodablePictureError or CodecError; the one held before stays then. */
  async decode(picture: Picture, frameMs: number): Promise<void> {
    this.fps = 1000 / frameMs;
    const decoded = await this.decoder.decode(picture, (source) => {
      const { scale } = this.adaptation.plan({ ...source, fps: this.fps }, this.rate.bitrate, performance.now());
      return scale === 1 ? source : scaledSize(source, scale);
    });
    this.held?.release();
    this.held = decoded;
  }

  /**
   * Encodes the picture that is held; undefined when there is none, or the encoder left it out. Rejects with CodecError; the encoder is then
   * closed, and the next call begins with a key frame.
   */
  async encode(keyframe: boolean, timestampMs: number): Promise<EncodedVideo | undefined> {
    const { held } = this;
    if (held === undefined) return undefined;
    const nowMs = performance.now();
    const implementation = this.open?.implementation ?? this.encoders.implementationFor(this.options.codec, nowMs, held);
    try {
      return await this.encodeWith(implementation, held, keyframe, timestampMs);
    } catch (error) {
      this.closeEncoder();
      if (!this.encoders.failed(implementation, error, nowMs)) throw error;
    }
    // What hardware refused, software can still do: the picture is not lost.
    try {
      return await this.encodeWith(softwareEncoder(this.options.codec), held, keyframe, timestampMs);
    } catch (error) {
      this.closeEncoder();
      throw error;
    }
  }

  /** Idempotent; only when no call is in flight. */
  close(): void {
    this.held?.release();
    this.held = undefined;
    this.closeEncoder();
    this.decoder.close();
  }

  private async encodeWith(
    implementation: EncoderImplementation,
    picture: DecodedPicture,
    keyframe: boolean,
    timestampMs: number,
  ): Promise<EncodedVideo | undefined> {
    const nowMs = performance.now();
    const { frameRateDivisor } = this.adaptation.plan({ ...picture.source, fps: this.fps }, this.rate.bitrate, nowMs);
    const fps = this.fps / frameRateDivisor;
    const followed = this.open !== undefined && this.follow(this.open, picture, fps, nowMs) ? this.open : undefined;
    const { encoder } = followed ?? (await this.reopen(implementation, picture, fps, nowMs));
    const encoded = await encoder.encode(picture, { keyframe, timestampMs });
    if (encoded === undefined) return undefined;
    this.adaptation.pictureEncoded({ ...encoded, bytes: encoded.data.length }, nowMs);
    return encoded;
  }

  private async reopen(
    implementation: EncoderImplementation,
    { width, height }: PictureSize,
    fps: number,
    nowMs: number,
  ): Promise<OpenEncoder> {
    this.closeEncoder();
    const { bitrate } = this.rate;
    const encoder = await VideoEncoder.open({ ...this.options, implementation, width, height, fps, bitrate });
    this.open = { encoder, implementation, size: { width, height }, openedAtMs: nowMs, bitrate, fps };
    return this.open;
  }

  /** Sets an open encoder to the present rate; false if that takes a new one. */
  private follow(open: OpenEncoder, { width, height }: PictureSize, fps: number, nowMs: number): boolean {
    if (open.size.width !== width || open.size.height !== height) return false;
    const { bitrate } = this.rate;
    // Encoders divide their bits among the frame rate they were told, so a change of pace is a change of rate.
    const sameFps = Math.abs(fps - open.fps) < open.fps * FPS_TOLERANCE;
    if (open.bitrate === bitrate && sameFps) return true;
    if (open.encoder.setBitrate(bitrate, fps)) {
      open.bitrate = bitrate;
      open.fps = fps;
      return true;
    }
    const paceShare = open.implementation.keepsTime ? 1 : open.fps / fps;
    const share = (bitrate / open.bitrate) * paceShare;
    const ageMs = nowMs - open.openedAtMs;
    if (share < 1) return share > 1 - (ageMs < REOPEN_FALL_AFTER_MS ? REOPEN_PLUNGE : REOPEN_FALL);
    return share < 1 + REOPEN_RISE || ageMs < REOPEN_RISE_AFTER_MS;
  }

  private closeEncoder(): void {
    this.open?.encoder.close();
    this.open = undefined;
  }
}
