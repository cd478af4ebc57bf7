import type { GroupDelta } from './arrival-groups.js';
import type { BandwidthUsage } from './network.js';

/** Groups in the regression, weight of the past in the smoothing, and the gain that makes a slope comparable to the threshold. */
const WINDOW = 20;
const SMOOTHING = 0.9;
const GAIN = 4;
/** The slope counts more the more groups stand behind it, up to so many. */
const MAX_WEIGHT = 60;

const INITIAL_THRESHOLD = 12.5;
const MIN_THRESHOLD = 6;
const MAX_THRESHOLD = 600;
/** How fast the threshold follows the trend up and down, per millisecond (draft-ietf-rmcat-gcc-02, section 5.4, K_u and K_d). */
const THRESHOLD_UP = 0.0087;
const THRESHOLD_DOWN = 0.039;
/** A trend so far over the threshold is an event and not the noise that the threshold is to learn. */
const MAX_ADAPTED_DISTANCE = 15;
const MAX_ADAPT_STEP_MS = 100;
/** How long the trend must stay over the threshold. */
const OVERUSE_MS = 10;

interface Sample {
  readonly arrivedMs: number;
  readonly smoothedDelayMs: number;
}

/**
 * Says whether the queue of the path grows: the slope of the smoothed one-way delay over the last groups (the trend line that goog_cc uses
 * in place of the draft's Kalman filter) against a threshold that adapts to the noise, so that neither jitter nor another flow starves it.
 */
export class OveruseDetector {
  #samples: Sample[] = [];
  #firstReceivedAtMs: number | undefined;
  #accumulatedMs = 0;
  #smoothedMs = 0;
  #groups = 0;
  #previousSlope = 0;
  #threshold = INITIAL_THRESHOLD;
  #thresholdSetAtMs: number | undefined;
  #overMs: number | undefined;
  #overGroups = 0;
  #usage: BandwidthUsage = 'normal';

  get usage(): BandwidthUsage {
    return this.#usage;
  }

  add(delta: GroupDelta): void {
    this.#firstReceivedAtMs ??= delta.receivedAtMs;
    this.#groups = Math.min(this.#groups + 1, 1000);
    this.#accumulatedMs += delta.receivedMs - delta.sentMs;
    this.#smoothedMs = SMOOTHING * this.#smoothedMs + (1 - SMOOTHING) * this.#accumulatedMs;
    this.#samples.push({ arrivedMs: delta.receivedAtMs - this.#firstReceivedAtMs, smoothedDelayMs: this.#smoothedMs });
    if (this.#samples.length > WINDOW) this.#samples.shift();
    const slope = this.#samples.length === WINDOW ? slopeOf(this.#samples) : undefined;
    this.#detect(slope ?? this.#previousSlope, delta);
  }

  /** Forgets the delays, as after a pause; the threshold stays. */
  reset(): void {
    this.#samples = [];
    this.#firstReceivedAtMs = undefined;
    this.#accumulatedMs = 0;
    this.#smoothedMs = 0;
    this.#groups = 0;
    this.#previousSlope = 0;
    this.#thresholdSetAtMs = undefined;
    this.#clearOver();
    this.#usage = 'normal';
  }

  #detect(slope: number, delta: GroupDelta): void {
    if (this.#groups < 2) return;
    const trend = Math.min(this.#groups, MAX_WEIGHT) * slope * GAIN;
    if (trend > this.#threshold) {
      // The first group over the threshold crossed it somewhere on its way.
      this.#overMs = this.#overMs === undefined ? delta.sentMs / 2 : this.#overMs + delta.sentMs;
      this.#overGroups += 1;
      if (this.#overMs > OVERUSE_MS && this.#overGroups > 1 && slope >= this.#previousSlope) {
        this.#clearOver();
        this.#usage = 'overusing';
      }
    } else {
      this.#clearOver();
      this.#usage = trend < -this.#threshold ? 'underusing' : 'normal';
    }
    this.#previousSlope = slope;
    this.#adapt(Math.abs(trend), delta.receivedAtMs);
  }

  #clearOver(): void {
    this.#overMs = undefined;
    this.#overGroups = 0;
  }

  #adapt(trend: number, nowMs: number): void {
    const elapsedMs = Math.min(Math.max(nowMs - (this.#thresholdSetAtMs ?? nowMs), 0), MAX_ADAPT_STEP_MS);
    this.#thresholdSetAtMs = nowMs;
    if (trend > this.#threshold + MAX_ADAPTED_DISTANCE) return;
    const speed = trend < this.#threshold ? THRESHOLD_DOWN : THRESHOLD_UP;
    const adapted = this.#threshold + speed * (trend - this.#threshold) * elapsedMs;
    this.#threshold = Math.min(Math.max(adapted, MIN_THRESHOLD), MAX_THRESHOLD);
  }
}

/** Least squares; undefined when all samples arrived at the same instant. */
function slopeOf(samples: readonly Sample[]): number | undefined {
  let meanX = 0;
  let meanY = 0;
  for (const { arrivedMs, smoothedDelayMs } of samples) {
    meanX += arrivedMs / samples.length;
    meanY += smoothedDelayMs / samples.length;
  }
  let numerator = 0;
  let denominator = 0;
  for (const { arrivedMs, smoothedDelayMs } of samples) {
    numerator += (arrivedMs - meanX) * (smoothedDelayMs - meanY);
    denominator += (arrivedMs - meanX) ** 2;
  }
  return denominator > 0 ? numerator / denominator : undefined;
}
