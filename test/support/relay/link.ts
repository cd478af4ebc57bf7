/** One direction of a network path as arithmetic: when does a packet that comes now arrive, if at all? Pure; the caller brings the time. */

/** The capacity from a moment on. */
export interface CapacityStep {
  /** After the schedule began, ms. */
  readonly atMs: number;
  /** Bits a second; Infinity for a link that is never full. */
  readonly bitsPerSecond: number;
}

export interface LossModel {
  /** Packets lost, 0–1, in the long run. */
  readonly share: number;
  /** Mean number of packets lost in a row (Gilbert's two-state channel); left out: each packet on its own. */
  readonly meanBurst?: number;
}

export interface LinkProfile {
  /** In order of time, the first at 0; left out: a link that is never full. The last holds on. */
  readonly capacity?: readonly CapacityStep[];
  /**
   * A packet whose last bit would have left later than this is dropped (drop-tail, as `latency` of Linux's token bucket): so a queue has as many
   * bytes as the link carries in this time, and a short packet may find room where a long one does not. Left out: unbounded in time.
   */
  readonly queueMs?: number;
  /** Drop-tail by bytes, as a router counts; the stricter of both holds. */
  readonly queueBytes?: number;
  /** Of every packet, one way. */
  readonly delayMs?: number;
  /** Further delay, evenly spread from 0 to this; packets never overtake one another. */
  readonly jitterMs?: number;
  readonly loss?: LossModel;
}

/** What became of a packet. */
export type Passage =
  | { readonly fate: 'delivered'; readonly atMs: number; readonly queuedMs: number }
  | { readonly fate: 'lost' }
  | { readonly fate: 'dropped' };

/** IPv4 and UDP header: what a packet of the link is longer than its payload. */
const HEADER_BYTES = 28;
/** Whatever the profile says, no queue holds more. */
const MAX_QUEUE_BYTES = 16 * 2 ** 20;

export class Link {
  private readonly profile: LinkProfile;
  private readonly random: () => number;
  private readonly steps: readonly CapacityStep[];
  /** When the last bit accepted so far will have left. */
  private freeAtMs = -Infinity;
  private lastArrivalMs = -Infinity;
  private beganAtMs: number | undefined;
  private inLossBurst = false;
  /** Accepted packets whose last bit has not left, oldest first. */
  private readonly waiting: { readonly leavesAtMs: number; readonly bytes: number }[] = [];
  private waitingBytes = 0;

  /** @param random numbers in [0, 1) */
  constructor(profile: LinkProfile, random: () => number) {
    this.profile = profile;
    this.random = random;
    this.steps = profile.capacity ?? [];
  }

  /** Starts the schedule of the capacity; until then the first step holds. Later calls change nothing. */
  begin(nowMs: number): void {
    this.beganAtMs ??= nowMs;
  }

  /** A packet comes. `payloadBytes` is the UDP payload; the link also carries its IP and UDP headers. */
  send(payloadBytes: number, nowMs: number): Passage {
    const { queueMs = Infinity, queueBytes = MAX_QUEUE_BYTES, delayMs = 0, jitterMs = 0 } = this.profile;
    if (this.isLost()) return { fate: 'lost' };
    this.forgetWhatLeft(nowMs);
    const bytes = payloadBytes + HEADER_BYTES;
    const queuedMs = Math.max(0, this.freeAtMs - nowMs);
    const leavesAtMs = this.leavesAt(bytes * 8, nowMs + queuedMs);
    const isFull = queuedMs > 0 && leavesAtMs - nowMs > queueMs;
    if (isFull || this.waitingBytes + bytes > Math.min(queueBytes, MAX_QUEUE_BYTES)) return { fate: 'dropped' };
    this.freeAtMs = leavesAtMs;
    this.waiting.push({ leavesAtMs: this.freeAtMs, bytes });
    this.waitingBytes += bytes;
    this.lastArrivalMs = Math.max(this.lastArrivalMs, this.freeAtMs + delayMs + this.random() * jitterMs);
    return { fate: 'delivered', atMs: this.lastArrivalMs, queuedMs: this.freeAtMs - nowMs };
  }

  /** How long a packet that came now would wait before its first bit leaves. */
  queueMs(nowMs: number): number {
    return Math.max(0, this.freeAtMs - nowMs);
  }

  /** Bits a second; Infinity when nothing limits. */
  capacity(nowMs: number): number {
    return this.stepAt(nowMs).bitsPerSecond;
  }

  private isLost(): boolean {
    const { loss } = this.profile;
    if (loss === undefined || loss.share === 0) return false;
    const { share, meanBurst } = loss;
    if (meanBurst === undefined) return this.random() < share;
    // Leaving a burst has the probability 1 / its mean length; entering one is set so that the share comes out in the long run.
    const chance = this.inLossBurst ? 1 - 1 / meanBurst : share / (meanBurst * (1 - share));
    this.inLossBurst = this.random() < chance;
    return this.inLossBurst;
  }

  private forgetWhatLeft(nowMs: number): void {
    const left = this.waiting.findIndex(({ leavesAtMs }) => leavesAtMs > nowMs);
    for (const { bytes } of this.waiting.splice(0, left === -1 ? this.waiting.length : left)) this.waitingBytes -= bytes;
  }

  /** When so many bits have left that begin at `fromMs`, whatever the capacity does meanwhile. */
  private leavesAt(bits: number, fromMs: number): number {
    let atMs = fromMs;
    for (let left = bits; ;) {
      const { bitsPerSecond, untilMs } = this.stepAt(atMs);
      const neededMs = (left * 1000) / bitsPerSecond;
      if (atMs + neededMs <= untilMs) return atMs + neededMs;
      left -= ((untilMs - atMs) * bitsPerSecond) / 1000;
      atMs = untilMs;
    }
  }

  private stepAt(nowMs: number): { readonly bitsPerSecond: number; readonly untilMs: number } {
    const began = this.beganAtMs;
    const elapsedMs = began === undefined ? 0 : nowMs - began;
    const next = began === undefined ? -1 : this.steps.findIndex(({ atMs }) => atMs > elapsedMs);
    const current = (began === undefined ? this.steps[0] : this.steps.at(next === -1 ? -1 : next - 1)) ?? {
      bitsPerSecond: Infinity,
    };
    const nextStep = next === -1 ? undefined : this.steps[next];
    return { bitsPerSecond: current.bitsPerSecond, untilMs: nextStep === undefined ? Infinity : (began ?? 0) + nextStep.atMs };
  }
}
