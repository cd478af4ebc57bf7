import type { PipelineChunk, ServeRequest, ServerPushService } from 'telefuser-stream/pipeline';

const WIDTH = 640;
const HEIGHT = 360;
const FPS = 24;
const BAR_WIDTH = 40;

/** Server push: one request in, a stream of chunks out. Put your model where the picture is drawn. */
class Pipeline implements ServerPushService {
  readonly defaultFps = FPS;
  /** What clients show of it, and what they offer. */
  readonly about = { name: '__NAME__', defaultPrompt: 'a colour', controls: [], inputs: ['prompt'] };

  /** Called once, before the first viewer. Load the model here; the server is not ready until this has returned. */
  async start(): Promise<void> {
    console.log('__NAME__ is ready');
  }

  /** Called once at the end. Free what start() took. */
  async stop(): Promise<void> {}

  /**
   * Called for each viewer. The request has what the page sent: `prompt`, `config` and any other field. At each `yield` the generator waits
   * until the server has room for more, so there is no need to sleep.
   */
  async *serve(request: ServeRequest): AsyncGenerator<PipelineChunk> {
    const { prompt = '' } = request;
    const tint = tintOf(prompt);
    // One buffer is enough: it is read before the generator goes on.
    const data = new Uint8Array(WIDTH * HEIGHT * 3);
    for (let index = 0; ; index += 1) {
      draw(data, index, tint);
      yield {
        index,
        fps: FPS,
        frames: [{ format: 'RGB24', width: WIDTH, height: HEIGHT, data }],
        // What is not media goes to the page, over the data channel.
        prompt,
      };
    }
  }
}

/** A gradient in the prompt's colour, and a bar that runs from left to right. */
function draw(data: Uint8Array, index: number, tint: readonly [number, number, number]): void {
  const bar = (index * 4) % WIDTH;
  for (let y = 0, offset = 0; y < HEIGHT; y += 1) {
    for (let x = 0; x < WIDTH; x += 1, offset += 3) {
      const isBar = x >= bar && x < bar + BAR_WIDTH;
      const level = isBar ? 1 : y / HEIGHT;
      data[offset] = tint[0] * level;
      data[offset + 1] = tint[1] * level;
      data[offset + 2] = tint[2] * level;
    }
  }
}

/** Another prompt, another colour. */
function tintOf(prompt: string): [number, number, number] {
  let hash = 7;
  for (const letter of prompt) hash = (hash * 31 + (letter.codePointAt(0) ?? 0)) % 360;
  const channel = (shift: number): number => 150 + 100 * Math.cos(((hash + shift) * Math.PI) / 180);
  return [channel(0), channel(240), channel(120)];
}

export function getService(): ServerPushService {
  return new Pipeline();
}
