import type { Chunk, MediaInput } from '../common/index.js';

/** One session's run of the pipeline. Made by `PipelineService.open`, owned by the session, which closes it. */
export interface PipelineRun {
  /** Bidirectional: what `createSession` returned, else the id given to `open`. */
  readonly sessionId: string;

  /** Pictures that have come from the host in chunks, whatever became of them. */
  readonly picturesReceived: number;

  /**
   * The chunks, once. The pipeline's generator begins with the first `next()` and is at most two chunks ahead of the consumer; to stop
   * consuming is to hold it. Ends when the generator ends or the run is closed. `return()` closes the run.
   *
   * @throws (from `next()`) PipelineFailedError when the pipeline threw, PipelineCrashedError when its process is gone; chunks that
   * arrived before come first
   */
  chunks(): AsyncIterable<Chunk>;

  /**
   * Bidirectional: hands a client's message (a JSON value, or a `Uint8Array` for a binary one) to `pushChunk`. Never waits. A message that
   * cannot be sent, or that makes the pipeline throw, is reported to `onPushError`. Server push: ignored.
   *
   * @param control id of the message (`controlKey`): the first chunk that reflects it has it among its `appliedControls`
   */
  push(message: unknown, control?: string): void;

  /**
   * Bidirectional: hands camera pictures or microphone sound to `pushChunk`. The buffers must not change afterwards.
   *
   * @returns false when the media was dropped, because the pipeline is behind or the run is over
   */
  pushMedia(input: MediaInput): boolean;

  /** Hears what went wrong with a `push` or `pushMedia`. */
  onPushError(listener: (message: string) => void): void;

  /** Hears of a yielded value that is no valid chunk. It was skipped, and the run goes on. */
  onChunkError(listener: (message: string) => void): void;

  /**
   * Ends the run: the generator's `return()`, then `closeSession`. Idempotent. Resolves when the pipeline is done with it or the time is up;
   * never rejects.
   */
  close(): Promise<void>;
}
