/**
 * The test clip, a frame a chunk at its own pace; each chunk says when it was yielded (`yielded_ms`, milliseconds since 1970) and which
 * frame it carries (`counter`, as drawn in the picture). The pictures are made JPEG at the start.
 *
 * `-o mode=interactive` is a bidirectional pipeline (newest first), `-o mode=lossless` a server-push one.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { GetServiceOptions, PipelineChunk, PipelineService } from 'telefuser-stream/pipeline';
import { DEFAULT_CLIP, loadClip, type Clip } from '../../../pipelines/video-replay/clip.ts';

let clip: Clip | undefined;

async function load(): Promise<void> {
  clip = await loadClip(DEFAULT_CLIP);
}

async function* play(isOpen: () => boolean): AsyncGenerator<PipelineChunk, void, undefined> {
  if (clip === undefined) throw new Error('the clip is not loaded');
  const { pictures, fps } = clip;
  const startedAt = performance.now();
  for (let index = 0; isOpen(); index += 1) {
    const waitMs = startedAt + (index * 1000) / fps - performance.now();
    if (waitMs > 0) await sleep(waitMs);
    const counter = index % pictures.length;
    const picture = pictures[counter] ?? new Uint8Array();
    yield { type: 'chunk', index, fps, frames: [picture], counter, yielded_ms: performance.timeOrigin + performance.now() };
  }
}

export function getService({ options }: GetServiceOptions): PipelineService {
  const { mode } = options;
  if (mode === 'lossless') return { defaultFps: 24, delivery: 'lossless', start: load, serve: () => play(() => true) };
  if (mode !== 'interactive') throw new Error('-o mode= must be interactive or lossless');
  const open = new Set<string>();
  return {
    defaultFps: 24,
    start: load,
    createSession: ({ session_id: sessionId }) => void open.add(sessionId),
    pushChunk: () => undefined,
    pullChunks: (sessionId) => play(() => open.has(sessionId)),
    closeSession: (sessionId) => void open.delete(sessionId),
  };
}
