/**
 * What the author of a pipeline writes against, exported as `telefuser-stream/pipeline`. Types only: a pipeline imports them with
 * `import type`, so nothing of the server is needed where the pipeline runs.
 *
 * A pipeline is a file (`.ts`, `.mts`, `.js`, `.mjs`) or a folder that exports `getService`. It runs in a child process of its own.
 * The contract is section 2 of the design; the Python names are the same in snake_case.
 */

/** A method may answer at once or later. */
export type Awaitable<T> = T | Promise<T>;

/** What may be yielded from: an async generator, a generator, an array, a stream. */
export type ChunkSource = AsyncIterable<PipelineChunk> | Iterable<PipelineChunk>;

/** Any JSON value. */
export type JsonValue = string | number | boolean | null | readonly JsonValue[] | { readonly [key: string]: JsonValue };

/**
 * What `serve` gets: the body of the offer without `sdp` and `type`, that is the fields the contract names and any further field the
 * client sent. A field that was sent as null is left out.
 */
export interface ServeRequest {
  readonly task?: string;
  readonly session_id?: string;
  /** The session's id again, under the name that pipelines of the original server read. The server sets it. */
  readonly task_id?: string;
  readonly prompt?: string;
  /** Frames a second the client asked for. */
  readonly fps?: number;
  /**
   * The picture to begin with, if the client sent one: a data URL of a JPEG, PNG or WebP file that the server has decoded once and, where its EXIF
   * data asked for that, turned upright. Anything else that a client calls `image` is handed on as it came.
   */
  readonly image?: unknown;
  /** The offer's `config` as it was sent, empty when it was not. */
  readonly config?: Readonly<Record<string, unknown>>;
  readonly [field: string]: unknown;
}

/**
 * What `createSession` gets: one flat object. The members of the offer's `config`, over them the offer's other fields without `sdp` and
 * `type` (one that was sent as null is left out), over them `session_id`. There is no `config` and no `task_id` of the server's making.
 * Where an offer leaves out a field that the contract names, a member of `config` takes its place, unchecked.
 */
export interface SessionConfig {
  /** The session's id, the client's or a new one. */
  readonly session_id: string;
  readonly task?: unknown;
  readonly prompt?: unknown;
  /** Frames a second the client asked for. */
  readonly fps?: unknown;
  /** See {@link ServeRequest.image}. */
  readonly image?: unknown;
  readonly [field: string]: unknown;
}

/** A raw picture. `data` holds packed rows: width × height × 1.5 bytes (I420), × 3 (RGB24) or × 4 (RGBA, alpha is ignored). */
export interface PipelineFrame {
  /** `I420` is limited-range BT.601 with chroma planes rounded up; the RGB layouts are full-range sRGB. */
  readonly format: 'I420' | 'RGB24' | 'RGBA';
  /** Pixels, 1–4096. */
  readonly width: number;
  /** Pixels, 1–4096. */
  readonly height: number;
  readonly data: Uint8Array | Uint8ClampedArray;
}

/** The media keys of a chunk. They never reach the client's data channel. */
export interface ChunkMedia {
  /** Raw pictures, or JPEG (PNG, WebP) bytes. Cheaper than `frames_b64`, and used instead of it when not empty. At most 1024. */
  readonly frames?: readonly (PipelineFrame | Uint8Array)[];
  /** Base64 JPEG (PNG, WebP) pictures. At most 1024. */
  readonly frames_b64?: readonly string[];
  /** Interleaved signed 16-bit little-endian PCM. Used instead of `audio_b64` when not empty. */
  readonly audio?: Int16Array | Uint8Array;
  /** The same as base64. */
  readonly audio_b64?: string;
  /** Hz, 8000–96000. Default 48000. */
  readonly audio_sample_rate?: number;
  /** 1 or 2. Default 1. */
  readonly audio_channels?: number;
}

/**
 * What a pipeline yields: some frames, perhaps audio, and metadata. Every field is optional, and any further field is metadata that
 * the client gets on its data channel; a value that JSON cannot hold becomes a string.
 *
 * When the top level has no frames, a nested `data` object is looked into for the media keys.
 *
 * Buffers belong to the pipeline: they are read before the generator is resumed, so a buffer may be filled anew for the next chunk.
 * A chunk that breaks a rule is reported and skipped; the generator goes on.
 */
export interface PipelineChunk extends ChunkMedia {
  readonly type?: string;
  /** The pipeline's own counter. */
  readonly index?: number;
  /** Pace of this chunk's frames, frames a second, 1–240. Wins over the session's. */
  readonly fps?: number;
  readonly num_frames?: number;
  /** For example `832x480`. */
  readonly resolution?: string;
  readonly prompt?: string;
  /** Seconds since 1970. */
  readonly timestamp?: number;
  /**
   * What happens to this chunk when it comes faster than it plays. `lossless`: it waits its turn, and the generator waits at its `yield`
   * while more than `queue_ms` of media is queued. `latest`: the oldest queued media goes and is counted, and the generator does not wait
   * (one that never waits by itself is held to four times the pace at which its chunks play).
   * Wins over the service's {@link ServiceLifecycle.delivery}. Never reaches the client.
   */
  readonly delivery?: 'lossless' | 'latest';
  /** Milliseconds of media that may be queued, 0–60000. Wins over the service's {@link ServiceLifecycle.queueMs}. Never reaches the client. */
  readonly queue_ms?: number;
  /**
   * Ids of the control messages that this chunk is the first to reflect: a list of ids, or of objects that have an `id`, such as the messages
   * themselves. The client finds them beside the chunk's metadata, and the server's latencies begin with them. Unknown ids are ignored.
   *
   * A pipeline that never says so is taken to reflect a message in the first chunk that it begins after `pushChunk` has returned. One that names
   * ids does so in every chunk that has any: from the first list on (an empty one will do) nothing is assumed any more. A list of nothing but
   * ids is not metadata; one that holds anything else stays there as well.
   */
  readonly applied_controls?: readonly unknown[];
  /** The same. */
  readonly appliedControls?: readonly unknown[];
  /**
   * The same ids for a pipeline that tells its client something else under `applied_controls`, such as the keys that a chunk was made with: beside this
   * field that one is metadata, whatever is in it. Never reaches the client by this name.
   */
  readonly applied_control_ids?: readonly unknown[];
  /** The same. */
  readonly appliedControlIds?: readonly unknown[];
  readonly data?: unknown;
  readonly [field: string]: unknown;
}

/** A key pressed or released on the client's page. Further fields are the client's. */
export interface ControlMessage {
  readonly type: 'control';
  /** For example `ArrowUp`. */
  readonly key?: string;
  readonly action?: 'press' | 'release' | (string & {});
  /**
   * By which the client wants to find out which chunk reflects the message first: 1–128 characters, or a whole number. Any message that is an
   * object may have one; see {@link PipelineChunk.applied_controls}.
   */
  readonly id?: string | number;
  readonly [field: string]: unknown;
}

/** Pictures of the client's camera, full-range RGB. */
export interface VideoMediaMessage {
  readonly type: 'media';
  readonly video_frames: readonly {
    readonly format: 'RGB24';
    readonly width: number;
    readonly height: number;
    readonly data: Uint8Array;
  }[];
}

/** Sound of the client's microphone: interleaved signed 16-bit little-endian PCM. */
export interface AudioMediaMessage {
  readonly type: 'media';
  readonly audio_pcm: Uint8Array;
  /** Hz. */
  readonly sample_rate: number;
  readonly channels: number;
}

export type MediaMessage = VideoMediaMessage | AudioMediaMessage;

/** What reaches `pushChunk`: what the client sent (any JSON value, or bytes of a binary message), or its camera and microphone. */
export type PipelineMessage = ControlMessage | MediaMessage | JsonValue | Uint8Array;

/**
 * What a service says of itself to whoever shows it to people: `GET /v1/service/metadata` has it. Every member is optional. A member that is
 * not what is said here stops the start; one that is not known is reported and ignored.
 */
export interface ServiceAbout {
  /** Its name as people read it, at most 100 characters. */
  readonly name?: string;
  /** A few sentences, at most 2000 characters. */
  readonly description?: string;
  /** The prompt that a form shows first, at most 10,000 characters. */
  readonly defaultPrompt?: string;
  /**
   * The controls that it understands, at most 16 words: `arrows`, `wasd`, `ijkl`, or words of your own (`a`–`z`, digits, `-` and `_`, at most 32
   * characters). A client offers those that it knows. Left out: not known, so a client offers all; empty: none.
   */
  readonly controls?: readonly string[];
  /** What it makes use of besides: `prompt`, `image`, `camera`, `microphone`, or words of your own; as for `controls`. */
  readonly inputs?: readonly string[];
  /** What may be sent as `task`, at most 16 texts of 1–64 characters; any other is handed to it all the same. */
  readonly tasks?: readonly string[];
}

/**
 * A JSON Schema (a subset of 2020-12, docs/pipeline-host.md lists it) of the `config` of an offer. Clients make a form of it, and the server refuses
 * an offer whose `config` breaks it (422) before the pipeline hears of it. A default is for the form: the server fills nothing in.
 */
export type ConfigSchema = Readonly<Record<string, unknown>>;

/**
 * Says how far the start has got; whoever asks the server about its health sees it. Costs nothing, so call it as often as you like.
 *
 * @param fraction 0–1; undefined where it is not known
 * @param message what is being done, a sentence of at most 200 characters, for example `Loading the text encoder`
 */
export type ReportProgress = (fraction: number | undefined, message?: string) => void;

/** What both kinds of service may have. */
export interface ServiceLifecycle {
  readonly about?: ServiceAbout | undefined;
  readonly configSchema?: ConfigSchema | undefined;
  /** Frames a second where neither the chunk nor the request says. Default 24. */
  readonly defaultFps?: number | undefined;
  /** Sessions that one process of this pipeline takes at once, 1–1000. Default: as many as the server. */
  readonly maxSessions?: number | undefined;
  /** For chunks that do not say; see {@link PipelineChunk.delivery}. Default `lossless` in server push, `latest` in bidirectional mode. */
  readonly delivery?: 'lossless' | 'latest' | undefined;
  /**
   * Milliseconds of media that may be queued, 0–60000, for chunks that do not say. One frame may always be; a chunk that is longer is taken
   * whole. Default: 100 with `latest`, with `lossless` the server's `TELEFUSER_WEBRTC_VIDEO_BUFFER_SECONDS` (one second).
   */
  readonly queueMs?: number | undefined;
  /** Called once, before any session. The server is not ready until it has returned; throwing stops the start. */
  start?(reportProgress: ReportProgress): Awaitable<void>;
  /** Called once at an orderly stop, under a deadline. */
  stop?(): Awaitable<void>;
}

/** One request in, a stream out. */
export interface ServerPushService extends ServiceLifecycle {
  /**
   * Called when the first chunk is wanted. The iterator is advanced only when there is room for a chunk, so a fast generator waits at
   * its `yield`; its `return()` is called when the client leaves.
   */
  serve(request: ServeRequest): Awaitable<ChunkSource>;
}

/** A conversation: messages and media in, chunks out. */
export interface BidirectionalService extends ServiceLifecycle {
  /**
   * @returns the session's id, `config.session_id` when nothing is returned
   * @throws to refuse: the client is answered 400 with the message, or 409 when the error has `code: 'conflict'`
   */
  createSession(config: SessionConfig): Awaitable<string | void>;
  /** Called in the order of arrival, without waiting for an earlier call that has not finished. */
  pushChunk(sessionId: string, message: PipelineMessage): Awaitable<void>;
  /** Called once a session; see {@link ServerPushService.serve} for how it is consumed. */
  pullChunks(sessionId: string): Awaitable<ChunkSource>;
  /** Called once for every session that `createSession` made, after the generator's `return()`. */
  closeSession(sessionId: string): Awaitable<void>;
}

export type PipelineService = ServerPushService | BidirectionalService;

export interface GetServiceOptions {
  /** How many GPUs the pipeline may use: `--gpu-num`. */
  readonly gpuNum: number;
  /** The operator's values, `-o name=value` on the command line. Empty when there are none. */
  readonly options: Readonly<Record<string, string>>;
  /** The same as `start` gets, for a pipeline that loads its model here. */
  readonly reportProgress: ReportProgress;
}

/** The export a pipeline file must have, as `getService` or as a property of its default export. */
export type GetService = (options: GetServiceOptions) => Awaitable<PipelineService>;
