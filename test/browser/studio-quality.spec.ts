import { readdirSync, readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { launchChromium, type Chromium } from '../support/chromium.ts';
import { waitFor } from '../support/condition.ts';
import { PathProxy } from '../support/path-proxy.ts';
import { ServerProcess } from '../support/server-process.ts';
import { TemporaryPipeline, TestServer } from '../support/server.ts';
import { StudioPage } from '../support/studio-page.ts';

const ASSETS = fileURLToPath(new URL('../../packages/studio/dist/assets/', import.meta.url));
const KIBIBYTE = 1024;
/** What is tested at last stays: a picture at 4K is much work without a graphics card. */
const SIZES = {
  '4k': { width: 3840, height: 2160 },
  tablet: { width: 820, height: 1180 },
  phone: { width: 360, height: 740 },
  desktop: { width: 1440, height: 900 },
};

/** What Chromium measured of a page since it was asked for. */
interface Vitals {
  readonly firstPaintMs: number;
  readonly firstContentfulPaintMs: number;
  /** Web Vitals' cumulative layout shift, also of shifts that follow an input. */
  readonly layoutShift: number;
  readonly longestTaskMs: number;
}

describe('the quality of the studio', () => {
  let server: ServerProcess;
  let chromium: Chromium;

  beforeAll(async () => {
    [server, chromium] = await Promise.all([ServerProcess.start('pipelines/arrow-overlay'), launchChromium()]);
  });
  afterAll(async () => {
    await chromium[Symbol.asyncDispose]();
    await server.stop();
  });

  it.each(['light', 'dark'] as const)(
    'has nothing that axe objects to, %s, idle and live, on every size of screen',
    async (colorScheme) => {
      await using studio = await StudioPage.open(chromium, server.url, { colorScheme });
      const { page } = studio;
      await page.getByRole('button', { name: 'Play', exact: true }).first().waitFor();
      expect(await studio.violations(), 'idle').toEqual([]);
      await studio.play();
      await page.locator('body').focus();
      await page.keyboard.down('ArrowUp');
      await waitFor('figures', async () => (await studio.figure('Key to picture')) !== '–');
      for (const [name, size] of Object.entries(SIZES)) {
        await page.setViewportSize(size);
        // The width that a person must scroll to; of a phone's it must be none.
        expect(await page.evaluate(() => document.documentElement.scrollWidth), name).toBeLessThanOrEqual(size.width);
        await studio.screenshot(`${colorScheme}-${name}`);
      }
      await page.keyboard.up('ArrowUp');
      for (const tab of ['Statistics', 'Log', 'Connect from code']) {
        await studio.tab(tab);
        expect(await studio.violations(), tab).toEqual([]);
        await studio.screenshot(`${colorScheme}-${tab.toLowerCase().replaceAll(' ', '-')}`);
      }
      await page.setViewportSize(SIZES.phone);
      expect(await studio.violations(), 'phone').toEqual([]);
      await studio.screenshot(`${colorScheme}-phone-all`, { fullPage: true });
    },
  );

  it('keeps the theme that was chosen, from the first paint on', async () => {
    await using studio = await StudioPage.open(chromium, server.url);
    const { page } = studio;
    const ground = (): Promise<string> => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
    const light = await ground();
    await page.getByRole('button', { name: /^Theme/u }).click();
    await page.getByRole('button', { name: 'Theme: light' }).click();
    await page.getByRole('button', { name: 'Theme: dark' }).waitFor();
    expect(await ground()).not.toBe(light);
    // The studio itself only reads it: what sets it is the script before the first paint.
    await page.reload({ waitUntil: 'domcontentloaded' });
    expect(await page.evaluate(() => document.documentElement.dataset['theme'])).toBe('dark');
    await page.getByRole('button', { name: 'Theme: dark' }).click();
    await page.getByRole('button', { name: 'Theme: as the system' }).waitFor();
    expect(await ground()).toBe(light);
    await page.evaluate(() => localStorage.clear());
  });

  it('can be used by the keyboard alone, in the order of what is seen', async () => {
    await using studio = await StudioPage.open(chromium, server.url);
    const { page } = studio;
    await page.getByRole('button', { name: 'Play', exact: true }).first().waitFor();
    const reached: string[] = [];
    for (let stop = 0; stop < 40; stop += 1) {
      await page.keyboard.press('Tab');
      const name = await page.evaluate(() => {
        const element = document.activeElement;
        // What has the focus must be seen to have it.
        if (element === null || element === document.body || getComputedStyle(element).outlineStyle === 'none') return '';
        return element.getAttribute('aria-label') ?? element.id ?? '';
      });
      if (name !== '') reached.push(name);
    }
    const at = (name: string): number => reached.findIndex((each) => each === name);
    for (const name of ['Copy link to these settings', 'Play', 'Full screen'])
      expect(at(name), `${name} in ${reached.join(', ')}`).toBeGreaterThanOrEqual(0);
    expect(at('Copy link to these settings')).toBeLessThan(at('Play'));
    await page.getByRole('tab', { name: 'Statistics' }).focus();
    await page.keyboard.press('ArrowRight');
    expect(await page.evaluate(() => document.activeElement?.textContent)).toBe('Log');
    await page.keyboard.press('End');
    await page.locator('.code__text').waitFor();
  });

  it('is painted within a second, and nothing moves from then until a picture plays', async () => {
    const page = await chromium.context.newPage();
    await page.addInitScript(() => {
      const seen = { shift: 0, longestTaskMs: 0 };
      Object.assign(globalThis, { seen });
      new PerformanceObserver((list) => {
        for (const entry of list.getEntries() as (PerformanceEntry & { value: number })[]) seen.shift += entry.value;
      }).observe({ type: 'layout-shift', buffered: true });
      new PerformanceObserver((list) => {
        for (const { duration } of list.getEntries()) seen.longestTaskMs = Math.max(seen.longestTaskMs, duration);
      }).observe({ type: 'longtask', buffered: true });
    });
    const measured: Vitals[] = [];
    for (const size of [SIZES.phone, SIZES.desktop]) {
      await page.setViewportSize(size);
      await page.goto(server.url);
      await page.getByRole('group', { name: 'Player' }).getByRole('button', { name: 'Play', exact: true }).click();
      await waitFor('a picture', async () => (await page.locator('[data-figure="Size"]').innerText()) !== '–', 15_000);
      measured.push(
        await page.evaluate(() => {
          // An observer of what the browser does not know would see nothing, and be content.
          const unknown = ['paint', 'layout-shift', 'longtask'].filter(
            (type) => !PerformanceObserver.supportedEntryTypes.includes(type),
          );
          if (unknown.length > 0) throw new Error(`the browser does not measure ${unknown.join(', ')}`);
          const paint = (name: string): number => performance.getEntriesByName(name)[0]?.startTime ?? Infinity;
          const { seen } = globalThis as unknown as { seen: { shift: number; longestTaskMs: number } };
          return {
            firstPaintMs: paint('first-paint'),
            firstContentfulPaintMs: paint('first-contentful-paint'),
            layoutShift: seen.shift,
            longestTaskMs: seen.longestTaskMs,
          };
        }),
      );
      await page.evaluate(() => window.dispatchEvent(new Event('pagehide')));
    }
    await page.close();
    console.log(`Studio, phone and desktop: ${JSON.stringify(measured)}`);
    for (const { firstPaintMs, firstContentfulPaintMs, layoutShift } of measured) {
      expect(firstPaintMs).toBeLessThan(1000);
      expect(firstContentfulPaintMs).toBeLessThan(1500);
      expect(layoutShift).toBeLessThan(0.02);
    }
  });

  it('is small, and each of its files is fetched once', async () => {
    const sizes = Object.fromEntries(
      readdirSync(ASSETS)
        .filter((name) => /\.(js|css)$/u.test(name))
        .map((name) => [name.replace(/-[\w-]{8}\./u, '.'), gzipSync(readFileSync(`${ASSETS}${name}`)).length]),
    );
    const total = Object.values(sizes).reduce((sum, size) => sum + size, 0);
    console.log(`Studio, gzipped: ${JSON.stringify(sizes)}, ${(total / KIBIBYTE).toFixed(1)} KiB in all`);
    expect(total).toBeLessThan(115 * KIBIBYTE);

    const index = await fetch(server.url);
    expect(index.headers.get('cache-control')).toBe('no-cache');
    const page = await index.text();
    expect(page).not.toMatch(/<script(?![^>]*\bsrc=)|<style|\sstyle=|\son\w+=/u);
    const [script = ''] = /assets\/[\w-]+\.js/u.exec(page) ?? [];
    const answer = await fetch(new URL(script, server.url), { headers: { 'accept-encoding': 'br' } });
    expect(answer.headers.get('cache-control')).toBe('public, max-age=31536000, immutable');
    expect(answer.headers.get('content-encoding')).toBe('br');
    expect(answer.headers.get('content-type')).toContain('javascript');
    expect((await fetch(new URL('assets/none.js', server.url))).status).toBe(404);
  });

  it('works under a path of a proxy’s choice, and asks nobody else for anything', async () => {
    await using proxy = await PathProxy.listen(server.url, '/apps/world/');
    await using studio = await StudioPage.open(chromium, proxy.url);
    await studio.play();
    expect(studio.requests.filter((url) => !url.startsWith(proxy.url) && !url.startsWith('data:'))).toEqual([]);
    await studio.tab('Connect from code');
    expect(await studio.page.locator('.code__text').innerText()).toContain(proxy.url);
  });

  it('says that a session of the pipeline failed', async () => {
    await using pipeline = await TemporaryPipeline.write(FAILING);
    await using failing = await TestServer.start(pipeline.path);
    await using studio = await StudioPage.open(chromium, failing.server.url);
    await studio.bar('Play').click();
    await studio.isInState('Failed');
    expect(await studio.page.getByRole('alert').innerText()).toMatch(/The pipeline failed/u);
    await studio.screenshot('session-failed');
    expect(await studio.violations()).toEqual([]);
  });

  it('says how far the start of the pipeline has got, and that it failed', async () => {
    await using pipeline = await TemporaryPipeline.write(NEVER_STARTING);
    await using starting = await TestServer.listen(pipeline.path);
    await using studio = await StudioPage.open(chromium, starting.server.url);
    const { page } = studio;
    await page.getByText('The pipeline is starting').waitFor();
    await page.getByText('Loading the text encoder').waitFor();
    expect(await page.getByRole('progressbar').evaluate((bar: HTMLProgressElement) => bar.value)).toBe(0.4);
    await studio.screenshot('pipeline-starting');
    expect(await studio.violations()).toEqual([]);
    await writeFile(`${pipeline.path}.go`, '');
    await page.getByText('The pipeline failed to start').waitFor({ timeout: 15_000 });
    expect(await page.getByRole('alert').innerText()).toContain('no weights');
    await studio.screenshot('pipeline-failed');
    expect(await studio.violations()).toEqual([]);
  });

  it('notices that another pipeline is behind the address, and minds no answer that was overtaken', async () => {
    await using studio = await StudioPage.open(chromium, server.url);
    const { page } = studio;
    await page.clock.install();
    await page.reload();
    await waitFor('the server to be ready', () => studio.bar('Play').isEnabled());
    await page.route('**/v1/service/metadata', async (route) => {
      const answer = await route.fetch();
      await route.fulfill({ json: { ...((await answer.json()) as object), name: 'Another world' } });
    });
    // The next look at what the pipeline is, not the next at how the server is.
    await page.clock.fastForward(12_000);
    await page.getByText('Another world').first().waitFor();

    const late = Promise.withResolvers<void>();
    let asked = 0;
    await page.route('**/v1/service/health', async (route) => {
      asked += 1;
      if (asked > 1) return route.continue();
      await late.promise;
      return route.fulfill({ status: 401, json: { status: 401, code: 'unauthenticated', detail: 'late' } });
    });
    const askNow = (): Promise<unknown> => page.evaluate(() => document.dispatchEvent(new Event('visibilitychange')));
    await askNow();
    await waitFor('the first to be asked', () => asked === 1);
    await askNow();
    await waitFor('the second to be asked', () => asked === 2);
    const overtaken = page.waitForResponse((answer) => answer.status() === 401);
    late.resolve();
    await (await overtaken).finished();
    await askNow();
    await waitFor('the third to be asked', () => asked >= 3);
    expect(await page.getByText('This server asks who you are').count()).toBe(0);
    expect(await studio.bar('Play').isEnabled()).toBe(true);
  });

  it('says when the server is gone, and goes on by itself when it is back', async () => {
    const { port } = new URL(server.url);
    await using studio = await StudioPage.open(chromium, server.url);
    await studio.page.getByRole('button', { name: 'Play', exact: true }).first().waitFor();
    await server.stop();
    await studio.page.getByText('The server does not answer').waitFor();
    await studio.screenshot('server-gone');
    expect(await studio.violations()).toEqual([]);
    server = await ServerProcess.start('pipelines/arrow-overlay', { args: ['--port', port] });
    await studio.page.getByText('The server does not answer').waitFor({ state: 'detached' });
    await waitFor('the server to be ready', () => studio.bar('Play').isEnabled());
  });
});

const FAILING = `
export const getService = () => ({
  async *serve() { throw new Error('no weights'); },
});
`;
/** Waits for a file beside it, and then fails. */
const NEVER_STARTING = `
import { existsSync } from 'node:fs';
export const getService = () => ({
  async start(reportProgress) {
    reportProgress(0.4, 'Loading the text encoder');
    while (!existsSync(new URL(import.meta.url).pathname + '.go')) await new Promise((resolve) => setTimeout(resolve, 20));
    throw new Error('no weights');
  },
  async *serve() {},
});
`;
