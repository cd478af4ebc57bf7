import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { streamQuality } from '../bench/stream-quality.ts';
import { launchChromium, type Chromium } from '../support/chromium.ts';
import { waitFor } from '../support/condition.ts';
import { ProbePage, type Recording } from '../support/probe-page.ts';
import { ServerProcess } from '../support/server-process.ts';

/** The middle of its flash (pipelines/test-pattern/README.md). */
const FLASH = { x: 752, y: 32, width: 48, height: 48 };
const FRAMES = 256;

describe('the test pattern in Chromium, at the default level', () => {
  let server: ServerProcess;
  let chromium: Chromium;
  let probe: ProbePage;

  beforeAll(async () => {
    server = await ServerProcess.start('pipelines/test-pattern', { environment: { TELEFUSER_SECURITY_LEVEL: 'strict' } });
    chromium = await launchChromium();
    probe = await ProbePage.open(chromium.context, server.url);
  });
  afterAll(async () => {
    await chromium[Symbol.asyncDispose]();
    await server.stop();
  });

  async function record(request: Readonly<Record<string, unknown>>, frames: number): Promise<Recording> {
    const { handle } = await probe.openSession({ request, pictures: { counter: true, areas: [FLASH] } });
    const recording = await waitFor('enough frames and beeps', async () => {
      const all = await probe.recording(handle);
      return all.frames.length >= frames && all.onsetsMs.length >= 3 && all;
    });
    await probe.closeSession(handle);
    return recording;
  }

  it('can be read: every frame has its number, every flash its beep', async () => {
    const quality = streamQuality(await record({}, 96), FRAMES, 0);
    expect(quality.unreadableFrames).toBe(0);
    // A busy machine may make Chromium leave out a frame.
    expect(quality.skippedFrames).toBeLessThanOrEqual(3);
    // The benchmark measures this exactly, when the receiver has settled; here a gross fault is looked for.
    const offsets = quality.audioVideoOffsetsMs.map(Math.abs).sort((one, other) => one - other);
    expect(offsets.length).toBeGreaterThanOrEqual(2);
    expect(offsets[Math.floor(offsets.length / 2)]).toBeLessThan(150);
  });

  it('shows what a producer that is twice too fast loses: every other frame, and no more', async () => {
    const { framesPerSecond, skippedFrames, unreadableFrames } = streamQuality(
      await record({ delivery: 'latest', speed: 2 }, 96),
      FRAMES,
      0,
    );
    expect(unreadableFrames).toBe(0);
    expect(framesPerSecond).toBeGreaterThan(22);
    expect(framesPerSecond).toBeLessThan(26);
    expect(skippedFrames).toBeGreaterThan(80);
    expect(skippedFrames).toBeLessThan(120);
  });
});
