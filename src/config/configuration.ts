import { AuthConfiguration } from './auth.configuration.js';
import { DrainConfiguration } from './drain.configuration.js';
import { HttpConfiguration } from './http.configuration.js';
import { IceConfiguration } from './ice.configuration.js';
import { ImageConfiguration } from './image.configuration.js';
import { ManagementConfiguration } from './management.configuration.js';
import { TracingConfiguration } from './tracing.configuration.js';
import {
  ChoiceVariable,
  FlagVariable,
  IntegerVariable,
  ListVariable,
  NumberVariable,
  PreferenceVariable,
  RangeVariable,
  Section,
  TextVariable,
} from './variable.decorators.js';

/** How much a pipeline is trusted, from least to most. */
export const SECURITY_LEVELS = ['strict', 'standard', 'permissive'] as const;
export type SecurityLevel = (typeof SECURITY_LEVELS)[number];

/** Least important line that is logged. */
export const LOG_LEVELS = ['debug', 'info', 'warn', 'error'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** Shape of a log line. */
export const LOG_FORMATS = ['text', 'json'] as const;
export type LogFormat = (typeof LOG_FORMATS)[number];

/** Video codecs that can be sent. */
export const VIDEO_CODECS = ['H264', 'VP8', 'VP9', 'AV1'] as const;
export type ConfiguredVideoCodec = (typeof VIDEO_CODECS)[number];

/** How much work a video encoder does for each bit it saves. */
export const ENCODER_PROFILES = ['latency', 'balanced', 'quality'] as const;
export type EncoderProfileName = (typeof ENCODER_PROFILES)[number];

/** Whether encoders in hardware are used where they work. */
export const HARDWARE_ENCODERS = ['auto', 'off'] as const;
export type HardwareEncoderChoice = (typeof HARDWARE_ENCODERS)[number];

/** Both ends of a range of milliseconds. */
export interface MillisecondRange {
  readonly minMs: number;
  readonly maxMs: number;
}

/** What the playout-delay header extension can say: twelve bits of ten milliseconds. */
const MAX_PLAYOUT_DELAY_MS = 40_950;

const ORIGIN = /^https?:\/\/[^\s/?#@]{1,255}$/u;
const HOST = /^[\p{L}\p{N}._:%-]+$/u;
const VARIABLE_NAME = /^[A-Za-z_][A-Za-z0-9_]{0,127}$/u;
const ONE_DAY_SECONDS = 86_400;

/**
 * Every setting of the server, with its default. An instance is valid and complete: `loadConfiguration` makes it, and Nest injects it.
 * One property is one environment variable; what `.env.example` and `docs/configuration.md` say is generated from here.
 */
export class Configuration {
  @TextVariable('TELEFUSER_HOST', {
    description: 'Address or name the HTTP server listens on; 0.0.0.0 is every IPv4 interface.',
    maxLength: 255,
    allowed: 'an IP address or a host name',
    test: (text) => HOST.test(text),
  })
  readonly host: string = '0.0.0.0';

  @IntegerVariable('TELEFUSER_PORT', { description: 'TCP port of the HTTP server; 0 takes any free one.', min: 0, max: 65_535 })
  readonly port: number = 8088;

  @ChoiceVariable('TELEFUSER_SECURITY_LEVEL', {
    description: 'How much the pipeline file is trusted.',
    choices: SECURITY_LEVELS,
  })
  readonly securityLevel: SecurityLevel = 'strict';

  @IntegerVariable('TELEFUSER_WEBRTC_MAX_SESSIONS', {
    description: 'Sessions that may be open at once; the next offer is answered with 503.',
    min: 1,
    max: 100,
  })
  readonly maxSessions: number = 10;

  @PreferenceVariable('TELEFUSER_WEBRTC_VIDEO_CODEC', {
    description:
      'Video codecs in the order in which they are tried; the first that the viewer offers is used. A single name goes before H264 and VP8, a list is exact.',
    choices: VIDEO_CODECS,
    fallbacks: ['H264', 'VP8'],
    aliases: { 'h.264': 'H264' },
  })
  readonly videoCodecs: readonly ConfiguredVideoCodec[] = ['H264', 'VP8'];

  @IntegerVariable('TELEFUSER_WEBRTC_VIDEO_BITRATE', {
    description: 'Most bits a second that one video track may use: a ceiling, the network decides below it.',
    min: 100_000,
    max: 50_000_000,
  })
  readonly maxVideoBitrate: number = 4_000_000;

  @IntegerVariable('TELEFUSER_WEBRTC_START_BITRATE', {
    description: 'Bits a second that a video track starts with, until the network is known; never more than the ceiling.',
    min: 100_000,
    max: 50_000_000,
  })
  readonly startVideoBitrate: number = 1_000_000;

  @ChoiceVariable('TELEFUSER_WEBRTC_ENCODER_PROFILE', {
    description:
      'How much work the video encoder does: latency is the least, quality the most for each bit; balanced lies between.',
    choices: ENCODER_PROFILES,
  })
  readonly encoderProfile: EncoderProfileName = 'latency';

  @ChoiceVariable('TELEFUSER_WEBRTC_HARDWARE_ENCODER', {
    description: 'Whether a hardware encoder (NVENC, VA-API) is used where one works; off is always software.',
    choices: HARDWARE_ENCODERS,
  })
  readonly hardwareEncoder: HardwareEncoderChoice = 'auto';

  @NumberVariable('TELEFUSER_WEBRTC_INTRA_REFRESH_SECONDS', {
    description:
      'Seconds in which a video track renews its whole picture without being asked, by moving refresh in H.264 and by key frames else; 0 is only on request.',
    min: 0,
    max: 600,
  })
  readonly intraRefreshSeconds: number = 0;

  @RangeVariable('TELEFUSER_WEBRTC_PLAYOUT_DELAY_MS', {
    description:
      'Milliseconds that a server-push viewer is asked to delay its playout; unset, the viewer decides. Bidirectional sessions always ask for 0.',
    min: 0,
    max: MAX_PLAYOUT_DELAY_MS,
  })
  readonly playoutDelayMs?: MillisecondRange;

  @NumberVariable('TELEFUSER_WEBRTC_VIDEO_BUFFER_SECONDS', {
    description: 'Seconds of media that a server-push session may hold queued before its pipeline waits.',
    min: 0.1,
    max: 60,
  })
  readonly videoBufferSeconds: number = 1;

  @NumberVariable('TELEFUSER_WEBRTC_DATA_CHANNEL_TIMEOUT_SECONDS', {
    description: 'Seconds that a bidirectional session waits for its data channel to open before it is closed.',
    min: 0.1,
    max: 300,
  })
  readonly dataChannelTimeoutSeconds: number = 10;

  @NumberVariable('TELEFUSER_WEBRTC_DISCONNECTED_GRACE_SECONDS', {
    description: 'Seconds that a disconnected viewer may take to come back before its session is closed.',
    min: 0,
    max: 300,
  })
  readonly disconnectedGraceSeconds: number = 5;

  @NumberVariable('TELEFUSER_WEBRTC_CONNECT_TIMEOUT_SECONDS', {
    description: 'Seconds from the answer until ICE and DTLS must be connected.',
    min: 1,
    max: 300,
  })
  readonly connectTimeoutSeconds: number = 15;

  @NumberVariable('TELEFUSER_WEBRTC_DONE_GRACE_SECONDS', {
    description: 'Seconds that a session stays open after its last frame was sent, so that the viewer can play it out.',
    min: 0,
    max: 60,
  })
  readonly doneGraceSeconds: number = 1;

  @ListVariable('TELEFUSER_CORS_ORIGINS', {
    description: 'Origins whose pages may call the API; ["*"] is any, [] is none but the server itself.',
    maxItems: 64,
    allowed: 'origins such as "https://example.com", or "*"',
    test: (origin) => origin === '*' || ORIGIN.test(origin),
  })
  readonly corsOrigins: readonly string[] = ['*'];

  @IntegerVariable('TELEFUSER_MAX_BODY_BYTES', {
    description: 'Longest request body, in bytes.',
    min: 65_536,
    max: 33_554_432,
  })
  readonly maxBodyBytes: number = 16_777_216;

  @IntegerVariable('TELEFUSER_MAX_SDP_BYTES', { description: 'Longest SDP offer, in bytes.', min: 4_096, max: 1_048_576 })
  readonly maxSdpBytes: number = 65_536;

  @IntegerVariable('TELEFUSER_MAX_ICE_CANDIDATES', { description: 'Most ICE candidates in one offer.', min: 1, max: 1_024 })
  readonly maxIceCandidates: number = 64;

  @IntegerVariable('TELEFUSER_MAX_JSON_DEPTH', {
    description: 'Deepest nesting of a request body or a data-channel message.',
    min: 4,
    max: 256,
  })
  readonly maxJsonDepth: number = 32;

  @IntegerVariable('TELEFUSER_MAX_MESSAGE_BYTES', {
    description: 'Longest message on the data channel, in bytes.',
    min: 1_024,
    max: 16_777_216,
  })
  readonly maxMessageBytes: number = 262_144;

  @NumberVariable('TELEFUSER_PIPELINE_START_TIMEOUT_SECONDS', {
    description: "Seconds that the pipeline's start() may take, model loading included.",
    min: 0.1,
    max: ONE_DAY_SECONDS,
  })
  readonly pipelineStartTimeoutSeconds: number = 600;

  @NumberVariable('TELEFUSER_PIPELINE_CALL_TIMEOUT_SECONDS', {
    description: 'Seconds that one call into the pipeline, such as createSession(), may take.',
    min: 0.1,
    max: 3_600,
  })
  readonly pipelineCallTimeoutSeconds: number = 30;

  @NumberVariable('TELEFUSER_PIPELINE_CLOSE_TIMEOUT_SECONDS', {
    description: 'Seconds that the pipeline may take to close one session, or to stop, before it is left behind or killed.',
    min: 0.1,
    max: 600,
  })
  readonly pipelineCloseTimeoutSeconds: number = 10;

  @IntegerVariable('TELEFUSER_PIPELINE_WORKERS', {
    description: 'Processes the pipeline runs in, each with a service of its own; a session goes to the one with the fewest.',
    min: 1,
    max: 64,
  })
  readonly pipelineWorkers: number = 1;

  @TextVariable('TELEFUSER_PYTHON', {
    description:
      'Python interpreter for Python pipelines; without it the .venv of the working directory (at the level permissive first the one beside the pipeline), else python3.',
    maxLength: 4096,
    allowed: 'the path or the name of a program',
    test: () => true,
  })
  readonly python?: string;

  @ListVariable('TELEFUSER_PIPELINE_ENV', {
    description: "Environment variables that the pipeline gets; at the level permissive it gets all but the server's own.",
    maxItems: 64,
    allowed: 'names that do not begin with TELEFUSER_',
    test: (name) => VARIABLE_NAME.test(name) && !name.startsWith('TELEFUSER_'),
  })
  readonly pipelineEnvironment: readonly string[] = [];

  @ListVariable('TELEFUSER_PIPELINE_ASSETS', {
    description: "Files and folders outside the pipeline's own that it may read, such as its weights.",
    maxItems: 64,
    allowed: 'paths',
    test: (path) => path.length > 0 && path.length <= 4096 && !path.includes('\0'),
  })
  readonly pipelineAssets: readonly string[] = [];

  @IntegerVariable('TELEFUSER_PIPELINE_MEMORY_LIMIT_MIB', {
    description:
      'MiB of memory that one process of the pipeline may use before it is ended; 0 is three quarters of what the machine or container has, divided by the workers.',
    min: 0,
    max: 16_777_216,
  })
  readonly pipelineMemoryLimitMib: number = 0;

  @NumberVariable('TELEFUSER_PIPELINE_HANG_TIMEOUT_SECONDS', {
    description:
      "Seconds that the pipeline's process may leave a heartbeat unanswered before it is taken to hang and is restarted.",
    min: 1,
    max: 3_600,
  })
  readonly pipelineHangTimeoutSeconds: number = 10;

  @IntegerVariable('TELEFUSER_PIPELINE_MAX_FAILURES', {
    description: 'Times in a row that a process of the pipeline may end or fail to start before it is given up.',
    min: 1,
    max: 1_000,
  })
  readonly pipelineMaxFailures: number = 5;

  @NumberVariable('TELEFUSER_PIPELINE_RESTART_DELAY_SECONDS', {
    description:
      'Seconds until a process of the pipeline that ended is started again; doubles with each further failure, up to 30.',
    min: 0.05,
    max: 30,
  })
  readonly pipelineRestartDelaySeconds: number = 0.5;

  @FlagVariable('TELEFUSER_EXIT_ON_START_FAILURE', {
    description: 'Exit when the pipeline cannot be started; otherwise stay up and answer 503 with the reason.',
  })
  readonly exitOnStartFailure: boolean = true;

  @ChoiceVariable('TELEFUSER_LOG_LEVEL', {
    description: 'Least important lines that are logged; debug also prints stacks.',
    choices: LOG_LEVELS,
    aliases: { warning: 'warn', critical: 'error' },
  })
  readonly logLevel: LogLevel = 'info';

  @ChoiceVariable('TELEFUSER_LOG_FORMAT', { description: 'Shape of a log line.', choices: LOG_FORMATS })
  readonly logFormat: LogFormat = 'text';

  @Section(IceConfiguration)
  readonly ice: IceConfiguration = new IceConfiguration();

  @Section(DrainConfiguration)
  readonly drain: DrainConfiguration = new DrainConfiguration();

  @Section(ManagementConfiguration)
  readonly management: ManagementConfiguration = new ManagementConfiguration();

  @Section(AuthConfiguration)
  readonly auth: AuthConfiguration = new AuthConfiguration();

  @Section(HttpConfiguration)
  readonly http: HttpConfiguration = new HttpConfiguration();

  @Section(ImageConfiguration)
  readonly images: ImageConfiguration = new ImageConfiguration();

  @Section(TracingConfiguration)
  readonly tracing: TracingConfiguration = new TracingConfiguration();
}
