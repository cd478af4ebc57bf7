import type { StreamMode } from '../contract/stream-mode.js';
import type { Delivery, PixelFormat } from '../../common/index.js';

/** Version of the host protocol; docs/pipeline-host.md describes it. */
export const PROTOCOL_VERSION = 1;

/** File descriptor of the pipe in the host. */
export const PROTOCOL_FD = 3;

/** Why a pipeline did not start. */
export const START_FAILURE_KINDS = [
  'not-found',
  'load-failed',
  'no-get-service',
  'neither-protocol',
  'start-failed',
  'sandbox',
] as const;
export type StartFailureKind = (typeof START_FAILURE_KINDS)[number];

/** Picture in a message; its bytes are the part of the same position. */
export type PictureHeader =
  | { readonly kind: 'encoded' }
  | { readonly kind: 'raw'; readonly format: PixelFormat; readonly width: number; readonly height: number };

/** Sound in a message; its bytes are the part after the pictures'. */
export interface AudioHeader {
  readonly sampleRate: number;
  readonly channels: 1 | 2;
}

/** Header of a chunk and of incoming media. */
export interface MediaHeader {
  readonly pictures: readonly PictureHeader[];
  readonly audio?: AudioHeader;
}

/** A control message that a chunk is the first to reflect. Times are of the hosts' clock (host-clock.ts), ms. */
export interface AppliedControlHeader {
  readonly id: string;
  /** When `pushChunk` had returned. */
  readonly pushedAtMs?: number;
}

export interface ChunkMessage extends MediaHeader, Delivery {
  readonly type: 'chunk';
  readonly run: number;
  /** When the generator yielded, on the hosts' clock. */
  readonly yieldedAtMs?: number;
  readonly applied?: readonly AppliedControlHeader[];
  readonly fps?: number;
  readonly index?: number;
  readonly metadata: Readonly<Record<string, unknown>>;
}

/** What a host says of its started service. */
export interface ReadyMessage extends Delivery {
  readonly type: 'ready';
  readonly mode: StreamMode;
  readonly defaultFps?: number;
  /** Sessions that one process of this pipeline takes at once, 1–1000. */
  readonly maxSessions?: number;
  /** What it says of itself to people, as it said it: nothing of it is checked yet. */
  readonly about?: Readonly<Record<string, unknown>>;
  /** The schema of an offer's `config`, as it said it. */
  readonly configSchema?: Readonly<Record<string, unknown>>;
}

/** How far the start of a service has got, in its own words. */
export interface StartProgress {
  /** 0–1; undefined where it is not known. */
  readonly fraction?: number;
  readonly text?: string;
}

export type HostLogLevel = 'debug' | 'info' | 'warn' | 'error';

/** What a host says. */
export type HostMessage =
  | { readonly type: 'hello'; readonly protocol: number; readonly runtime?: string }
  /** Before `ready`, as often as the host likes. */
  | ({ readonly type: 'progress' } & StartProgress)
  | ReadyMessage
  | { readonly type: 'start-failed'; readonly kind: StartFailureKind; readonly message: string; readonly stack?: string }
  /** `session` is what `createSession` returned. */
  | { readonly type: 'opened'; readonly run: number; readonly session: string }
  | { readonly type: 'refused'; readonly run: number; readonly kind: 'refused' | 'conflict'; readonly message: string }
  | ChunkMessage
  /** A yielded value that is no chunk. It took a credit like a chunk. */
  | { readonly type: 'chunk-error'; readonly run: number; readonly message: string }
  | { readonly type: 'end'; readonly run: number }
  | { readonly type: 'failed'; readonly run: number; readonly message: string }
  | { readonly type: 'push-error'; readonly run: number; readonly message: string }
  | { readonly type: 'closed'; readonly run: number }
  | { readonly type: 'pong'; readonly id: number }
  | { readonly type: 'log'; readonly level: HostLogLevel; readonly run?: number; readonly text: string }
  /** An error nobody caught: the host ends now. */
  | { readonly type: 'fatal'; readonly message: string; readonly stack?: string }
  | { readonly type: 'stopped' };

/** What the server says. */
export type ServerMessage =
  /** `file`: absolute path of the pipeline's module. `options`: the operator's, for `getService`. */
  | { readonly type: 'start'; readonly file: string; readonly gpuNum: number; readonly options: Readonly<Record<string, string>> }
  | { readonly type: 'ping'; readonly id: number }
  | { readonly type: 'open'; readonly run: number; readonly session: string; readonly request: Readonly<Record<string, unknown>> }
  | { readonly type: 'pull'; readonly run: number; readonly credit: number }
  /** Either `message`, or with `binary` one part. `control`: the id of a message that has one. */
  | {
      readonly type: 'push';
      readonly run: number;
      readonly message?: unknown;
      readonly binary?: boolean;
      readonly control?: string;
    }
  | ({ readonly type: 'media'; readonly run: number } & MediaHeader)
  | { readonly type: 'close'; readonly run: number; readonly timeoutMs: number }
  | { readonly type: 'stop'; readonly timeoutMs: number };
