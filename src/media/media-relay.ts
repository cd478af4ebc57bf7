import type { MediaInput } from '../common/index.js';
import { AudioInput } from './audio-input.js';
import { VideoDecoder } from './codec/index.js';
import type { EncodedInput, InboundTrack } from './webrtc/index.js';

/** Encoded frames that may wait for the decoder. A decoder that falls further behind starts again at a keyframe. */
const MAX_WAITING_FRAMES = 60;

export interface RelayCounts {
  readonly decodedFrames: number;
  readonly droppedFrames: number;
  /** Milliseconds of sound made up for packets that never came. */
  readonly filledMs: number;
}

/** An encoded frame with its time, where the connection says it. */
type TimedInput = EncodedInput & { readonly rtpTimestamp?: number };

/**
 * The way of a client's camera or microphone to the pipeline: decodes what arrives, in order, and hands it on. The receiver decides whether it
 * has room; what it does not take is dropped and counted, since old camera pictures are of no use. Owns its decoders.
 */
export class MediaRelay {
  private readonly waiting: TimedInput[] = [];
  private video: { codec: 'H264' | 'VP8'; decoder: VideoDecoder } | undefined;
  private readonly audio = new AudioInput();
  private working: Promise<void> | undefined;
  private decoded = 0;
  private dropped = 0;
  private closed = false;
  private awaitingKeyframe = false;

  /** @param deliver takes decoded media; false means that it was dropped. Must not throw. */
  constructor(
    private readonly track: InboundTrack,
    private readonly deliver: (input: MediaInput) => boolean,
  ) {
    track.onFrame((frame) => this.receive(frame));
  }

  get counts(): RelayCounts {
    return { decodedFrames: this.decoded, droppedFrames: this.dropped, filledMs: this.audio.filledMs };
  }

  /** Idempotent; waits for the frame in hand, then frees the decoders. */
  async close(): Promise<void> {
    this.closed = true;
    this.waiting.length = 0;
    await this.working;
    this.video?.decoder.close();
    this.video = undefined;
    this.audio.close();
  }

  private receive(frame: TimedInput): void {
    if (this.closed) return;
    if (this.waiting.length >= MAX_WAITING_FRAMES) {
      // Leaving out single frames would smear every later one.
      this.dropped += this.waiting.splice(0).length;
      this.awaitingKeyframe = true;
    }
    if (this.awaitingKeyframe && !frame.keyframe) {
      this.dropped += 1;
      this.track.requestKeyframe();
      return;
    }
    this.awaitingKeyframe = false;
    this.waiting.push(frame);
    this.working ??= this.work();
  }

  private async work(): Promise<void> {
    for (let frame = this.waiting.shift(); frame !== undefined; frame = this.waiting.shift()) {
      try {
        for (const input of await this.decode(frame)) {
          this.decoded += 1;
          if (this.closed || !this.deliver(input)) this.dropped += 1;
        }
      } catch {
        this.dropped += 1;
        if (frame.codec !== 'OPUS') this.track.requestKeyframe();
      }
    }
    // Here and not in a `finally`: between the last look at the queue and a later turn a frame could come and be left lying.
    this.working = undefined;
  }

  private async decode({ codec, data, rtpTimestamp }: TimedInput): Promise<MediaInput[]> {
    if (codec === 'OPUS') {
      return [{ kind: 'audio', audio: await this.audio.decode(data, rtpTimestamp) }];
    }
    if (this.video?.codec !== codec) {
      this.video?.decoder.close();
      this.video = { codec, decoder: await VideoDecoder.open(codec) };
    }
    const pictures = await this.video.decoder.decode(data);
    if (this.video.decoder.needsKeyframe) this.track.requestKeyframe();
    return pictures.map((picture) => ({ kind: 'video', pictures: [picture] }));
  }
}
