/**
 * Bidirectional for the tests: says, in the words of the world model that the original pages were written for, what it hears. Each frame is a chunk; its
 * colour is green while a control is held.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { BidirectionalService, PipelineChunk, PipelineMessage, SessionConfig } from 'telefuser-stream/pipeline';

const [WIDTH, HEIGHT, FPS, TARGET_FRAMES] = [320, 180, 16, 1600];
const [BLUE, GREEN] = [
  [40, 80, 200],
  [40, 200, 80],
] as const;

interface Session {
  readonly config: SessionConfig;
  controls: readonly string[];
  resets: string[];
  readonly closed: AbortController;
}

class WorldTelemetry implements BidirectionalService {
  readonly defaultFps = FPS;
  readonly #sessions = new Map<string, Session>();

  createSession(config: SessionConfig): string {
    this.#sessions.set(config.session_id, { config, controls: [], resets: [], closed: new AbortController() });
    return config.session_id;
  }

  pushChunk(id: string, message: PipelineMessage): void {
    const session = this.#sessions.get(id);
    if (session === undefined || message instanceof Uint8Array || typeof message !== 'object' || message === null) return;
    const { type, controls, event } = message as { type?: unknown; controls?: unknown; event?: unknown };
    if (type === 'control_state' && Array.isArray(controls)) session.controls = controls.map(String);
    if (type === 'control' && typeof event === 'string') session.resets.push(event);
  }

  async *pullChunks(id: string): AsyncGenerator<PipelineChunk, void, undefined> {
    const session = this.#sessions.get(id);
    if (session === undefined) return;
    for (let index = 0; !session.closed.signal.aborted; index += 1) {
      yield chunkOf(session, index);
      await sleep(1000 / FPS);
    }
  }

  closeSession(id: string): void {
    this.#sessions.get(id)?.closed.abort();
    this.#sessions.delete(id);
  }
}

function chunkOf({ config, controls, resets }: Session, index: number): PipelineChunk {
  const data = new Uint8Array(WIDTH * HEIGHT * 3);
  const colour = controls.length > 0 ? GREEN : BLUE;
  for (let at = 0; at < data.length; at += 3) data.set(colour, at);
  const { image } = config as { image?: unknown };
  return {
    frames: [{ format: 'RGB24', width: WIDTH, height: HEIGHT, data }],
    stage: 'chunk',
    index,
    controls: [...controls],
    resets: [...resets],
    received: {
      prompt: config['prompt'] ?? null,
      image: typeof image === 'string' ? image.slice(0, image.indexOf(',')) : null,
      image_path: config['image_path'] ?? null,
    },
    stream_progress: {
      service_max_duration_seconds: 600,
      target_duration_seconds: TARGET_FRAMES / FPS,
      generated_duration_seconds: index / FPS,
      generated_frames: index,
      target_frames: TARGET_FRAMES,
      completed_chunks: index,
      total_chunks: TARGET_FRAMES,
    },
    runtime_metrics: { output_queue_high_watermark: 1, dropped_video_payloads: 0 },
    chunk_elapsed_seconds: 0.01,
    control_to_chunk_seconds: 0.02,
  };
}

export const getService = (): BidirectionalService => new WorldTelemetry();
