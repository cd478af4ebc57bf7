import { ControlLedger, type ControlOnScreen } from './control-ledger.js';
import type { Control, ControlOptions } from './controls.js';
import type { WatchedFrame } from './frame-watch.js';
import type { ChunkMessage } from './server-messages.js';
import { StreamError } from './stream-error.js';
import type { StreamEvents } from './stream-session.js';
import type { ControlStats } from './stream-stats.js';
import type { TypedEvents } from './typed-events.js';

/** How often the server is told that a picture was shown which reflects no control. */
const SHOWN_REPORT_EVERY_MS = 1000;

/** Sends controls, and tells when a chunk reflects them and when that is on the screen; the server is told of the latter, for its own account. */
export class Steering {
  readonly #ledger = new ControlLedger();
  readonly #events: TypedEvents<StreamEvents>;
  readonly #send: (message: unknown) => void;
  #reportedAtMs = -Infinity;

  /** @param send throws a `StreamError` when it cannot. */
  constructor(events: TypedEvents<StreamEvents>, send: (message: unknown) => void) {
    this.#events = events;
    this.#send = send;
  }

  /** @throws StreamError */
  control(message: Readonly<Record<string, unknown>>, { id }: ControlOptions): Control {
    if (id !== undefined && this.#ledger.has(id)) {
      throw new StreamError('invalid-option', `A control with the id ${JSON.stringify(id)} is on its way already.`);
    }
    const own = id ?? this.#ledger.nextId();
    const sentAtMs = performance.now();
    const sent = { ...message, id: own };
    this.#send(sent);
    return this.#ledger.sent(own, sent, sentAtMs);
  }

  chunk(message: ChunkMessage): void {
    const { applied, shown } = this.#ledger.chunk(message, performance.now());
    this.#events.emit('chunk', message);
    for (const control of applied) this.#events.emit('applied', control);
    this.#tellShown(shown);
  }

  frame({ rtpTimestamp, displayedAtMs, width, height }: WatchedFrame): void {
    const found = rtpTimestamp === undefined ? undefined : this.#ledger.frame(rtpTimestamp, displayedAtMs);
    this.#events.emit('frame', { rtpTimestamp, displayedAtMs, width, height, chunk: found?.chunk });
    if (found === undefined) return;
    this.#tellShown(found.shown);
    const isDue = displayedAtMs - this.#reportedAtMs >= SHOWN_REPORT_EVERY_MS;
    if (!found.isFirstOfChunk || found.shown.length > 0 || !isDue) return;
    this.#reportedAtMs = displayedAtMs;
    this.#report({ type: 'shown', rtp_timestamp: rtpTimestamp });
  }

  /** Another session begins, or none. */
  reset(error: StreamError): void {
    this.#ledger.reset(error);
  }

  takeStats(): ControlStats {
    return this.#ledger.takeStats();
  }

  #tellShown(shown: readonly ControlOnScreen[]): void {
    for (const one of shown) {
      this.#report({ type: 'shown', id: one.control.id });
      this.#events.emit('shown', one);
    }
  }

  /** No more than there is room for. */
  #report(message: unknown): void {
    try {
      this.#send(message);
    } catch {
      // The picture was shown all the same.
    }
  }
}
