/** Frames that are remembered: a frame may come before the message that says what it shows. */
const MAX_FRAMES = 256;
/** Times that are kept; later ones are counted only. */
const MAX_TIMES = 2000;
const HALF_CIRCLE = 2 ** 31;

export interface ControlTimes {
  readonly sent: number;
  /** Controls that a chunk named as applied. */
  readonly acknowledged: number;
  /** From the sending of a control to the message that names it. */
  readonly acknowledgedMs: readonly number[];
  /** From the sending of a control to the end of the first frame that reflects it. */
  readonly appliedMs: readonly number[];
}

interface WaitingControl {
  readonly sentAtMs: number;
  acknowledged: boolean;
  /** RTP timestamp of the first frame that reflects it. */
  rtpTimestamp: number | undefined;
}

/**
 * Follows controls to the frames that reflect them: each has an `id`, the chunk that is the first to reflect it names it in `applied_controls`, and says
 * in `rtp_timestamp` where on the video stream its first picture is. Pure.
 */
export class ControlProbe {
  private readonly waiting = new Map<number, WaitingControl>();
  private readonly frames: { readonly timestamp: number; readonly atMs: number }[] = [];
  private readonly acknowledgedMs: number[] = [];
  private readonly appliedMs: number[] = [];
  private sent = 0;
  private acknowledged = 0;

  get times(): ControlTimes {
    const { sent, acknowledged, acknowledgedMs, appliedMs } = this;
    return { sent, acknowledged, acknowledgedMs, appliedMs };
  }

  /** Whether a control is under way. */
  get isWaiting(): boolean {
    return this.waiting.size > 0;
  }

  /** The next control with an id of its own, to be sent now. */
  next(control: Readonly<Record<string, unknown>>, nowMs: number): Readonly<Record<string, unknown>> {
    this.sent += 1;
    this.waiting.set(this.sent, { sentAtMs: nowMs, acknowledged: false, rtpTimestamp: undefined });
    return { ...control, id: this.sent };
  }

  /** Waits no longer for controls of before `sentBeforeMs`. */
  giveUp(sentBeforeMs: number): void {
    for (const [id, { sentAtMs }] of this.waiting) if (sentAtMs < sentBeforeMs) this.waiting.delete(id);
  }

  messageReceived(message: Readonly<Record<string, unknown>>, nowMs: number): void {
    const { applied_controls: applied, rtp_timestamp: timestamp } = message;
    if (message['type'] !== 'chunk' || !Array.isArray(applied)) return;
    for (const id of applied as unknown[]) {
      const control = typeof id === 'number' ? this.waiting.get(id) : undefined;
      if (control === undefined || control.acknowledged) continue;
      control.acknowledged = true;
      this.acknowledged += 1;
      keep(this.acknowledgedMs, nowMs - control.sentAtMs);
      if (typeof timestamp === 'number') control.rtpTimestamp = timestamp;
      // A chunk without video is followed no further.
      else this.waiting.delete(id as number);
    }
    this.match();
  }

  frameReceived(timestamp: number, nowMs: number): void {
    this.frames.push({ timestamp, atMs: nowMs });
    if (this.frames.length > MAX_FRAMES) this.frames.shift();
    this.match();
  }

  private match(): void {
    for (const [id, { rtpTimestamp, sentAtMs }] of this.waiting) {
      if (rtpTimestamp === undefined) continue;
      // That frame, or where it was dropped the next one that came.
      const frame = this.frames.find(({ timestamp, atMs }) => atMs >= sentAtMs && isAtOrAfter(timestamp, rtpTimestamp));
      if (frame === undefined) continue;
      keep(this.appliedMs, frame.atMs - sentAtMs);
      this.waiting.delete(id);
    }
  }
}

function isAtOrAfter(timestamp: number, other: number): boolean {
  return (timestamp - other) >>> 0 < HALF_CIRCLE;
}

function keep(times: number[], ms: number): void {
  if (times.length < MAX_TIMES) times.push(ms);
}
