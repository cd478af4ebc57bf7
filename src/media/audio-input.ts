import type { PcmAudio } from '../common/index.js';
import { OpusDecoder } from './codec/index.js';

/** Of a gap, so much is filled by continuing the sound before it; longer it would hum. */
const MAX_CONCEALED_MS = 60;
/** A gap up to this is filled, the rest of it with silence. After a longer one (a microphone that was off) the sound simply begins again. */
const MAX_FILLED_MS = 1000;
const SAMPLES_A_MS = 48;
/** Stereo, 16 bits. */
const BYTES_A_SAMPLE = 4;

/**
 * A client's microphone: Opus packets in order → 48 kHz stereo without holes. Lost packets, and those that a sender saves in silence (DTX, RFC
 * 7587 section 3.1.3), are told by the RTP time of the next one and filled, so that a pipeline which counts samples keeps the time. Owns its
 * decoder.
 */
export class AudioInput {
  private decoder: OpusDecoder | undefined;
  /** RTP time of the next packet if nothing is missing. */
  private expected: number | undefined;
  private filledSamples = 0;
  private closed = false;

  /** Milliseconds that were made up for missing packets. */
  get filledMs(): number {
    return this.filledSamples / SAMPLES_A_MS;
  }

  /**
   * One call at a time.
   * @param rtpTimestamp 48 kHz (RFC 7587 section 4.1); undefined: nothing is filled.
   * @returns its sound, behind that of what was missing. Rejects with CodecError on a damaged packet; the next one fills its time.
   */
  async decode(packet: Buffer, rtpTimestamp: number | undefined): Promise<PcmAudio> {
    this.decoder ??= await OpusDecoder.open();
    if (this.closed) this.decoder.close();
    const { decoder, expected } = this;
    const known = rtpTimestamp !== undefined && expected !== undefined;
    const filling = known ? fillingOf((rtpTimestamp - expected) | 0, decoder) : [];
    const audio = await decoder.decode(packet);
    if (rtpTimestamp !== undefined) this.expected = (rtpTimestamp + audio.data.length / BYTES_A_SAMPLE) >>> 0;
    if (filling.length === 0) return audio;
    const data = Buffer.concat([...filling, audio.data]);
    this.filledSamples += (data.length - audio.data.length) / BYTES_A_SAMPLE;
    return { ...audio, data };
  }

  /** Idempotent. */
  close(): void {
    this.closed = true;
    this.decoder?.close();
  }
}

/** @param missing samples between the end of the last packet and the next; negative where the sender's clock began again. */
function fillingOf(missing: number, decoder: OpusDecoder): Uint8Array[] {
  if (missing <= 0 || missing > MAX_FILLED_MS * SAMPLES_A_MS) return [];
  const pieces: Uint8Array[] = [];
  let left = missing;
  while (left > 0 && missing - left < MAX_CONCEALED_MS * SAMPLES_A_MS) {
    const sound = decoder.conceal()?.data.subarray(0, left * BYTES_A_SAMPLE);
    if (sound === undefined) break;
    pieces.push(sound);
    left -= sound.length / BYTES_A_SAMPLE;
  }
  if (left > 0) pieces.push(Buffer.alloc(left * BYTES_A_SAMPLE));
  return pieces;
}
