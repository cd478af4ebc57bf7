import type { Viewer } from '../media/index.js';
import type { ControlId } from '../pipeline-loader/index.js';
import { MAX_SENT_MESSAGE_BYTES, type MessageErrorCode, type ServerMessage } from './channel-messages.js';
import type { CloseReason } from './close-reason.js';

/** What a chunk is announced with. */
export interface ChunkAnnouncement {
  readonly index: number | undefined;
  readonly metadata: Readonly<Record<string, unknown>>;
  /** As the client wrote them; of its controls those that this chunk is the first to reflect. */
  readonly appliedControls: readonly ControlId[];
  /** Of the chunk's first picture. */
  readonly rtpTimestamp: number | undefined;
}

/** What a session says to its client on the data channel, each message with the session and the time. Its last word is `closed`. */
export class ChannelSender {
  private isOver = false;

  /** @param tooLarge told of a message that no data channel can carry; it was not sent. */
  constructor(
    private readonly sessionId: string,
    private readonly viewer: Pick<Viewer, 'send' | 'maxMessageBytes'>,
    private readonly tooLarge: (detail: string) => void,
  ) {}

  chunk({ index, metadata, appliedControls, rtpTimestamp }: ChunkAnnouncement): void {
    this.send({
      type: 'chunk',
      session_id: this.sessionId,
      index: index ?? null,
      data: metadata,
      ...(appliedControls.length === 0 ? {} : { applied_controls: appliedControls }),
      ...(rtpTimestamp === undefined ? {} : { rtp_timestamp: rtpTimestamp }),
      timestamp: nowSeconds(),
    });
  }

  /** Stands in the place of a chunk that could not be made or shown. */
  chunkError(error: string): void {
    this.send({ type: 'chunk', session_id: this.sessionId, index: null, data: null, error, timestamp: nowSeconds() });
  }

  error(code: MessageErrorCode, detail: string): void {
    this.send({ type: 'error', session_id: this.sessionId, code, detail, timestamp: nowSeconds() });
  }

  /** @param deadlineMs when the session is closed at the latest, milliseconds since 1970 */
  goingAway(deadlineMs: number): void {
    this.send({ type: 'going_away', session_id: this.sessionId, deadline: deadlineMs / 1000, timestamp: nowSeconds() });
  }

  done(totalChunks: number): void {
    this.send({ type: 'done', session_id: this.sessionId, total_chunks: totalChunks, timestamp: nowSeconds() });
  }

  /** What a pipeline still says while it is closed comes too late: nothing is sent after this. */
  closed(reason: CloseReason): void {
    this.send({ type: 'closed', session_id: this.sessionId, reason, timestamp: nowSeconds() });
    this.isOver = true;
  }

  private send(message: ServerMessage): void {
    if (this.isOver) return;
    const text = JSON.stringify(message);
    const bytes = Buffer.byteLength(text);
    const most = Math.min(MAX_SENT_MESSAGE_BYTES, this.viewer.maxMessageBytes ?? MAX_SENT_MESSAGE_BYTES);
    if (bytes <= most) this.viewer.send(text);
    else this.tooLarge(`The metadata of a chunk makes a message of ${bytes} bytes; at most ${most} can be sent.`);
  }
}

function nowSeconds(): number {
  return Date.now() / 1000;
}
