/**
 * Bidirectional: sends the client's camera and microphone back. Before anything came, it yields nothing. See README.md.
 */
import type {
  AudioMediaMessage,
  BidirectionalService,
  PipelineChunk,
  PipelineFrame,
  PipelineMessage,
  SessionConfig,
} from 'telefuser-stream/pipeline';

/** Sound that may wait, about a second of it; of pictures only the latest is kept. */
const MAX_WAITING_AUDIO = 50;

/** What came from one client and was not sent back yet. */
class Echo {
  #picture: PipelineFrame | undefined;
  #audio: AudioMediaMessage[] = [];
  #soundIsNext = false;
  #closed = false;
  #wake: (() => void) | undefined;

  hear(message: PipelineMessage): void {
    if (typeof message !== 'object' || message === null) return;
    if ('video_frames' in message && Array.isArray(message.video_frames)) {
      this.#picture = (message.video_frames as PipelineFrame[]).at(-1) ?? this.#picture;
    } else if ('audio_pcm' in message && message.audio_pcm instanceof Uint8Array) {
      this.#audio.push(message as AudioMediaMessage);
      if (this.#audio.length > MAX_WAITING_AUDIO) this.#audio.shift();
    } else {
      return;
    }
    this.#wake?.();
  }

  close(): void {
    this.#closed = true;
    this.#wake?.();
  }

  /** What to send back next; waits for it. Undefined when the session is closed. */
  async next(): Promise<Partial<PipelineChunk> | undefined> {
    while (this.#picture === undefined && this.#audio.length === 0) {
      if (this.#closed) return undefined;
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
    if (this.#closed) return undefined;
    // Sound and pictures in chunks of their own, since neither's length fits the other's; in turns, so that neither waits for ever.
    this.#soundIsNext = !this.#soundIsNext;
    const picture = this.#picture;
    if (picture === undefined || (this.#soundIsNext && this.#audio.length > 0)) return this.#takeAudio();
    this.#picture = undefined;
    return { frames: [picture] };
  }

  /** The waiting sound of one format in one piece. */
  #takeAudio(): Partial<PipelineChunk> {
    const [first] = this.#audio;
    if (first === undefined) return {};
    const { sample_rate, channels } = first;
    const other = this.#audio.findIndex((piece) => piece.sample_rate !== sample_rate || piece.channels !== channels);
    const pieces = this.#audio.splice(0, other === -1 ? this.#audio.length : other);
    return {
      audio: Buffer.concat(pieces.map((piece) => piece.audio_pcm)),
      audio_sample_rate: sample_rate,
      audio_channels: channels,
    };
  }
}

export class EchoService implements BidirectionalService {
  readonly about = {
    name: 'Echo',
    description: 'Your camera and your microphone come back.',
    controls: [],
    inputs: ['camera', 'microphone'],
  };
  /** What cameras give. */
  readonly defaultFps = 30;
  readonly #sessions = new Map<string, Echo>();

  createSession(config: SessionConfig): string {
    const id = config.session_id;
    if (this.#sessions.has(id)) throw Object.assign(new Error(`the session ${id} exists already`), { code: 'conflict' });
    this.#sessions.set(id, new Echo());
    return id;
  }

  pushChunk(sessionId: string, message: PipelineMessage): void {
    this.#sessions.get(sessionId)?.hear(message);
  }

  closeSession(sessionId: string): void {
    this.#sessions.get(sessionId)?.close();
    this.#sessions.delete(sessionId);
  }

  async *pullChunks(sessionId: string): AsyncGenerator<PipelineChunk, void, undefined> {
    const echo = this.#sessions.get(sessionId);
    if (echo === undefined) return;
    for (let index = 0; ; index += 1) {
      const media = await echo.next();
      if (media === undefined) return;
      yield { type: 'chunk', index, ...media, timestamp: Date.now() / 1000 };
    }
  }
}

export function getService(): EchoService {
  return new EchoService();
}
