import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { launchChromium, type Chromium } from '../support/chromium.ts';
import { waitFor } from '../support/condition.ts';
import { DemoSite } from '../support/demo-site.ts';
import { shippedPipeline, testPipeline, TestServer } from '../support/server.ts';

/** The smallest PNG: one pixel. */
const PIXEL = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
  'base64',
);
const WAYS = [{ way: 'proxy' }, { way: 'cross-origin' }] as const;

interface Shown {
  readonly width: number;
  readonly seconds: number;
  readonly kinds: readonly string[];
  readonly colour: readonly number[];
}

/** What the page's video element shows: its size, how far it is, what its stream has, the colour at a point. */
async function shown(page: Page, x = 0, y = 0): Promise<Shown> {
  return page.evaluate(
    ([left, top]) => {
      const video = document.querySelector('video');
      const context = new OffscreenCanvas(1, 1).getContext('2d');
      if (video === null || context === null) throw new Error('no video element');
      if (video.videoWidth > 0) context.drawImage(video, left, top, 1, 1, 0, 0, 1, 1);
      const tracks = video.srcObject instanceof MediaStream ? video.srcObject.getTracks() : [];
      return {
        width: video.videoWidth,
        seconds: video.currentTime,
        kinds: tracks.map(({ kind }) => kind).sort(),
        colour: [...context.getImageData(0, 0, 1, 1).data],
      };
    },
    [x, y] as const,
  );
}

async function plays(page: Page): Promise<void> {
  await waitFor('a picture', async () => (await shown(page)).width > 0);
  const { seconds } = await shown(page);
  await waitFor('the picture to move on', async () => (await shown(page)).seconds > seconds + 0.4);
}

const status = (page: Page): Promise<string> => page.locator('#status').innerText();

async function says(page: Page, text: RegExp): Promise<void> {
  await waitFor(
    () => `the page to say ${String(text)}`,
    async () => text.test(await status(page)),
  );
}

const lines = async (page: Page): Promise<string[]> => (await page.locator('#log').innerText()).split('\n');

async function hears(
  page: Page,
  what: string,
  fits: (message: Record<string, unknown>) => boolean,
): Promise<Record<string, unknown>> {
  return waitFor(what, async () =>
    (await lines(page))
      .filter((line) => line.startsWith('<< {'))
      .map((line) => JSON.parse(line.slice(3)) as Record<string, unknown>)
      .find(fits),
  );
}

async function ended(server: TestServer): Promise<void> {
  await waitFor('the session to end', async () => (await server.api.activeSessions()) === 0);
}

describe('pages written for the original server, through their proxy and across origins', () => {
  let site: DemoSite;
  let replay: TestServer;
  let overlay: TestServer;
  let world: TestServer;
  let chromium: Chromium;

  beforeAll(async () => {
    site = await DemoSite.listen();
    // One page's origin, as an operator would allow it; any other is refused by the browser.
    const variables = { TELEFUSER_CORS_ORIGINS: JSON.stringify([site.origin]), TELEFUSER_WEBRTC_MAX_SESSIONS: '1' };
    [replay, overlay, world, chromium] = await Promise.all([
      TestServer.start(shippedPipeline('video-replay'), variables),
      TestServer.start(shippedPipeline('arrow-overlay'), variables),
      TestServer.start(testPipeline('world-telemetry'), variables),
      launchChromium(),
    ]);
  });
  afterAll(async () => {
    await chromium[Symbol.asyncDispose]();
    await Promise.all([replay.close(), overlay.close(), world.close(), site[Symbol.asyncDispose]()]);
  });

  async function open(name: string, way: 'proxy' | 'cross-origin', server: TestServer): Promise<Page> {
    site.target = server.api.url;
    const page = await chromium.context.newPage();
    page.on('pageerror', (error) => {
      throw error;
    });
    await page.goto(site.page(name, way));
    return page;
  }

  it.each(WAYS)('plays to the server-push page, and ends with its DELETE ($way)', async ({ way }) => {
    const page = await open('server-push', way, replay);
    await page.locator('#connect').click();
    await says(page, /^Streaming/);
    await plays(page);
    // The page shows the stream that its video track came with: sound is heard only where it belongs to the same.
    expect((await shown(page)).kinds).toEqual(['audio', 'video']);
    await page.locator('#unmute').click();
    // A second one is told why it gets nothing.
    const other = await open('server-push', way, replay);
    await other.locator('#connect').click();
    await says(other, /^Error: .*session/);
    await other.close();
    await page.locator('#stop').click();
    await says(page, /^Stopped/);
    await ended(replay);
    await page.close();
  });

  it('plays to the web interface, which has no proxy, and only closes its connection before the next', async () => {
    const page = await open('web-interface', 'cross-origin', replay);
    await page.locator('#generate').click();
    await plays(page);
    expect((await shown(page)).kinds).toEqual(['audio', 'video']);
    const first = await page.evaluate('currentSession');
    // The server has one slot, which the closed connection gives back by itself.
    await page.evaluate('current.close()');
    await ended(replay);
    await page.locator('#generate').click();
    await plays(page);
    expect(await page.evaluate('currentSession')).not.toBe(first);
    await page.evaluate('current.close()');
    await ended(replay);
    await page.close();
  });

  it.each(WAYS)('lights the keys of the arrow page, and bears its three ways to stop ($way)', async ({ way }) => {
    const page = await open('arrow-overlay', way, overlay);
    await page.locator('#connect').click();
    await says(page, /^Connected/);
    await plays(page);
    const green = async (): Promise<number> => (await shown(page, 747, 345)).colour[1] ?? 0;
    const dark = await green();
    await page.keyboard.down('ArrowUp');
    await waitFor('the key to be lit', async () => (await green()) > dark + 80);
    await page.keyboard.up('ArrowUp');
    await waitFor('the key to go out', async () => (await green()) < dark + 40);
    const applied = await hears(page, 'the press', ({ data }) => JSON.stringify(data).includes('"press"'));
    expect(applied).toMatchObject({
      type: 'chunk',
      session_id: expect.any(String),
      index: expect.any(Number),
      timestamp: expect.any(Number),
      data: { pressed: ['ArrowUp'] },
    });
    const statuses: number[] = [];
    page.on('response', (response) => {
      if (response.request().method() === 'DELETE') statuses.push(response.status());
    });
    await page.locator('#stop').click();
    await says(page, /^Stopped/);
    await waitFor('both answers', () => statuses.length === 2);
    // The message to stop may have ended the session before the first of them.
    expect([200, 404]).toContain(statuses[0]);
    expect(statuses[1]).toBe(404);
    await ended(overlay);
    await page.close();
  });

  it.each(WAYS)('takes the controls of the world page and shows it its telemetry ($way)', async ({ way }) => {
    const page = await open('world', way, world);
    await page.locator('#connect').click();
    await plays(page);
    await hears(page, 'the fields of the offer', ({ data }) => {
      const { received } = data as { received?: { prompt?: unknown; image_path?: unknown } };
      return received?.prompt === 'A lake with a lone tree.' && received.image_path === '/data/image.jpg';
    });
    expect((await lines(page)).some((line) => / typ host/u.test(line))).toBe(true);
    await says(page, /^Server: chunk #\d+ \[\]$/);
    expect(await page.locator('#progress').innerText()).toMatch(/^600 100 [\d.]+ \d+\/1600 \d+\/1600 0\.01 0\.02 1 0$/u);
    // Two keys of one control are one control; a letter is known by its place on the keyboard.
    for (const key of ['KeyW', 'ArrowUp', 'KeyL']) await page.keyboard.down(key);
    await says(page, /\[l,w\]$/);
    await waitFor('the green of a held control', async () => ((await shown(page, 10, 10)).colour[1] ?? 0) > 150);
    for (const key of ['KeyW', 'ArrowUp', 'KeyL']) await page.keyboard.up(key);
    await says(page, /\[\]$/);
    await page.locator('#release').click();
    await page.locator('#pose').click();
    await hears(page, 'both resets', ({ data }) => JSON.stringify(data).includes('"resets":["reset","reset_pose"]'));
    await page.locator('#stop').click();
    await ended(world);
    await page.close();
  });

  it('takes the image of the world page, which is gone with its tab', async () => {
    const page = await open('world', 'proxy', world);
    await page.locator('#image').setInputFiles({ name: 'pixel.png', mimeType: 'image/png', buffer: PIXEL });
    await page.locator('#connect').click();
    const message = await hears(page, 'a chunk', ({ data }) => JSON.stringify(data).includes('received'));
    expect(message).toMatchObject({ data: { received: { image: 'data:image/png;base64', image_path: null } } });
    await page.goto('about:blank');
    await ended(world);
    await page.close();
  });

  it('is closed to a page of another origin than the operator allows', async () => {
    const page = await open('server-push', 'cross-origin', replay);
    await page.goto(page.url().replace('127.0.0.1', 'localhost'));
    await page.locator('#connect').click();
    await says(page, /^Error: Failed to fetch/);
    expect(await replay.api.activeSessions()).toBe(0);
    await page.close();
  });
});
