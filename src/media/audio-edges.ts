/** Samples over which a step in the signal is spread: 2.5 ms at 48 kHz, short enough not to be heard as a fade. */
const FADE_SAMPLES = 120;

/** Weight of a step, by its age in samples: 1 falling to 0 along half a cosine. */
const WEIGHTS = Float32Array.from(
  { length: FADE_SAMPLES },
  (_, age) => 0.5 + 0.5 * Math.cos((Math.PI * (age + 1)) / (FADE_SAMPLES + 1)),
);

/**
 * Takes the clicks out where a signal was cut: the step between the last sample before and the first behind the edge is added to what follows
 * and fades away. Needs nothing of the future, so a sound that ends abruptly ends softly, too. Pure.
 */
export class AudioEdges {
  /** What the last frame ended with, left and right. */
  private last: [number, number] = [0, 0];
  private step: [number, number] = [0, 0];
  private age = FADE_SAMPLES;

  /**
   * Smooths a frame in place.
   * @param frame interleaved.
   * @param edges offsets in the frame, in samples per channel and ascending, at which the signal does not continue what was before.
   */
  smooth(frame: Int16Array, channels: 1 | 2, edges: readonly number[]): void {
    const count = frame.length / channels;
    if (count === 0) return;
    let from = 0;
    for (const edge of edges) {
      this.fade(frame, channels, from, edge);
      const before = edge === 0 ? this.last : sampleAt(frame, channels, edge - 1);
      const behind = sampleAt(frame, channels, edge);
      this.step = [before[0] - behind[0], before[1] - behind[1]];
      this.age = 0;
      from = edge;
    }
    this.fade(frame, channels, from, count);
    this.last = sampleAt(frame, channels, count - 1);
  }

  private fade(frame: Int16Array, channels: 1 | 2, from: number, to: number): void {
    const [left, right] = channels === 2 ? this.step : [(this.step[0] + this.step[1]) / 2, 0];
    for (let index = from; index < to && this.age < FADE_SAMPLES; index += 1, this.age += 1) {
      const weight = WEIGHTS[this.age] ?? 0;
      add(frame, index * channels, left * weight);
      if (channels === 2) add(frame, index * 2 + 1, right * weight);
    }
  }
}

function sampleAt(frame: Int16Array, channels: 1 | 2, index: number): [number, number] {
  const left = frame[index * channels] ?? 0;
  return [left, channels === 2 ? (frame[index * 2 + 1] ?? 0) : left];
}

function add(frame: Int16Array, index: number, value: number): void {
  frame[index] = Math.max(-32_768, Math.min(32_767, Math.round((frame[index] ?? 0) + value)));
}
