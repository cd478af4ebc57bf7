import { OPUS_FRAME_SAMPLES, OpusEncoder, type OpusEncoderOptions } from './opus-encoder.js';

/** Frames that a new encoder is given before its first packet counts: with two it continues the old one's signal to within rounding. */
const PRIMING_FRAMES = 2;

interface OpenEncoder extends OpusEncoderOptions {
  readonly codec: OpusEncoder;
}

/**
 * One Opus stream whose channels, bitrate and expected loss may change with every frame. FFmpeg takes these only when it opens libopus, so a
 * change opens another encoder (0.1 ms). That one first encodes the last frames again, for nothing: begun cold it would put a hole of 6.5 ms
 * (its look-ahead) into the sound, a click. Owns its encoder.
 */
export class OpusStream {
  #encoder: OpenEncoder | undefined;
  /** The last frames, oldest first. */
  #history: { readonly pcm: Int16Array; readonly channels: 1 | 2 }[] = [];
  #closed = false;

  /**
   * One call at a time.
   * @param pcm interleaved, 20 ms at 48 kHz.
   * @returns one packet (RFC 6716 section 3). Rejects with CodecError.
   */
  async encode(pcm: Int16Array, options: OpusEncoderOptions): Promise<Buffer> {
    const { codec } = await this.#encoderFor(options);
    const packet = await codec.encode(pcm);
    this.#history = [...this.#history.slice(1 - PRIMING_FRAMES), { pcm, channels: options.channels }];
    return packet;
  }

  /** Idempotent. */
  close(): void {
    this.#closed = true;
    this.#encoder?.codec.close();
  }

  async #encoderFor({ channels, bitrate, lossPercent }: OpusEncoderOptions): Promise<OpenEncoder> {
    const open = this.#encoder;
    if (open?.channels === channels && open.bitrate === bitrate && open.lossPercent === lossPercent) return open;
    const codec = await OpusEncoder.open({ channels, bitrate, lossPercent });
    this.#encoder = { codec, channels, bitrate, lossPercent };
    open?.codec.close();
    if (this.#closed) codec.close();
    else for (const frame of this.#history) await codec.encode(inChannels(frame.pcm, frame.channels, channels));
    return this.#encoder;
  }
}

function inChannels(pcm: Int16Array, from: 1 | 2, to: 1 | 2): Int16Array {
  if (from === to) return pcm;
  const out = new Int16Array(OPUS_FRAME_SAMPLES * to);
  for (let index = 0; index < OPUS_FRAME_SAMPLES; index += 1) {
    if (to === 2) out[2 * index] = out[2 * index + 1] = pcm[index] ?? 0;
    else out[index] = ((pcm[2 * index] ?? 0) + (pcm[2 * index + 1] ?? 0)) >> 1;
  }
  return out;
}
