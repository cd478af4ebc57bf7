/** Reads every block of sound of an audio track, finds the clip's beeps in it. Runs in the page. */
import { readTrack } from './processor.ts';

const MAX_WAITING = 100;
/** The beep has an amplitude of 0.316, the chord under it 0.016. */
const ONSET_LEVEL = 0.08;
/** A beep begins after at least this much without one. */
const QUIET_SECONDS = 0.25;
const BEEP_HERTZ = 1000;

/** One 10 ms block, as the audio device asked the receiver for it. */
export interface SoundRecord {
  /** When the device asked, `performance.now()` of the page. */
  readonly pulledMs: number;
  /** Root mean square, 0–1. */
  readonly level: number;
  /** Share of the block's energy within about 100 Hz of 1 kHz, 0–1. */
  readonly beepShare: number;
  readonly channels: number;
}

export class SoundReader {
  readonly blocks: SoundRecord[] = [];
  /** `performance.now()` at which the device asked for the first sample of each beep. */
  readonly onsetsMs: number[] = [];
  private quietSamples = 0;

  constructor(track: MediaStreamTrack, signal: AbortSignal) {
    void this.read(track, signal);
  }

  clear(): void {
    this.blocks.length = 0;
    this.onsetsMs.length = 0;
  }

  private async read(track: MediaStreamTrack, signal: AbortSignal): Promise<void> {
    for await (const block of readTrack<AudioData>(track, MAX_WAITING, signal)) {
      const samples = new Float32Array(block.numberOfFrames);
      block.copyTo(samples, { planeIndex: 0, format: 'f32-planar' });
      // Chromium stamps a block of a remote track with the time it was pulled, on the clock of `performance.now()`.
      this.inspect(samples, block.timestamp / 1000, block.sampleRate, block.numberOfChannels);
      block.close();
    }
  }

  private inspect(samples: Float32Array, pulledMs: number, sampleRate: number, channels: number): void {
    let energy = 0;
    let [real, imaginary] = [0, 0];
    samples.forEach((sample, index) => {
      energy += sample * sample;
      const angle = (2 * Math.PI * BEEP_HERTZ * index) / sampleRate;
      real += sample * Math.cos(angle);
      imaginary += sample * Math.sin(angle);
      if (Math.abs(sample) < ONSET_LEVEL) {
        this.quietSamples += 1;
        return;
      }
      if (this.quietSamples > QUIET_SECONDS * sampleRate) this.onsetsMs.push(pulledMs + (index / sampleRate) * 1000);
      this.quietSamples = 0;
    });
    const beepEnergy = (2 * (real * real + imaginary * imaginary)) / samples.length;
    this.blocks.push({
      pulledMs,
      level: Math.sqrt(energy / samples.length),
      beepShare: energy === 0 ? 0 : Math.min(1, beepEnergy / energy),
      channels,
    });
    if (this.blocks.length > 20_000) this.blocks.shift();
  }
}
