import { Logger, type OnModuleInit } from '@nestjs/common';
import { Configuration } from '../config/index.js';
import {
  ENCODER_IMPLEMENTATIONS,
  probeEncoder,
  softwareEncoder,
  type EncoderImplementation,
  type PictureSize,
  type VideoCodec,
} from './codec/index.js';

/** How long a hardware encoder may take to open and encode its first picture. */
const PROBE_TIMEOUT_MS = 5000;
/** Hardware that failed is left alone for so long, doubled each time: it may have had no room for one more session, or be broken. */
const REST_MS = 60_000;
const MAX_REST_MS = 3_600_000;

/** Shorter sides are left to software: the smallest picture of a hardware encoder is up to 145 pixels wide. */
const MIN_HARDWARE_SIDE = 160;

/** Tries an encoder. Must not reject. */
export type EncoderProbe = (implementation: EncoderImplementation) => Promise<boolean>;

/**
 * Which encoder is used for each codec: hardware where it proved to work, else software. Hardware is tried one encoder after the other when the
 * server starts, in the background; until then, and for a while after it failed a session, it is software.
 */
export class VideoEncoders implements OnModuleInit {
  private readonly logger = new Logger(VideoEncoders.name);
  private readonly working = new Map<VideoCodec, EncoderImplementation>();
  private readonly resting = new Map<string, { readonly untilMs: number; readonly restMs: number }>();
  private probing: Promise<void> | undefined;

  /** @param codecs those that are configured; the others have no use for an encoder. */
  constructor(
    private readonly codecs: readonly VideoCodec[],
    private readonly hardware: 'auto' | 'off',
    private readonly probe: EncoderProbe = (implementation) => probeEncoder(implementation, PROBE_TIMEOUT_MS),
  ) {}

  /** Nest's hook: begins to try the hardware. */
  onModuleInit(): void {
    void this.probed();
  }

  /** Resolves when the hardware was tried, which begins with the first call. */
  probed(): Promise<void> {
    this.probing ??= this.probeAll();
    return this.probing;
  }

  /**
   * The one that an encoder for the codec is to be opened with.
   * @param nowMs of `performance.now()`.
   * @param size of the pictures; absent: any that is usual.
   */
  implementationFor(codec: VideoCodec, nowMs: number, size?: PictureSize): EncoderImplementation {
    const working = this.working.get(codec);
    const isTiny = size !== undefined && Math.min(size.width, size.height) < MIN_HARDWARE_SIDE;
    if (working === undefined || isTiny) return softwareEncoder(codec);
    const rests = nowMs < (this.resting.get(working.name)?.untilMs ?? -Infinity);
    return rests ? softwareEncoder(codec) : working;
  }

  /** Names of the encoders that the next session gets, by codec. */
  names(nowMs: number): Readonly<Partial<Record<VideoCodec, string>>> {
    return Object.fromEntries(this.codecs.map((codec) => [codec, this.implementationFor(codec, nowMs).name]));
  }

  /**
   * Says that an encoder could not be opened or failed later. Returns whether there is another one to go on with: false for software, whose
   * failure is of the picture.
   */
  failed({ codec, name, kind }: EncoderImplementation, error: unknown, nowMs: number): boolean {
    if (kind === 'software') return false;
    const earlier = this.resting.get(name);
    // Of several sessions that it fails at once, the first counts, and says so once.
    if (earlier !== undefined && nowMs < earlier.untilMs) return true;
    const restMs = earlier === undefined ? REST_MS : Math.min(earlier.restMs * 2, MAX_REST_MS);
    this.resting.set(name, { untilMs: nowMs + restMs, restMs });
    if (earlier === undefined) {
      const reason = error instanceof Error ? error.message : String(error);
      this.logger.warn(`The encoder ${name} failed; ${codec} is encoded by ${softwareEncoder(codec).name} for now: ${reason}`);
    }
    return true;
  }

  private async probeAll(): Promise<void> {
    if (this.hardware === 'off') return;
    for (const codec of this.codecs) {
      const candidates = ENCODER_IMPLEMENTATIONS.filter((one) => one.codec === codec && one.kind !== 'software');
      for (const candidate of candidates) {
        if (!(await this.probe(candidate))) continue;
        this.working.set(codec, candidate);
        this.logger.log(`${codec} is encoded in hardware, by ${candidate.name}.`);
        break;
      }
    }
  }
}

/** The encoders of the configured codecs. For a module's providers. */
export const VIDEO_ENCODERS_PROVIDER = {
  provide: VideoEncoders,
  useFactory: ({ videoCodecs, hardwareEncoder }: Configuration): VideoEncoders => new VideoEncoders(videoCodecs, hardwareEncoder),
  inject: [Configuration],
};
