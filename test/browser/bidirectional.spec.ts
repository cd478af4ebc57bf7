import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { launchChromium, type Chromium } from '../support/chromium.ts';
import { waitFor } from '../support/condition.ts';
import { ProbePage } from '../support/probe-page.ts';
import { ServerProcess } from '../support/server-process.ts';

/** Where each button of the pad shows its colour (pipelines/arrow-overlay/README.md). */
const BUTTONS = [
  { key: 'ArrowUp', area: { x: 744, y: 342, width: 6, height: 6 } },
  { key: 'ArrowDown', area: { x: 744, y: 442, width: 6, height: 6 } },
  { key: 'ArrowLeft', area: { x: 694, y: 392, width: 6, height: 6 } },
  { key: 'ArrowRight', area: { x: 794, y: 392, width: 6, height: 6 } },
] as const;
/** Between the luma of a button at rest and of a lit one. */
const LIT_LUMA = 112;

describe('a bidirectional pipeline in Chromium', () => {
  let chromium: Chromium;

  beforeEach(async () => {
    chromium = await launchChromium();
  });
  afterEach(async () => {
    await chromium[Symbol.asyncDispose]();
  });

  it('changes the pixels of each key that is pressed, and of no other, and back on release', async () => {
    await using server = await ServerProcess.start('pipelines/arrow-overlay');
    const probe = await ProbePage.open(chromium.context, server.url);
    const { handle } = await probe.openSession({ pictures: { counter: true, areas: BUTTONS.map(({ area }) => area) } });
    for (const [area, { key }] of BUTTONS.entries()) {
      await probe.sendAndWait(handle, { type: 'control', key, action: 'press' }, { area, above: LIT_LUMA });
      const { frames } = await probe.recording(handle);
      const lit = (frames.at(-1)?.lumas ?? []).map((luma) => luma > LIT_LUMA);
      expect(lit).toEqual(BUTTONS.map((_, index) => index === area));
      await probe.sendAndWait(handle, { type: 'control', key, action: 'release' }, { area, below: LIT_LUMA });
    }
    const { messages } = await probe.recording(handle);
    expect(messages).toContainEqual(
      expect.objectContaining({
        type: 'chunk',
        data: expect.objectContaining({ applied_controls: [{ key: 'ArrowUp', action: 'press' }] }),
      }),
    );
    await probe.send(handle, { type: 'stop' });
    await waitFor('the session to end', async () => (await server.get('v1/service/health'))['webrtc_active_sessions'] === 0);
    expect((await probe.recording(handle)).messages.at(-1)).toMatchObject({ type: 'closed', reason: 'client_stop' });
  });

  it('sends camera and microphone to a pipeline that returns them', async () => {
    await using server = await ServerProcess.start('pipelines/echo');
    const probe = await ProbePage.open(chromium.context, server.url);
    const middle = { x: 300, y: 300, width: 8, height: 8 };
    const { handle } = await probe.openSession({
      inputs: true,
      pictures: { counter: false, areas: [middle], layout: { width: 640, height: 480 } },
    });
    const recording = await waitFor('three seconds of pictures and a beep', async () => {
      const all = await probe.recording(handle);
      return all.frames.length >= 45 && all.blocks.some(({ level }) => level > 0.02) && all;
    });
    expect(recording.frames.at(-1)).toMatchObject({ width: 640, height: 480 });
    // The fake camera is green, with a turning disc in the middle and squares in the corners whose colour changes all the
    // time: only the green at the edges is the same in what is sent now and in what comes back of a moment ago.
    const points = [
      [8, 240],
      [632, 240],
      [8, 130],
      [632, 350],
    ] as const;
    const [sent, returned] = [await probe.ownColours(handle, points), await probe.colours(handle, points)];
    for (const [index, colour] of returned.entries()) {
      const [red = 0, green = 0, blue = 0] = colour;
      expect(green).toBeGreaterThan(Math.max(red, blue) + 60);
      colour.forEach((value, channel) =>
        expect(Math.abs(value - (sent[index]?.[channel] ?? Number.NaN))).toBeLessThanOrEqual(12),
      );
    }
    await probe.closeSession(handle);
  });
});
