import type { Chunk } from '../common/index.js';
import type { ChunkMark, FrameTimes } from '../media/index.js';
import { controlKey, MAX_WAITING_CONTROLS, type ControlId } from '../pipeline-loader/index.js';
import type { ShownReport } from './channel-messages.js';
import type { StageLatencies } from './stage-latencies.js';

/** Sent pictures whose report is waited for; of more, the oldest are forgotten. Ten seconds of single-frame chunks. */
const MAX_WAITING_PICTURES = 256;

interface Control {
  /** As the client wrote it. */
  readonly id: ControlId;
  readonly receivedAtMs: number;
}

interface SentPicture {
  readonly sentAtMs: number;
  /** What it is the first to reflect. */
  readonly controls: readonly Control[];
}

/**
 * Follows the control messages of one session that have an id, and the first picture of each chunk, through the stages that lie between a key
 * and what a viewer sees of it. Times are this process's `performance.now()`; what a host or a client claims is never taken for earlier
 * than its cause.
 */
export class SessionTiming {
  /** Received, and named by no chunk yet. */
  private readonly waiting = new Map<string, Control>();
  /** Named by a chunk of which no picture was sent yet. */
  private readonly named = new Map<string, Control>();
  /** By RTP timestamp. */
  private readonly pictures = new Map<number, SentPicture>();
  /** RTP timestamp of the picture that was the first to reflect a control, for the last of them. */
  private readonly reflected = new Map<string, number>();
  private hasControls = false;
  private hasPictures = false;

  constructor(private readonly latencies: StageLatencies) {}

  /** Takes note of a client's message with an id; returns the text by which the host knows it, or undefined while the id is another's. */
  controlReceived(id: ControlId, nowMs: number): string | undefined {
    const key = controlKey(id);
    if (key === undefined || this.waiting.has(key)) return undefined;
    this.hasControls = true;
    remember(this.waiting, key, { id, receivedAtMs: nowMs }, MAX_WAITING_CONTROLS);
    return key;
  }

  /** Takes note of a chunk on its way to the client; returns the ids of the controls that it is the first to reflect, as the client wrote them. */
  chunkRouted({ appliedControls = [], pushedAtMs = [], yieldedAtMs }: Chunk): readonly ControlId[] {
    const ids: ControlId[] = [];
    for (const [position, key] of appliedControls.entries()) {
      const control = this.waiting.get(key);
      if (control === undefined) continue;
      this.waiting.delete(key);
      // Its picture may come; one that was dropped is followed by another.
      remember(this.named, key, control, MAX_WAITING_CONTROLS);
      ids.push(control.id);
      this.recordPush(control, pushedAtMs[position], yieldedAtMs);
    }
    return ids;
  }

  /** @param first what is told of a chunk with the first of its pictures that was sent */
  pictureSent(times: FrameTimes, first: ChunkMark | undefined): void {
    const { yieldedAtMs, encodeBeganAtMs, encodedAtMs, sentAtMs } = times;
    this.latencies.record('encode', encodedAtMs - encodeBeganAtMs);
    this.latencies.record('encode_to_send', sentAtMs - encodedAtMs);
    if (first === undefined) return;
    if (yieldedAtMs !== undefined) {
      this.latencies.record('yield_to_encode', encodeBeganAtMs - yieldedAtMs);
      this.latencies.record('yield_to_sent', sentAtMs - yieldedAtMs);
    }
    const controls: Control[] = [];
    for (const key of first.appliedControls) {
      const control = this.named.get(key);
      if (control === undefined) continue;
      this.named.delete(key);
      controls.push(control);
      remember(this.reflected, key, first.rtpTimestamp, MAX_WAITING_CONTROLS);
      this.latencies.record('control_to_sent', sentAtMs - control.receivedAtMs);
    }
    this.hasPictures = true;
    remember(this.pictures, first.rtpTimestamp, { sentAtMs, controls }, MAX_WAITING_PICTURES);
  }

  /**
   * Takes a client's report that a picture was shown. Each counts once; what tells of nothing known is ignored.
   * @param shownAtMs when it was shown, as far as can be said
   * @returns false when it cannot be one, because the client was told of nothing that it could report
   */
  shown(report: ShownReport, shownAtMs: number): boolean {
    if ('rtpTimestamp' in report) {
      this.pictureShown(report.rtpTimestamp, shownAtMs);
      return this.hasPictures;
    }
    const key = controlKey(report.id) ?? '';
    const rtpTimestamp = this.reflected.get(key);
    this.reflected.delete(key);
    if (rtpTimestamp !== undefined) this.pictureShown(rtpTimestamp, shownAtMs);
    return this.hasControls;
  }

  private pictureShown(rtpTimestamp: number, shownAtMs: number): void {
    const picture = this.pictures.get(rtpTimestamp);
    if (picture === undefined) return;
    this.pictures.delete(rtpTimestamp);
    const atMs = Math.max(shownAtMs, picture.sentAtMs);
    this.latencies.record('send_to_shown', atMs - picture.sentAtMs);
    for (const { receivedAtMs } of picture.controls) this.latencies.record('control_to_shown', atMs - receivedAtMs);
  }

  private recordPush({ receivedAtMs }: Control, pushedAtMs: number | undefined, yieldedAtMs: number | undefined): void {
    if (pushedAtMs === undefined) return;
    const atMs = Math.max(pushedAtMs, receivedAtMs);
    this.latencies.record('control_to_push', atMs - receivedAtMs);
    if (yieldedAtMs !== undefined) this.latencies.record('push_to_yield', yieldedAtMs - atMs);
  }
}

/** Adds an entry as the newest, and forgets the oldest of more than `max`. */
function remember<Key, Value>(entries: Map<Key, Value>, key: Key, value: Value, max: number): void {
  entries.delete(key);
  entries.set(key, value);
  const oldest = entries.size > max ? entries.keys().next() : undefined;
  if (oldest?.done === false) entries.delete(oldest.value);
}
