import { readFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Download, Locator, Page } from 'playwright-core';
import type { Chromium } from './chromium.ts';
import { waitFor } from './condition.ts';

/** Where pictures of the studio are put, for people to look at. */
const SCREENSHOTS = join(tmpdir(), 'telefuser-studio');
const AXE = readFileSync(fileURLToPath(new URL('../../node_modules/axe-core/axe.min.js', import.meta.url)), 'utf8');

export interface StudioOptions {
  readonly viewport?: { readonly width: number; readonly height: number };
  readonly colorScheme?: 'light' | 'dark';
}

/** The studio in a tab of Chromium, as its user sees it. */
export class StudioPage implements AsyncDisposable {
  /** Errors of scripts, and what the content security policy refused. */
  readonly problems: string[] = [];
  /** Addresses that were asked for. */
  readonly requests: string[] = [];

  private constructor(readonly page: Page) {
    page.on('pageerror', (error) => this.problems.push(error.message));
    page.on('console', (message) => {
      if (message.type() === 'error' && /Content Security Policy|React|key prop/u.test(message.text()))
        this.problems.push(message.text());
    });
    page.on('request', (request) => this.requests.push(request.url()));
  }

  static async open(chromium: Chromium, url: string, options: StudioOptions = {}): Promise<StudioPage> {
    const page = await chromium.context.newPage();
    const studio = new StudioPage(page);
    await page.emulateMedia({ colorScheme: options.colorScheme ?? 'light' });
    await page.setViewportSize(options.viewport ?? { width: 1440, height: 900 });
    await page.goto(url);
    return studio;
  }

  /** Presses play, and waits for a picture. */
  async play(): Promise<void> {
    await this.bar('Play').click();
    await this.isInState('Live');
    await this.#until('a picture', async () => (await this.figure('Size')) !== '–');
  }

  /** A button of the player's bar. */
  bar(name: string): Locator {
    return this.page.getByRole('group', { name: 'Player' }).first().getByRole('button', { name, exact: true });
  }

  isInState(state: string): Promise<void> {
    return this.#until(`the state ${state}`, async () => (await this.page.getByTestId('state').first().innerText()) === state);
  }

  /** Waits, and says what the stage says when it waits in vain. */
  async #until(what: string, probe: () => Promise<boolean>): Promise<void> {
    try {
      await waitFor(what, probe, 15_000);
    } catch (error) {
      throw new Error(`${String(error)}; the stage says: ${await this.page.locator('.stage__screen').first().innerText()}`, {
        cause: error,
      });
    }
  }

  figure(name: string): Promise<string> {
    return this.page.locator(`[data-figure="${name}"]`).innerText();
  }

  tab(name: string): Promise<void> {
    return this.page.getByRole('tab', { name }).click();
  }

  /** The mean colour of the picture around a point, as the page shows it. */
  colourAt(x: number, y: number): Promise<readonly number[]> {
    return this.page.evaluate(
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

  /** What an act of the person makes the browser save. */
  async saved(act: () => Promise<void>): Promise<Download> {
    const [download] = await Promise.all([this.page.waitForEvent('download', { timeout: 10_000 }), act()]);
    return download;
  }

  /** What axe finds against WCAG 2.2 A and AA and its own best practices, one line each. */
  async violations(): Promise<readonly string[]> {
    // By the debugger: the page's own policy lets no foreign script in.
    await this.page.evaluate(AXE);
    return this.page.evaluate(async () => {
      const { axe } = globalThis as unknown as {
        axe: { run(): Promise<{ violations: { id: string; nodes: { html: string; failureSummary: string }[] }[] }> };
      };
      const { violations } = await axe.run();
      return violations.flatMap(({ id, nodes }) =>
        nodes.map(({ html, failureSummary }) => `${id}: ${html.slice(0, 200)} ${failureSummary}`),
      );
    });
  }

  async screenshot(name: string, { fullPage = false } = {}): Promise<void> {
    await mkdir(SCREENSHOTS, { recursive: true });
    await this.page.screenshot({ path: join(SCREENSHOTS, `${name}.png`), fullPage });
  }

  /** Closes the tab. @throws when a script failed or the policy refused something */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.page.close();
    if (this.problems.length > 0) throw new Error(`the page had problems:\n${this.problems.join('\n')}`);
  }
}
