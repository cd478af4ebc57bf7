/**
 * Makes audio a little longer or shorter, without a cut: cubic interpolation between the samples (Catmull–Rom). It changes the pitch by the
 * same share, so it is for parts of a percent. Pure.
 * @param samples interleaved.
 * @param count samples per channel to make.
 */
export function stretched(samples: Int16Array, channels: 1 | 2, count: number): Int16Array {
  const out = new Int16Array(count * channels);
  const last = samples.length - channels;
  const step = samples.length / channels / count;
  for (let index = 0; index < count; index += 1) {
    const at = index * step;
    const base = Math.floor(at);
    const share = at - base;
    for (let channel = 0; channel < channels; channel += 1) {
      const from = Math.min(base * channels, last) + channel;
      const s0 = samples[Math.max(from - channels, channel)] ?? 0;
      const s1 = samples[from] ?? 0;
      const s2 = samples[Math.min(from + channels, last + channel)] ?? 0;
      const s3 = samples[Math.min(from + 2 * channels, last + channel)] ?? 0;
      const bend = 2 * s0 - 5 * s1 + 4 * s2 - s3 + share * (3 * (s1 - s2) + s3 - s0);
      const value = Math.round(s1 + 0.5 * share * (s2 - s0 + share * bend));
      out[index * channels + channel] = value > 32_767 ? 32_767 : value < -32_768 ? -32_768 : value;
    }
  }
  return out;
}
