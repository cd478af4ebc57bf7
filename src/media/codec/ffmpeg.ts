import { AV_CHANNEL_LAYOUT_MONO, AV_CHANNEL_LAYOUT_STEREO, AV_LOG_QUIET } from 'node-av/constants';
import { Codec, CodecContext, FFmpegError, Log, type ChannelLayout } from 'node-av/lib';

import { CodecError } from './codec.error.js';

// Broken input is routine here, and FFmpeg would write several lines to stderr for every bad picture. What matters is thrown.
Log.setLevel(AV_LOG_QUIET);
// SVT-AV1 has a log of its own, on stderr, and takes its level from here alone: below its lowest.
// oxlint-disable-next-line node/no-process-env -- nothing is configured by it: it is the only way to tell the library
process.env['SVT_LOG'] ??= '-2';

/** The layout FFmpeg wants for a number of channels. */
export function layoutOf(channels: 1 | 2): ChannelLayout {
  return channels === 1 ? AV_CHANNEL_LAYOUT_MONO : AV_CHANNEL_LAYOUT_STEREO;
}

/** FFmpeg's words for a negative return value. */
export function describe(code: number): string {
  return FFmpegError.strerror(code);
}

/** Throws {@link CodecError} when an FFmpeg call returned a negative code; else gives the code back. */
export function check(code: number, operation: string): number {
  if (code < 0) throw new CodecError(`${operation} failed: ${describe(code)}`);
  return code;
}

/** Sets AVOptions on a context before it is opened; the codec's private options are found too. */
export function setOptions(context: CodecContext, options: Readonly<Record<string, string>>): void {
  for (const [name, value] of Object.entries(options)) check(context.setOption(name, value), `Setting ${name}=${value}`);
}

/** Opens a context, freeing it again when that fails. The caller owns the result. */
export async function openContext(
  codec: Codec | null,
  name: string,
  configure: (context: CodecContext) => void,
): Promise<CodecContext> {
  if (!codec) throw new CodecError(`This build of FFmpeg has no ${name}.`);
  const context = new CodecContext();
  context.allocContext3(codec);
  try {
    configure(context);
    check(await context.open2(codec, null), `Opening ${name}`);
    return context;
  } catch (error) {
    context.freeContext();
    throw error;
  }
}

/** A view as a Buffer, without a copy. */
export function asBuffer(view: ArrayBufferView): Buffer {
  return Buffer.from(view.buffer as ArrayBuffer, view.byteOffset, view.byteLength);
}
