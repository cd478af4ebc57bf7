/** `MediaStreamTrackProcessor`, which Chromium has in windows too, and TypeScript's DOM does not know there. Runs in the page. */

interface ProcessorConstructor {
  new (options: { track: MediaStreamTrack; maxBufferSize?: number }): { readonly readable: ReadableStream<unknown> };
}

/** Every decoded frame or block of sound of a track, until it ends or `signal` aborts. The caller closes each. */
export async function* readTrack<T extends VideoFrame | AudioData>(
  track: MediaStreamTrack,
  maxBufferSize: number,
  signal: AbortSignal,
): AsyncGenerator<T, void, undefined> {
  const { MediaStreamTrackProcessor } = globalThis as unknown as { MediaStreamTrackProcessor: ProcessorConstructor };
  const reader = new MediaStreamTrackProcessor({ track, maxBufferSize }).readable.getReader();
  signal.addEventListener('abort', () => void reader.cancel().catch(() => undefined), { once: true });
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    yield value as T;
  }
}
