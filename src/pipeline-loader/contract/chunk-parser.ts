import type { Chunk, Delivery, PcmAudio, Picture, PixelFormat } from '../../common/index.js';
import { decodeBase64 } from './base64.js';
import { readAppliedControls } from './control-id.js';
import { toJsonValue } from './json-value.js';

/** Limits of one chunk. */
export const CHUNK_LIMITS = {
  maxFrames: 1024,
  maxMediaBytes: 256 * 1024 * 1024,
  maxPictureSide: 4096,
  minFps: 1,
  maxFps: 240,
  minSampleRate: 8000,
  maxSampleRate: 96_000,
  maxQueueMs: 60_000,
} as const;

/** Keys that carry media, or say how it is delivered: they never reach the client's data channel. */
const MEDIA_KEYS: ReadonlySet<string> = new Set([
  'frames',
  'frames_b64',
  'audio',
  'audio_b64',
  'audio_sample_rate',
  'audio_channels',
  'delivery',
  'queue_ms',
  'applied_control_ids',
  'appliedControlIds',
]);

/** Under which a pipeline names the controls that a chunk is the first to reflect. */
const APPLIED_CONTROLS_KEYS: readonly string[] = ['appliedControls', 'applied_controls'];
/** The same for a pipeline that has its own use for those names. Beside one of these, they are metadata whatever is in them. */
const APPLIED_CONTROL_IDS_KEYS: readonly string[] = ['appliedControlIds', 'applied_control_ids'];

const DEFAULT_SAMPLE_RATE = 48_000;

type Fields = Readonly<Record<string, unknown>>;

/** A yielded value breaks the chunk format. The message names the field: `frames_b64[3] is not base64`. */
export class ChunkFormatError extends Error {
  override readonly name = 'ChunkFormatError';
}

/**
 * What a pipeline yielded, checked and with its base64 undone (design, section 2). The pictures' and the audio's bytes are views of the
 * pipeline's own buffers where they were bytes already; metadata is a copy.
 *
 * @throws ChunkFormatError
 */
export function parseChunk(value: unknown): Chunk {
  if (!isFields(value)) throw new ChunkFormatError(`a chunk must be an object, not ${kindOf(value)}`);
  const nested =
    !hasItems(value, 'frames') && !hasItems(value, 'frames_b64') && isFields(value['data']) ? value['data'] : undefined;
  const media = nested ?? value;
  const audioSource = nested !== undefined && !hasItems(value, 'audio') && !hasItems(value, 'audio_b64') ? nested : value;

  const budget = new ByteBudget(CHUNK_LIMITS.maxMediaBytes);
  const pictures = parsePictures(value, budget) ?? (nested === undefined ? undefined : parsePictures(nested, budget)) ?? [];
  const audio = parseAudio(audioSource, budget);
  const fps = parseFps(media['fps'] ?? value['fps']);
  const index = value['index'];
  return {
    pictures,
    ...(fps === undefined ? {} : { fps }),
    ...(audio === undefined ? {} : { audio }),
    ...parseDelivery(media['delivery'] ?? value['delivery']),
    ...parseQueueMs(media['queue_ms'] ?? value['queue_ms']),
    ...(typeof index === 'number' && Number.isFinite(index) ? { index } : {}),
    ...parseAppliedControls(media, value),
    metadata: parseMetadata(value, nested !== undefined),
  };
}

class ByteBudget {
  #left: number;

  constructor(private readonly limit: number) {
    this.#left = limit;
  }

  take(bytes: number): void {
    this.#left -= bytes;
    if (this.#left < 0)
      throw new ChunkFormatError(`the chunk carries more than ${this.limit / 1024 / 1024} MiB of media; yield smaller chunks`);
  }
}

function parsePictures(fields: Fields, budget: ByteBudget): Picture[] | undefined {
  const frames = listOf(fields, 'frames');
  if (frames !== undefined && frames.length > 0) {
    return frames.map((frame, position) => {
      const picture = parseFrame(frame, `frames[${position}]`);
      budget.take(picture.data.byteLength);
      return picture;
    });
  }
  const encoded = listOf(fields, 'frames_b64');
  if (encoded === undefined || encoded.length === 0) return undefined;
  return encoded.map((text, position) => {
    const data = parseBase64(text, `frames_b64[${position}]`, budget);
    if (data.length === 0) throw new ChunkFormatError(`frames_b64[${position}] is empty`);
    return { kind: 'encoded', data };
  });
}

function parseFrame(frame: unknown, name: string): Picture {
  if (frame instanceof Uint8Array) {
    if (frame.length === 0) throw new ChunkFormatError(`${name} is empty`);
    return { kind: 'encoded', data: frame };
  }
  if (!isFields(frame))
    throw new ChunkFormatError(`${name} must be JPEG bytes or {format, width, height, data}, not ${kindOf(frame)}`);
  const format = frame['format'];
  if (format !== 'I420' && format !== 'RGB24' && format !== 'RGBA') {
    throw new ChunkFormatError(`${name}.format must be I420, RGB24 or RGBA`);
  }
  const width = parseSide(frame['width'], `${name}.width`);
  const height = parseSide(frame['height'], `${name}.height`);
  const data = bytesOf(frame['data']);
  if (data === undefined) throw new ChunkFormatError(`${name}.data must be a Uint8Array`);
  const expected = pictureBytes(format, width, height);
  if (data.length !== expected) {
    throw new ChunkFormatError(`${name}.data holds ${data.length} bytes; ${width}×${height} ${format} is ${expected}`);
  }
  return { kind: 'raw', format, width, height, data };
}

/** Bytes of a packed picture; the chroma planes of I420 are rounded up. */
export function pictureBytes(format: PixelFormat, width: number, height: number): number {
  switch (format) {
    case 'I420':
      return width * height + 2 * Math.ceil(width / 2) * Math.ceil(height / 2);
    case 'RGB24':
      return width * height * 3;
    case 'RGBA':
      return width * height * 4;
  }
}

function parseSide(value: unknown, name: string): number {
  if (typeof value !== 'number' || !Number.isInteger(value) || value < 1 || value > CHUNK_LIMITS.maxPictureSide) {
    throw new ChunkFormatError(`${name} must be a whole number of pixels from 1 to ${CHUNK_LIMITS.maxPictureSide}`);
  }
  return value;
}

function parseAudio(fields: Fields, budget: ByteBudget): PcmAudio | undefined {
  const samples = parseSamples(fields, budget);
  if (samples === undefined) return undefined;
  const { data, name } = samples;
  const sampleRate = fields['audio_sample_rate'] ?? DEFAULT_SAMPLE_RATE;
  const { minSampleRate, maxSampleRate } = CHUNK_LIMITS;
  if (
    typeof sampleRate !== 'number' ||
    !Number.isInteger(sampleRate) ||
    sampleRate < minSampleRate ||
    sampleRate > maxSampleRate
  ) {
    throw new ChunkFormatError(`audio_sample_rate must be a whole number of hertz from ${minSampleRate} to ${maxSampleRate}`);
  }
  const channels = fields['audio_channels'] ?? 1;
  if (channels !== 1 && channels !== 2) throw new ChunkFormatError('audio_channels must be 1 or 2');
  if (data.length % (2 * channels) !== 0) {
    throw new ChunkFormatError(
      `${name} holds ${data.length} bytes, which is no multiple of ${2 * channels} (16 bits × ${channels} channels)`,
    );
  }
  return { data, sampleRate, channels };
}

/** The bytes of `audio`, or where there are none those of `audio_b64`. */
function parseSamples(fields: Fields, budget: ByteBudget): { readonly data: Uint8Array; readonly name: string } | undefined {
  const raw = fields['audio'];
  if (raw !== undefined && raw !== null && !isNamesake('audio', raw)) {
    const data = raw instanceof Int16Array || raw instanceof Uint8Array ? bytesOf(raw) : undefined;
    if (data === undefined)
      throw new ChunkFormatError(`audio must be an Int16Array or a Uint8Array of 16-bit PCM, not ${kindOf(raw)}`);
    budget.take(data.length);
    if (data.length > 0) return { data, name: 'audio' };
  }
  const encoded = fields['audio_b64'];
  if (encoded === undefined || encoded === null) return undefined;
  const data = parseBase64(encoded, 'audio_b64', budget);
  return data.length === 0 ? undefined : { data, name: 'audio_b64' };
}

function parseFps(value: unknown): number | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value !== 'number' || !(value >= CHUNK_LIMITS.minFps && value <= CHUNK_LIMITS.maxFps)) {
    throw new ChunkFormatError(`fps must be a number from ${CHUNK_LIMITS.minFps} to ${CHUNK_LIMITS.maxFps}`);
  }
  return value;
}

function parseDelivery(value: unknown): Delivery {
  if (value === undefined || value === null) return {};
  if (value !== 'lossless' && value !== 'latest') throw new ChunkFormatError('delivery must be "lossless" or "latest"');
  return { delivery: value };
}

function parseQueueMs(value: unknown): Delivery {
  if (value === undefined || value === null) return {};
  if (typeof value !== 'number' || !(value >= 0 && value <= CHUNK_LIMITS.maxQueueMs)) {
    throw new ChunkFormatError(`queue_ms must be a number of milliseconds from 0 to ${CHUNK_LIMITS.maxQueueMs}`);
  }
  return { queueMs: value };
}

/** The pipeline's own names for what the chunk reflects, in either spelling. */
function parseAppliedControls(media: Fields, value: Fields): Pick<Chunk, 'appliedControls'> {
  for (const fields of [media, value]) {
    const keys = namesIdsApart(fields) ? APPLIED_CONTROL_IDS_KEYS : APPLIED_CONTROLS_KEYS;
    for (const key of keys) {
      const named = readAppliedControls(fields[key]);
      if (named !== undefined) return { appliedControls: named.ids };
    }
  }
  return {};
}

function parseMetadata(chunk: Fields, nested: boolean): Record<string, unknown> {
  // Media keys go before the conversion, so that no megabyte of pixels is turned into JSON only to be thrown away.
  const metadata = withoutMedia(chunk);
  if (nested) {
    const data = withoutMedia(chunk['data'] as Fields);
    if (Object.keys(data).length === 0) delete metadata['data'];
    else metadata['data'] = data;
  }
  return toJsonValue(metadata) as Record<string, unknown>;
}

/** Whether the ids have a name of their own here, so that `applied_controls` is the pipeline's. */
function namesIdsApart(fields: Fields): boolean {
  return APPLIED_CONTROL_IDS_KEYS.some((key) => key in fields);
}

function withoutMedia(fields: Fields): Record<string, unknown> {
  const namedApart = namesIdsApart(fields);
  return Object.fromEntries(
    Object.entries(fields).filter(
      ([key, value]) => (!MEDIA_KEYS.has(key) || isNamesake(key, value)) && (namedApart || !isListOfControls(key, value)),
    ),
  );
}

/** A list of nothing but ids is the server's to carry; one that says more is metadata too. */
function isListOfControls(key: string, value: unknown): boolean {
  return APPLIED_CONTROLS_KEYS.includes(key) && readAppliedControls(value)?.isMetadata === false;
}

/** `frames: 24` and `audio: "a.wav"` are a pipeline's own words for something else: metadata, as in the server we are compatible with. */
function isNamesake(key: string, value: unknown): boolean {
  return (
    (key === 'frames' || key === 'audio') &&
    (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean')
  );
}

function parseBase64(value: unknown, name: string, budget: ByteBudget): Uint8Array {
  if (typeof value !== 'string') throw new ChunkFormatError(`${name} must be a base64 string, not ${kindOf(value)}`);
  budget.take(Math.floor((value.length * 3) / 4));
  const bytes = decodeBase64(value);
  if (bytes === undefined) throw new ChunkFormatError(`${name} is not base64`);
  return bytes;
}

function listOf(fields: Fields, name: string): readonly unknown[] | undefined {
  const value = fields[name];
  if (value === undefined || value === null || isNamesake(name, value)) return undefined;
  if (!Array.isArray(value)) throw new ChunkFormatError(`${name} must be an array, not ${kindOf(value)}`);
  if (value.length > CHUNK_LIMITS.maxFrames) {
    throw new ChunkFormatError(`${name} holds ${value.length} frames; a chunk may carry ${CHUNK_LIMITS.maxFrames}`);
  }
  return value as readonly unknown[];
}

/** A view of the same memory as bytes. */
function bytesOf(value: unknown): Uint8Array | undefined {
  if (value instanceof Uint8Array) return value;
  if (value instanceof Uint8ClampedArray || value instanceof Int16Array) {
    return new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
  }
  return value instanceof ArrayBuffer ? new Uint8Array(value) : undefined;
}

function hasItems(fields: Fields, name: string): boolean {
  const value = fields[name];
  return !isNamesake(name, value) && value !== undefined && value !== null && (value as { length?: unknown }).length !== 0;
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !ArrayBuffer.isView(value);
}

function kindOf(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'an array';
  return typeof value === 'object' ? (value.constructor?.name ?? 'an object') : typeof value;
}
