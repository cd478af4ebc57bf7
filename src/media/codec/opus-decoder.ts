import { AV_SAMPLE_FMT_S16, FF_DECODER_LIBOPUS } from 'node-av/constants';
import { Codec, Frame, Packet, type CodecContext } from 'node-av/lib';

import type { PcmAudio } from '../../common/index.js';
import { CodecClosedError, CodecError } from './codec.error.js';
import { asBuffer, check, layoutOf, openContext } from './ffmpeg.js';

/** All of a packet's first byte but the count of its frames: their mode, bandwidth, duration and channels (RFC 6716 section 3.1). */
const SHAPE_BITS = 0xfc;

/**
 * Opus packets → 48 kHz stereo; mono packets come out on both sides. What a lost packet leaves open is concealed by continuing the sound; the copy
 * that in-band FEC puts into the next packet cannot be had, since FFmpeg decodes whole packets only.
 */
export class OpusDecoder {
  /** First byte of a packet of one frame like those of the last packet. */
  #shape: number | undefined;
  readonly #packet = new Packet();
  readonly #frame = new Frame();
  #closed = false;

  private constructor(private readonly context: CodecContext) {
    this.#packet.alloc();
    this.#frame.alloc();
  }

  /** The caller owns the decoder. Rejects with CodecError. */
  static async open(): Promise<OpusDecoder> {
    const context = await openContext(Codec.findDecoderByName(FF_DECODER_LIBOPUS), FF_DECODER_LIBOPUS, (opened) => {
      opened.sampleRate = 48_000;
      opened.channelLayout = layoutOf(2);
    });
    return new OpusDecoder(context);
  }

  /** One RTP payload (RFC 7587) → its 2.5–120 ms of sound. Rejects with CodecError on a damaged packet, and goes on with the next one. */
  async decode(payload: Buffer): Promise<PcmAudio> {
    if (this.#closed) throw new CodecClosedError();
    const first = payload[0];
    if (first === undefined) throw new CodecError('An Opus packet has at least one byte.');
    const audio = this.#decode(payload);
    this.#shape = first & SHAPE_BITS;
    return audio;
  }

  /**
   * Continues the sound of the last packet by one of its frames (2.5–60 ms), as libopus conceals a loss: one call after the other fades out.
   * Undefined before the first packet. Throws CodecError.
   */
  conceal(): PcmAudio | undefined {
    if (this.#closed) throw new CodecClosedError();
    // A frame of no bytes is one that was lost, or not sent.
    return this.#shape === undefined ? undefined : this.#decode(Buffer.of(this.#shape));
  }

  #decode(payload: Buffer): PcmAudio {
    this.#packet.unref();
    this.#packet.data = asBuffer(payload);
    // Cheaper than a visit to the thread pool, as with the encoder.
    check(this.context.sendPacketSync(this.#packet), 'Decoding audio');
    this.#frame.unref();
    check(this.context.receiveFrameSync(this.#frame), 'Decoding audio');
    const samples = this.#frame.data?.[0];
    if (!samples || this.#frame.format !== AV_SAMPLE_FMT_S16 || this.#frame.channels !== 2)
      throw new CodecError('Decoding audio gave no stereo.');
    return { data: Buffer.from(samples), sampleRate: 48_000, channels: 2 };
  }

  /** Idempotent. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.context.freeContext();
    this.#frame.free();
    this.#packet.free();
  }
}
