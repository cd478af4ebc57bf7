/** Server push for the tests: plays the steps in the request's `script`. */
import type { ChunkSource, PipelineChunk, ServeRequest, ServerPushService } from 'telefuser-stream/pipeline';
import { events, play, type Step } from './chunk-script.ts';

class ScriptedPush implements ServerPushService {
  readonly defaultFps = 20;

  serve(request: ServeRequest): ChunkSource {
    const act = request['serve'];
    if (act === 'throw') throw new Error('serve cannot');
    if (act === 'not-iterable') return 42 as unknown as ChunkSource;
    return this.run(request);
  }

  private async *run(request: ServeRequest): AsyncGenerator<PipelineChunk, void, undefined> {
    const id = String(request.session_id);
    events.push(`begin ${id}`);
    try {
      if (request['echo'] === true) yield { type: 'chunk', index: 0, request };
      yield* play((request['script'] ?? []) as readonly Step[]);
    } finally {
      events.push(`end ${id}`);
      // oxlint-disable-next-line no-unsafe-finally -- a clean-up that breaks is what is tested
      if (request['in_return'] === 'throw') throw new Error('the clean-up broke');
      if (request['in_return'] === 'hang') await new Promise(() => undefined);
    }
  }
}

export const getService = (): ServerPushService => new ScriptedPush();
