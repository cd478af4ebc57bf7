import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeApiKey } from '#server/identity/index.js';
import { launchChromium, type Chromium } from '../support/chromium.ts';
import { waitFor } from '../support/condition.ts';
import { ServerProcess } from '../support/server-process.ts';

/** The picture's mean colour around a point, as the page shows it. */
async function colourAt(page: Page, x: number, y: number): Promise<readonly number[]> {
  return page.evaluate(
    ([left, top]) => {
      const video = document.querySelector('video');
      const context = new OffscreenCanvas(6, 6).getContext('2d');
      if (video === null || context === null) throw new Error('no picture');
      context.drawImage(video, left - 3, top - 3, 6, 6, 0, 0, 6, 6);
      const { data } = context.getImageData(0, 0, 6, 6);
      return [0, 1, 2].map(
        (channel) => data.filter((_, index) => index % 4 === channel).reduce((sum, value) => sum + value, 0) / 36,
      );
    },
    [x, y] as const,
  );
}

async function open(chromium: Chromium, url: string): Promise<Page> {
  const page = await chromium.context.newPage();
  const problems: string[] = [];
  page.on('pageerror', (error) => problems.push(error.message));
  page.on('close', () => expect(problems).toEqual([]));
  await page.goto(url);
  return page;
}

const badge = (page: Page): Promise<string> => page.locator('#state').innerText();

async function connect(page: Page): Promise<void> {
  await page.getByRole('button', { name: 'Connect', exact: true }).click();
  await waitFor('the badge to say connected', async () => (await badge(page)) === 'connected');
}

describe('the page at /', () => {
  let push: ServerProcess;
  let overlay: ServerProcess;
  let chromium: Chromium;

  beforeAll(async () => {
    [push, overlay, chromium] = await Promise.all([
      ServerProcess.start('pipelines/video-replay', { environment: { TELEFUSER_WEBRTC_MAX_SESSIONS: '1' } }),
      ServerProcess.start('pipelines/arrow-overlay'),
      launchChromium(),
    ]);
  });
  afterAll(async () => {
    await chromium[Symbol.asyncDispose]();
    await Promise.all([push.stop(), overlay.stop()]);
  });

  async function sessions(server: ServerProcess): Promise<unknown> {
    return (await server.get('v1/service/health'))['webrtc_active_sessions'];
  }

  it('plays a server-push pipeline, shows its figures, and disconnects', async () => {
    const page = await open(chromium, push.url);
    await connect(page);
    await waitFor('a full frame rate in the figures', async () => Number(await page.locator('#fps').innerText()) >= 20);
    expect(await page.locator('#size').innerText()).toBe('832 × 480');
    const before = await colourAt(page, 244, 28);
    await waitFor('the picture to move', async () =>
      (await colourAt(page, 244, 28)).some((value, index) => Math.abs(value - (before[index] ?? 0)) > 20),
    );
    await page.getByRole('button', { name: 'Disconnect' }).click();
    expect(await badge(page)).toBe('idle');
    await waitFor('the session to end', async () => (await sessions(push)) === 0);
    await page.close();
  });

  it('says that a stream is done and is ready for the next', async () => {
    const page = await open(chromium, push.url);
    await page.getByLabel('Seconds').fill('1');
    await connect(page);
    await waitFor('the badge to say idle', async () => (await badge(page)) === 'idle');
    expect(await page.locator('#log').innerText()).toMatch(/done: 1 chunks?/u);
    expect(await page.getByRole('button', { name: 'Connect', exact: true }).isEnabled()).toBe(true);
    await page.close();
  });

  it('shows why the server refuses a session', async () => {
    const [first, second] = [await open(chromium, push.url), await open(chromium, push.url)];
    await connect(first);
    await second.getByRole('button', { name: 'Connect', exact: true }).click();
    await waitFor('the badge to say failed', async () => (await badge(second)) === 'failed');
    expect(await second.locator('#log').innerText()).toContain('503');
    await first.close();
    await second.close();
    await waitFor('the session of a closed tab to end', async () => (await sessions(push)) === 0);
  });

  it('sends the arrow keys to a bidirectional pipeline', async () => {
    const page = await open(chromium, overlay.url);
    await connect(page);
    const green = async (): Promise<number> => {
      const [red = 0, middle = 0, blue = 0] = await colourAt(page, 747, 345);
      return middle - Math.max(red, blue);
    };
    await waitFor('a picture', async () => (await page.locator('#size').innerText()) === '832 × 480');
    expect(await green()).toBeLessThan(40);
    await page.keyboard.down('ArrowUp');
    await waitFor('the up button to light', async () => (await green()) > 60);
    await page.keyboard.up('ArrowUp');
    await waitFor('the up button to go dark', async () => (await green()) < 40);
    const button = page.getByRole('button', { name: 'Up' });
    await button.hover();
    await page.mouse.down();
    await waitFor('the up button to light for the mouse', async () => (await green()) > 60);
    await page.mouse.up();
    await waitFor('the up button to go dark again', async () => (await green()) < 40);
    await waitFor('the time from a key to its picture', async () => /^\d+ ms$/u.test(await page.locator('#latency').innerText()));
    const latency = (await overlay.get('v1/service/metrics/json'))['latency'] as Record<
      string,
      { count: number; p50_ms: number }
    >;
    expect(latency['control_to_shown']?.count).toBeGreaterThanOrEqual(4);
    expect(latency['control_to_shown']?.p50_ms).toBeLessThan(500);
    await page.close();
  });

  it.each([{ width: 360 }, { width: 1280 }])('fits a window of $width pixels', async ({ width }) => {
    const page = await open(chromium, overlay.url);
    await page.setViewportSize({ width, height: 800 });
    await waitFor('the controls', () => page.locator('#controls').isVisible());
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(width);
    await page.close();
  });

  it('plays with a stream token from behind the # where the server takes known clients only, and asks for one without', async () => {
    const { key, record } = makeApiKey({ tenant: 'acme', scopes: ['stream:create'], expiresAtMs: undefined });
    await using server = await ServerProcess.start('pipelines/video-replay', {
      environment: { TELEFUSER_AUTH: 'required', TELEFUSER_API_KEYS: JSON.stringify([record]) },
    });
    const without = await open(chromium, server.url);
    await waitFor('the page to ask', async () => (await without.locator('#pipeline').innerText()).includes('#token='));
    await without.close();
    const minted = await fetch(new URL('v1/stream/tokens', server.url), {
      method: 'POST',
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
      body: '{}',
    });
    const { token } = (await minted.json()) as { token: string };
    const page = await open(chromium, `${server.url}#token=${token}`);
    expect(page.url()).not.toContain(token);
    await connect(page);
    await waitFor('a picture', async () => (await page.locator('#size').innerText()) === '832 × 480');
    await page.getByRole('button', { name: 'Disconnect' }).click();
    await waitFor('the session to be closed', () => /\[Audit\] session-closed .*tenant=acme/u.test(server.log));
    for (const secret of [token, key]) expect(server.log).not.toContain(secret);
    await page.close();
  });

  it('has Swagger UI at /docs, which works under the security headers', async () => {
    const page = await chromium.context.newPage();
    const refused: string[] = [];
    page.on('console', (message) => message.type() === 'error' && refused.push(message.text()));
    await page.goto(`${push.url}docs`);
    await page.getByRole('heading', { name: 'TeleFuser stream server' }).waitFor();
    expect(refused).toEqual([]);
    await page.close();
  });
});
