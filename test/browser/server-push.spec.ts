import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { launchChromium, type Chromium } from '../support/chromium.ts';
import { waitFor } from '../support/condition.ts';
import { ProbePage, type Recording } from '../support/probe-page.ts';
import { ServerProcess } from '../support/server-process.ts';

/** The clip's patches (scripts/make-clip.mjs): the middle of each and its colour. */
const PATCHES: readonly { readonly name: string; readonly at: readonly [number, number]; readonly rgb: readonly number[] }[] = [
  { name: 'red', at: [56, 432], rgb: [200, 48, 48] },
  { name: 'green', at: [152, 432], rgb: [48, 160, 72] },
  { name: 'blue', at: [248, 432], rgb: [48, 80, 200] },
  { name: 'grey', at: [344, 432], rgb: [128, 128, 128] },
  { name: 'skin', at: [440, 432], rgb: [224, 172, 140] },
  { name: 'white', at: [536, 432], rgb: [235, 235, 235] },
];
/**
 * The JPEG pictures are within 3 levels of the source, limited-range 4:2:0 rounds by up to 2 more when it goes back to RGB, and the encoder's
 * quantiser takes its share. A wrong range (contrast × 255/219) or a wrong matrix would be off by 12 levels and more on several patches.
 */
const COLOUR_TOLERANCE = 6;

describe('a server-push pipeline in Chromium', () => {
  let server: ServerProcess;
  let chromium: Chromium;
  let probe: ProbePage;

  beforeAll(async () => {
    server = await ServerProcess.start('pipelines/video-replay');
    chromium = await launchChromium();
    probe = await ProbePage.open(chromium.context, server.url);
  });
  afterAll(async () => {
    await chromium[Symbol.asyncDispose]();
    await server.stop();
  });

  /** Waits for a recording that `accepts`, and gives it. */
  async function recorded(
    handle: number,
    what: string,
    accepts: (recording: Recording) => boolean,
    timeoutMs?: number,
  ): Promise<Recording> {
    return waitFor(
      what,
      async () => {
        const recording = await probe.recording(handle);
        return accepts(recording) && recording;
      },
      timeoutMs,
    );
  }

  it('shows every frame of the clip, in order', async () => {
    const { handle } = await probe.openSession({ request: { loop: true } });
    const { frames } = await recorded(handle, 'three seconds of frames', (recording) => recording.frames.length >= 72);
    await probe.closeSession(handle);
    expect(new Set(frames.map(({ width, height }) => `${width}×${height}`))).toEqual(new Set(['832×480']));
    const counters = frames.map(({ counter }) => counter ?? Number.NaN);
    const steps = counters.slice(1).map((counter, index) => (counter - (counters[index] ?? Number.NaN) + 240) % 240);
    // A busy machine may make Chromium leave out a frame; the order never changes, and no frame comes twice.
    expect(steps.filter((step) => step === 1).length).toBeGreaterThanOrEqual(steps.length - 3);
    expect(steps.every((step) => step > 0 && step < 5)).toBe(true);
  });

  it('shows the colours of the source', async () => {
    const { handle } = await probe.openSession({ request: { loop: true } });
    // The first frames are coarse; a second later the picture has settled.
    await recorded(handle, 'a settled picture', ({ frames }) => frames.length > 36);
    const points = PATCHES.map(({ at }) => at);
    const colours = await probe.colours(handle, points, 12);
    await probe.closeSession(handle);
    const differences = PATCHES.map(({ name, rgb }, index) => {
      const seen = colours[index] ?? [];
      return { name, seen, worst: Math.max(...rgb.map((value, channel) => Math.abs(value - (seen[channel] ?? Number.NaN)))) };
    });
    expect(differences.filter(({ worst }) => !(worst <= COLOUR_TOLERANCE))).toEqual([]);
  });

  it('is heard: WebAudio finds the beep at 1 kHz', async () => {
    const { handle } = await probe.openSession({ request: { loop: true } });
    const heard = await probe.listen(handle, 2500);
    await probe.closeSession(handle);
    expect(heard.peakHertz).toBeGreaterThan(970);
    expect(heard.peakHertz).toBeLessThan(1030);
    // The beep is at −10 dBFS; the analyser's window takes some 8 dB of it, and the chord alone would be below −40.
    expect(heard.peakDecibels).toBeGreaterThan(-30);
  });

  it('is heard in stereo: 220 Hz on the left only, 440 Hz on the right only', async () => {
    const { handle } = await probe.openSession({ request: { loop: true } });
    const [left = [], right = []] = await probe.listenStereo(handle, [220, 440], 2500);
    await probe.closeSession(handle);
    const [[left220 = Number.NaN, left440 = Number.NaN], [right220 = Number.NaN, right440 = Number.NaN]] = [left, right];
    // Each tone of the chord is below −36 dBFS, and the analyser's window takes some of it; mono would make both sides equal.
    expect(left220).toBeGreaterThan(-65);
    expect(right440).toBeGreaterThan(-65);
    expect(left220 - right220).toBeGreaterThan(15);
    expect(right440 - left440).toBeGreaterThan(15);
  });

  it('keeps sound and picture together', async () => {
    const { handle } = await probe.openSession({
      request: { loop: true },
      pictures: { counter: false, areas: [{ x: 752, y: 32, width: 48, height: 48 }] },
    });
    const { frames, onsetsMs } = await recorded(handle, 'five beeps', (recording) => recording.onsetsMs.length >= 5);
    await probe.closeSession(handle);
    const lit = frames.map(({ lumas }) => (lumas[0] ?? 0) > 128);
    const flashesMs = frames.filter((_, index) => index > 0 && lit[index] && !lit[index - 1]).map(({ arrivalMs }) => arrivalMs);
    // The first may be one of before the pictures, and the last comes before its own picture is recorded.
    const offsets = onsetsMs.slice(1, -1).map((onset) => Math.min(...flashesMs.map((flash) => Math.abs(onset - flash))));
    // The benchmark measures this exactly, on an idle machine; here a gross fault is looked for.
    expect(Math.max(...offsets)).toBeLessThan(150);
  });

  it('falls back to VP8 when the offer has no H.264', async () => {
    const { handle } = await probe.openSession({ request: { loop: true }, withoutH264: true });
    const { stats, frames } = await recorded(handle, 'a second of frames', (recording) => recording.frames.length >= 24);
    await probe.closeSession(handle);
    const video = stats.find((entry) => entry['type'] === 'inbound-rtp' && entry['kind'] === 'video');
    const codec = stats.find(({ id }) => id === video?.['codecId']);
    expect(codec?.['mimeType']).toBe('video/VP8');
    expect(frames.filter(({ counter }) => counter === null)).toEqual([]);
  });

  it('ends a finished stream: every frame, then `done`, then the connection closes', async () => {
    const { handle, sessionId } = await probe.openSession({ request: { duration_s: 1 } });
    const { frames, messages } = await recorded(handle, 'the end of the connection', ({ events }) =>
      events.some(({ event }) => event === 'transport closed'),
    );
    await probe.closeSession(handle, false);
    expect(frames.at(-1)?.counter).toBe(23);
    const types = messages.map((message) => (message as { type: string }).type);
    expect(types.filter((type) => type !== 'chunk')).toEqual(['done', 'closed']);
    expect(messages.find((message) => (message as { type: string }).type === 'done')).toMatchObject({
      session_id: sessionId,
      total_chunks: 1,
    });
    expect(messages.at(-1)).toMatchObject({ type: 'closed', reason: 'completed' });
  });

  it.each([{ channel: true }, { channel: false }])(
    'tells a viewer within a second that the server closed, instead of leaving a frozen picture (data channel: $channel)',
    async ({ channel }) => {
      const { handle, sessionId } = await probe.openSession({ request: { loop: true }, channel });
      const { nowMs } = await recorded(handle, 'some frames', ({ frames }) => frames.length > 12);
      await fetch(new URL(`v1/stream/webrtc/${sessionId}`, server.url), { method: 'DELETE' });
      const wanted = channel ? ['transport closed', 'channel close'] : ['transport closed'];
      const { events, messages } = await recorded(handle, `the viewer to hear of it: ${wanted.join(', ')}`, (recording) =>
        wanted.every((name) => recording.events.some(({ event }) => event === name)),
      );
      await probe.closeSession(handle, false);
      const late = events.filter(({ event, atMs }) => wanted.includes(event) && atMs - nowMs >= 1000);
      expect(late).toEqual([]);
      if (channel) expect(messages.at(-1)).toMatchObject({ type: 'closed', reason: 'client_delete' });
    },
  );

  it('frees the session of a killed tab', async () => {
    const page = await ProbePage.open(chromium.context, server.url);
    await page.openSession({ request: { loop: true } });
    expect(await server.get('v1/service/health')).toMatchObject({ webrtc_active_sessions: 1 });
    const crashed = page.page.waitForEvent('crash');
    // A crash of the renderer: no page event runs, nothing says goodbye.
    await Promise.all([crashed, page.page.goto('chrome://crash').catch(() => undefined)]);
    await waitFor(
      'the session to be freed',
      async () => (await server.get('v1/service/health'))['webrtc_active_sessions'] === 0,
      12_000,
    );
    await page.page.close();
  });
});
