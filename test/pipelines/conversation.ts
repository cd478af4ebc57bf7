/**
 * Bidirectional for the tests. It answers every message with `{heard: …}`, plays the steps of a message's `script`, and misbehaves in the
 * method that the session's configuration names: `{misbehave: {pushChunk: 'throw'}}`.
 */
import type { BidirectionalService, PipelineChunk, PipelineMessage, SessionConfig } from 'telefuser-stream/pipeline';
import { events, play, type Step } from './chunk-script.ts';

type Method = 'createSession' | 'pushChunk' | 'pullChunks' | 'closeSession';

class Conversation {
  readonly waiting: PipelineChunk[] = [];
  readonly scripts: (readonly Step[])[] = [];
  open = true;
  wake: () => void = () => undefined;
  readonly misbehave: Partial<Record<Method, string>>;

  constructor(misbehave: Partial<Record<Method, string>>) {
    this.misbehave = misbehave;
  }
}

class Conversations implements BidirectionalService {
  readonly #sessions = new Map<string, Conversation>();

  async createSession(config: SessionConfig): Promise<string> {
    const misbehave = (config['misbehave'] ?? {}) as Partial<Record<Method, string>>;
    if (misbehave.createSession === 'conflict') throw Object.assign(new Error('the GPU is taken'), { code: 'conflict' });
    if (misbehave.createSession === 'hang') await new Promise(() => undefined);
    await act(misbehave.createSession, 'createSession');
    const id = typeof config['call_it'] === 'string' ? config['call_it'] : config.session_id;
    const session = new Conversation(misbehave);
    if (config['echo'] === true) session.waiting.push({ config });
    if (Array.isArray(config['script'])) session.scripts.push(config['script'] as Step[]);
    this.#sessions.set(id, session);
    events.push(`create ${id}`);
    return id;
  }

  async pushChunk(id: string, message: PipelineMessage): Promise<void> {
    const session = this.#sessions.get(id);
    if (session === undefined) throw new Error(`no session ${id}`);
    await act(session.misbehave.pushChunk, 'pushChunk');
    if (isRecord(message) && Array.isArray(message['script'])) session.scripts.push(message['script'] as Step[]);
    else session.waiting.push({ heard: describe(message) });
    session.wake();
  }

  async *pullChunks(id: string): AsyncGenerator<PipelineChunk, void, undefined> {
    const session = this.#sessions.get(id);
    if (session === undefined) throw new Error(`no session ${id}`);
    await act(session.misbehave.pullChunks, 'pullChunks');
    try {
      while (session.open) {
        yield* session.waiting.splice(0);
        const script = session.scripts.shift();
        if (script !== undefined) yield* play(script);
        else if (session.waiting.length === 0 && session.misbehave.pullChunks === 'end') return;
        else if (session.waiting.length === 0) await new Promise<void>((resolve) => (session.wake = resolve));
      }
    } finally {
      events.push(`end ${id}`);
    }
  }

  async closeSession(id: string): Promise<void> {
    const session = this.#sessions.get(id);
    if (session === undefined) throw new Error(`no session ${id}`);
    this.#sessions.delete(id);
    session.open = false;
    session.wake();
    events.push(`close ${id}`);
    await act(session.misbehave.closeSession, 'closeSession');
  }
}

async function act(what: string | undefined, method: Method): Promise<void> {
  if (what === 'throw') throw new Error(`${method} cannot`);
  if (what === 'exit') process.exit(9);
  if (what === 'hang') await new Promise(() => undefined);
}

/** Messages as JSON that the client can look at; media as its format and its mean. */
function describe(message: PipelineMessage): unknown {
  if (message instanceof Uint8Array) return { bytes: [...message.subarray(0, 16)], length: message.length };
  if (!isRecord(message) || message['type'] !== 'media') return message;
  if (message['audio_pcm'] instanceof Uint8Array) {
    const {
      audio_pcm: pcm,
      sample_rate,
      channels,
    } = message as unknown as { audio_pcm: Uint8Array; sample_rate: number; channels: number };
    const samples = new Int16Array(pcm.buffer.slice(pcm.byteOffset, pcm.byteOffset + pcm.byteLength));
    return {
      media: 'audio',
      sample_rate,
      channels,
      samples: samples.length / channels,
      peak: samples.reduce((a, b) => Math.max(a, Math.abs(b)), 0),
    };
  }
  const [frame] = message['video_frames'] as unknown as { format: string; width: number; height: number; data: Uint8Array }[];
  if (frame === undefined) return { media: 'video' };
  const middle = (Math.floor(frame.height / 2) * frame.width + Math.floor(frame.width / 2)) * 3;
  return {
    media: 'video',
    format: frame.format,
    width: frame.width,
    height: frame.height,
    middle: [...frame.data.subarray(middle, middle + 3)],
  };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Uint8Array);
}

export const getService = (): BidirectionalService => new Conversations();
