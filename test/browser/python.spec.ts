import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { launchChromium, type Chromium } from '../support/chromium.ts';
import { waitFor } from '../support/condition.ts';
import { ProbePage, type FrameRecord } from '../support/probe-page.ts';
import { ServerProcess } from '../support/server-process.ts';

/** A place of the picture that is of one colour (test/pipelines/python/test_card.py). */
const MIDDLE: readonly [number, number] = [416, 240];
const COLOUR_TOLERANCE = 6;
/** Frames whose counter a busy machine may let Chromium leave out; the order never changes. */
const MISSED = 3;

/**
 * Pipelines as authors of the original server write them: from the protocol alone, for the interpreter that has the libraries they use.
 */
describe('a Python pipeline in Chromium', () => {
  let chromium: Chromium;

  beforeAll(async () => {
    chromium = await launchChromium();
  });
  afterAll(async () => {
    await chromium[Symbol.asyncDispose]();
  });

  function serve(name: string): Promise<ServerProcess> {
    return ServerProcess.start(`test/pipelines/python/${name}.py`, {
      environment: { TELEFUSER_PYTHON: '/usr/bin/python3' },
    });
  }

  async function frames(probe: ProbePage, handle: number, count: number): Promise<readonly FrameRecord[]> {
    return waitFor(`${count} frames`, async () => {
      const recording = await probe.recording(handle);
      return recording.frames.length >= count && recording.frames;
    });
  }

  /** What is wrong with the order of frames: nothing, when each has the counter after the one before. */
  function disorder(recorded: readonly FrameRecord[]): string[] {
    const counters = recorded.map(({ counter }) => counter ?? Number.NaN);
    const steps = counters.slice(1).map((counter, index) => (counter - (counters[index] ?? Number.NaN) + 256) % 256);
    const jumps = steps.filter((step) => step !== 1);
    const sizes = new Set(recorded.map(({ width, height }) => `${width}×${height}`));
    return [
      ...[...sizes].filter((size) => size !== '832×480'),
      ...(jumps.length > MISSED || !jumps.every((step) => step > 1 && step < 5) ? [`the counter went ${counters.join()}`] : []),
    ];
  }

  /** By how many levels the colour of the picture is off. */
  async function colourError(probe: ProbePage, handle: number, expected: readonly number[]): Promise<number> {
    const [colour = []] = await probe.colours(handle, [MIDDLE]);
    return Math.max(...expected.map((level, index) => Math.abs(level - (colour[index] ?? Number.NaN))));
  }

  it('that pushes JPEG and sound is seen, frame by frame, and heard', async () => {
    await using server = await serve('jpeg_push');
    const probe = await ProbePage.open(chromium.context, server.url);
    const { handle } = await probe.openSession();
    expect(disorder(await frames(probe, handle, 72))).toEqual([]);
    expect(await colourError(probe, handle, [200, 48, 48])).toBeLessThanOrEqual(COLOUR_TOLERANCE);
    const { peakHertz, peakDecibels } = await probe.listen(handle, 1500);
    expect(peakHertz).toBeGreaterThan(970);
    expect(peakHertz).toBeLessThan(1030);
    expect(peakDecibels).toBeGreaterThan(-30);
    await probe.closeSession(handle);
  });

  it('that listens to the keyboard follows it', async () => {
    await using server = await serve('keyboard');
    const probe = await ProbePage.open(chromium.context, server.url);
    const area = { x: 412, y: 236, width: 8, height: 8 };
    const { handle } = await probe.openSession({ pictures: { counter: true, areas: [area] } });
    // The luma of idle grey is 71, of the white that ArrowRight means 218.
    for (let press = 0; press < 3; press += 1) {
      await probe.sendAndWait(handle, { type: 'control', key: 'ArrowRight', action: 'press' }, { area: 0, above: 180 });
      await probe.sendAndWait(handle, { type: 'control', key: 'ArrowRight', action: 'release' }, { area: 0, below: 100 });
    }
    await probe.send(handle, { type: 'control', key: 'ArrowLeft', action: 'press' });
    const before = (await probe.recording(handle)).frames.length;
    expect(disorder((await frames(probe, handle, before + 24)).slice(before))).toEqual([]);
    expect(await colourError(probe, handle, [48, 80, 200])).toBeLessThanOrEqual(COLOUR_TOLERANCE);
    await probe.send(handle, { type: 'stop' });
    await waitFor('the session to end', async () => (await server.get('v1/service/health'))['webrtc_active_sessions'] === 0);
  });

  it('that blocks in time.sleep plays, and two of its sessions play beside each other', async () => {
    await using server = await serve('blocking');
    const probe = await ProbePage.open(chromium.context, server.url);
    const sessions = [await probe.openSession(), await probe.openSession()];
    for (const { handle } of sessions) {
      expect(disorder(await frames(probe, handle, 72))).toEqual([]);
      expect(await colourError(probe, handle, [48, 160, 72])).toBeLessThanOrEqual(COLOUR_TOLERANCE);
    }
    for (const { handle } of sessions) await probe.closeSession(handle);
  });

  it('that yields frames of numpy, PIL and PyAV shows each kind in its colour, without a break between them', async () => {
    await using server = await serve('raw_frames');
    const probe = await ProbePage.open(chromium.context, server.url);
    const { handle } = await probe.openSession();
    const kindNow = async (kind: string): Promise<void> => {
      await waitFor(`pictures of ${kind}`, async () => {
        const counter = (await probe.recording(handle)).frames.at(-1)?.counter ?? 0;
        // A kind lasts a second; the middle of it is well away from the others.
        return ['numpy', 'pil', 'pyav'][Math.floor(counter / 24) % 3] === kind && counter % 24 > 8 && counter % 24 < 14;
      });
    };
    await kindNow('numpy');
    expect(await colourError(probe, handle, [200, 48, 48])).toBeLessThanOrEqual(COLOUR_TOLERANCE);
    await kindNow('pil');
    expect(await colourError(probe, handle, [48, 160, 72])).toBeLessThanOrEqual(COLOUR_TOLERANCE);
    await kindNow('pyav');
    expect(await colourError(probe, handle, [48, 80, 200])).toBeLessThanOrEqual(COLOUR_TOLERANCE);
    expect(disorder(await frames(probe, handle, 72))).toEqual([]);
    const { peakHertz } = await probe.listen(handle, 1000);
    expect(peakHertz).toBeGreaterThan(970);
    expect(peakHertz).toBeLessThan(1030);
    const { messages } = await probe.recording(handle);
    expect(messages).toContainEqual(
      expect.objectContaining({ type: 'chunk', data: expect.objectContaining({ kind: 'pil', pace: '1/24' }) }),
    );
    await probe.closeSession(handle);
  });
});
