/**
 * The words media and pipelines share: what a pipeline yields, and what a viewer sends back. Plain data, no behaviour, so that
 * `media` and `pipeline-loader` need not know each other; they meet in a session.
 */

/** Layouts of an uncompressed picture. `I420` is limited-range BT.601, the two RGB layouts are full-range sRGB, rows packed. */
export type PixelFormat = 'I420' | 'RGB24' | 'RGBA';

/** A compressed still (JPEG; PNG and WebP also decode). It stays compressed until it is its turn to be shown. */
export interface EncodedPicture {
  readonly kind: 'encoded';
  readonly data: Uint8Array;
}

/** An uncompressed picture. `data` holds width × height × 1.5 (I420; chroma planes rounded up), × 3 or × 4 bytes. */
export interface RawPicture {
  readonly kind: 'raw';
  readonly format: PixelFormat;
  /** Pixels. */
  readonly width: number;
  /** Pixels. */
  readonly height: number;
  readonly data: Uint8Array;
}

export type Picture = EncodedPicture | RawPicture;

/** Interleaved signed 16-bit little-endian PCM. `data.length` is a multiple of 2 × channels. */
export interface PcmAudio {
  readonly data: Uint8Array;
  /** Hz, 8000–96000. */
  readonly sampleRate: number;
  readonly channels: 1 | 2;
}

/**
 * What happens when media comes faster than it plays. `lossless`: the pipeline waits. `latest`: the oldest queued media goes, and is
 * counted.
 */
export type DeliveryMode = 'lossless' | 'latest';

/** How media is to be delivered; what is absent is decided by whoever is asked next: chunk, service, default of the stream mode. */
export interface Delivery {
  readonly delivery?: DeliveryMode;
  /** Milliseconds of media that may be queued, 0–60000. */
  readonly queueMs?: number;
}

/** What a pipeline yields, after it was checked and its base64 undone. */
export interface Chunk extends Delivery {
  readonly pictures: readonly Picture[];
  /** Pace of `pictures`, frames a second; absent: the session's. */
  readonly fps?: number;
  readonly audio?: PcmAudio;
  /** The pipeline's own counter, if it keeps one. */
  readonly index?: number;
  /** The ids of the client's control messages that this chunk is the first to reflect; absent: none. */
  readonly appliedControls?: readonly string[];
  /** When `pushChunk` had returned for each of {@link appliedControls}, ms on this process's `performance.now()` clock, as far as it is known. */
  readonly pushedAtMs?: readonly (number | undefined)[];
  /** When the pipeline yielded it, ms on this process's `performance.now()` clock; absent: its host did not say. */
  readonly yieldedAtMs?: number;
  /** Everything that is not media: goes to the client's data channel. JSON values only. */
  readonly metadata: Readonly<Record<string, unknown>>;
}

/** Decoded media from the viewer's camera or microphone, on its way to the pipeline. */
export type MediaInput =
  { readonly kind: 'video'; readonly pictures: readonly RawPicture[] } | { readonly kind: 'audio'; readonly audio: PcmAudio };
