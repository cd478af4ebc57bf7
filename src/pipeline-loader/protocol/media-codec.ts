import type { Chunk, MediaInput, PcmAudio, Picture, RawPicture } from '../../common/index.js';
import { CHUNK_LIMITS, pictureBytes } from '../contract/chunk-parser.js';
import { controlKey, MAX_WAITING_CONTROLS } from '../contract/control-id.js';
import { isRecord, readDelivery, readNumber } from './field-readers.js';
import { fromHostClock } from './host-clock.js';
import { ProtocolError, type RawMessage } from './message-decoder.js';
import type { AppliedControlHeader, ChunkMessage, MediaHeader, PictureHeader } from './messages.js';

/** Header and parts of a message that carries media. */
export interface MediaMessageParts<Header> {
  readonly header: Header;
  readonly parts: readonly Uint8Array[];
}

/** What a host says of a chunk besides what the pipeline does. */
export type ChunkStamps = Pick<ChunkMessage, 'yieldedAtMs' | 'applied'>;

/** A chunk as a message. The parts are the chunk's own buffers. */
export function encodeChunk(run: number, chunk: Chunk, stamps: ChunkStamps = {}): MediaMessageParts<ChunkMessage> {
  const { fps, index, delivery, queueMs, metadata } = chunk;
  const media = encodeMedia(chunk.pictures, chunk.audio);
  return {
    header: {
      type: 'chunk',
      run,
      ...media.header,
      ...(fps === undefined ? {} : { fps }),
      ...(index === undefined ? {} : { index }),
      ...(delivery === undefined ? {} : { delivery }),
      ...(queueMs === undefined ? {} : { queueMs }),
      ...stamps,
      metadata,
    },
    parts: media.parts,
  };
}

/** Camera pictures or microphone sound as a message's header fields and parts. */
export function encodeMediaInput(input: MediaInput): MediaMessageParts<MediaHeader> {
  return input.kind === 'video' ? encodeMedia(input.pictures, undefined) : encodeMedia([], input.audio);
}

function encodeMedia(pictures: readonly Picture[], audio: PcmAudio | undefined): MediaMessageParts<MediaHeader> {
  const headers = pictures.map((picture): PictureHeader => {
    if (picture.kind === 'encoded') return { kind: 'encoded' };
    return { kind: 'raw', format: picture.format, width: picture.width, height: picture.height };
  });
  const parts = pictures.map((picture) => picture.data);
  if (audio === undefined) return { header: { pictures: headers }, parts };
  const { sampleRate, channels } = audio;
  return { header: { pictures: headers, audio: { sampleRate, channels } }, parts: [...parts, audio.data] };
}

/**
 * The chunk in a message, checked again: a host is not trusted to have checked it.
 *
 * @throws ProtocolError
 */
export function decodeChunk(message: RawMessage): Chunk {
  const { header } = message;
  const { pictures, audio } = decodeMedia(message);
  const { minFps, maxFps } = CHUNK_LIMITS;
  const fps = header['fps'] === undefined ? undefined : readNumber(header, 'fps', minFps, maxFps);
  const index = header['index'] === undefined ? undefined : readNumber(header, 'index', -Number.MAX_VALUE, Number.MAX_VALUE);
  const metadata = header['metadata'];
  if (!isRecord(metadata)) throw new ProtocolError('a chunk without metadata');
  return {
    pictures,
    ...(fps === undefined ? {} : { fps }),
    ...(audio === undefined ? {} : { audio }),
    ...(index === undefined ? {} : { index }),
    ...readDelivery(header),
    ...readYieldedAt(header),
    ...readApplied(header['applied']),
    metadata,
  };
}

/** @throws ProtocolError */
function readYieldedAt(header: Readonly<Record<string, unknown>>): Pick<Chunk, 'yieldedAtMs'> {
  if (header['yieldedAtMs'] === undefined) return {};
  return { yieldedAtMs: fromHostClock(readNumber(header, 'yieldedAtMs', 0, Number.MAX_SAFE_INTEGER)) };
}

/** @throws ProtocolError */
function readApplied(applied: unknown): Pick<Chunk, 'appliedControls' | 'pushedAtMs'> {
  if (applied === undefined) return {};
  if (!Array.isArray(applied) || applied.length > MAX_WAITING_CONTROLS) throw new ProtocolError('applied is no list of controls');
  const controls = applied.map((control: unknown): AppliedControlHeader => {
    const id = isRecord(control) ? controlKey(control['id']) : undefined;
    if (!isRecord(control) || id === undefined) throw new ProtocolError('an applied control without an id');
    if (control['pushedAtMs'] === undefined) return { id };
    return { id, pushedAtMs: fromHostClock(readNumber(control, 'pushedAtMs', 0, Number.MAX_SAFE_INTEGER)) };
  });
  return { appliedControls: controls.map(({ id }) => id), pushedAtMs: controls.map(({ pushedAtMs }) => pushedAtMs) };
}

/**
 * The incoming media in a message.
 *
 * @throws ProtocolError
 */
export function decodeMediaInput(message: RawMessage): MediaInput {
  const { pictures, audio } = decodeMedia(message);
  if (audio !== undefined) return { kind: 'audio', audio };
  return { kind: 'video', pictures: pictures.filter((picture): picture is RawPicture => picture.kind === 'raw') };
}

function decodeMedia({ header, parts }: RawMessage): { pictures: Picture[]; audio?: PcmAudio } {
  const pictures = header['pictures'];
  if (!Array.isArray(pictures) || pictures.length > CHUNK_LIMITS.maxFrames)
    throw new ProtocolError('media without a list of pictures');
  const audio = header['audio'];
  if (parts.length !== pictures.length + (audio === undefined ? 0 : 1))
    throw new ProtocolError('media with a wrong number of parts');
  const decoded = pictures.map((picture, position) => decodePicture(picture, parts[position]));
  return audio === undefined ? { pictures: decoded } : { pictures: decoded, audio: decodeAudio(audio, parts[pictures.length]) };
}

function decodePicture(header: unknown, data: Uint8Array | undefined): Picture {
  if (!isRecord(header) || data === undefined || data.length === 0) throw new ProtocolError('a picture without bytes');
  if (header['kind'] === 'encoded') return { kind: 'encoded', data };
  const format = header['format'];
  if (header['kind'] !== 'raw' || (format !== 'I420' && format !== 'RGB24' && format !== 'RGBA')) {
    throw new ProtocolError('a picture of no known kind');
  }
  const width = readNumber(header, 'width', 1, CHUNK_LIMITS.maxPictureSide);
  const height = readNumber(header, 'height', 1, CHUNK_LIMITS.maxPictureSide);
  if (!Number.isInteger(width) || !Number.isInteger(height) || data.length !== pictureBytes(format, width, height)) {
    throw new ProtocolError('a raw picture whose bytes do not fit its size');
  }
  return { kind: 'raw', format, width, height, data };
}

function decodeAudio(header: unknown, data: Uint8Array | undefined): PcmAudio {
  if (!isRecord(header) || data === undefined) throw new ProtocolError('audio without bytes');
  const sampleRate = readNumber(header, 'sampleRate', CHUNK_LIMITS.minSampleRate, CHUNK_LIMITS.maxSampleRate);
  if (!Number.isInteger(sampleRate)) throw new ProtocolError('a sample rate that is no whole number');
  const channels = header['channels'];
  if ((channels !== 1 && channels !== 2) || data.length === 0 || data.length % (2 * channels) !== 0) {
    throw new ProtocolError('audio whose bytes do not fit its channels');
  }
  return { data, sampleRate, channels };
}
