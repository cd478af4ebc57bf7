import { readFile } from 'node:fs/promises';
import { stripTypeScriptTypes } from 'node:module';
import type { BrowserContext, Page } from 'playwright-core';
import type { LumaCondition, OpenResult, Recording, ViewerOptions } from './page/probe.ts';
import type { RelayedSession } from './relay/udp-relay.ts';

export type { FrameRecord, Recording, SoundRecord, StatsSample } from './page/probe.ts';

/** Where the page finds the measuring code: on the server's own origin, which a secure context and the page's fetch calls need. */
const PREFIX = '/__probe/';

const TIMEOUT_MS = 15_000;

/** Matches the path of the signalling call on any server. */
const OFFER_PATH = '**/v1/stream/webrtc/offer';

/** Questions for the page's clock; the quickest answer counts. */
const CLOCK_ROUNDS = 30;

/** A page of the server with the measuring code loaded, and its calls. */
export class ProbePage {
  readonly page: Page;

  private constructor(page: Page) {
    this.page = page;
  }

  /** Opens a plain page of the server's origin. The caller closes it, or its browser. */
  static async open(context: BrowserContext, url: string): Promise<ProbePage> {
    const page = await context.newPage();
    await page.route(`**${PREFIX}**`, async (route) => {
      const name = new URL(route.request().url()).pathname.slice(PREFIX.length);
      if (name === '')
        return route.fulfill({
          contentType: 'text/html',
          body: '<!doctype html><title>probe</title><link rel="icon" href="data:,"><body></body>',
        });
      const source = await readFile(new URL(`page/${name}`, import.meta.url), 'utf8');
      return route.fulfill({ contentType: 'text/javascript', body: stripTypeScriptTypes(source) });
    });
    await page.goto(new URL(PREFIX, url).href);
    await page.addScriptTag({ type: 'module', url: `${PREFIX}probe.ts` });
    await page.waitForFunction(() => 'telefuserProbe' in globalThis, undefined, { timeout: TIMEOUT_MS });
    return new ProbePage(page);
  }

  /** Opens a session; with `awaitFrame` resolves when its first frame was decoded. */
  async openSession(options: Partial<ViewerOptions> & { readonly awaitFrame?: boolean } = {}): Promise<OpenResult> {
    const complete = {
      pictures: { counter: true, areas: [] },
      channel: true,
      timeoutMs: TIMEOUT_MS,
      awaitFrame: true,
      ...options,
    };
    return this.page.evaluate((value) => globalThis.telefuserProbe.open(value), complete);
  }

  /** The same, with the media taking the way of a relay: only its opening is intercepted. */
  async openSessionThrough(way: RelayedSession, options: Parameters<ProbePage['openSession']>[0] = {}): Promise<OpenResult> {
    await this.page.route(OFFER_PATH, async (route) => {
      try {
        const offer = route.request().postDataJSON() as { readonly sdp: string };
        const response = await route.fetch({ postData: { ...offer, sdp: way.offerForServer(offer.sdp) }, timeout: TIMEOUT_MS });
        if (!response.ok()) return await route.fulfill({ response });
        const answer = (await response.json()) as { readonly sdp: string };
        return await route.fulfill({ response, json: { ...answer, sdp: await way.answerForClient(answer.sdp) } });
      } catch (error) {
        // The page's own call fails with this, and with it the opening; nobody waits for what this handler returns.
        return route.fulfill({ status: 502, json: { detail: String(error) } });
      }
    });
    try {
      return await this.openSession(options);
    } finally {
      await this.page.unroute(OFFER_PATH);
    }
  }

  /** How far the page's clock is ahead of this process's, ms, and how sure that is: half of the shortest round trip of some. */
  async clockOffset(): Promise<{ readonly offsetMs: number; readonly uncertaintyMs: number }> {
    const unixMs = (): number => performance.timeOrigin + performance.now();
    let best = { offsetMs: 0, uncertaintyMs: Infinity };
    for (let round = 0; round < CLOCK_ROUNDS; round += 1) {
      const askedMs = unixMs();
      const there = await this.page.evaluate(() => globalThis.telefuserProbe.unixMs());
      const uncertaintyMs = (unixMs() - askedMs) / 2;
      if (uncertaintyMs < best.uncertaintyMs) best = { offsetMs: there - askedMs - uncertaintyMs, uncertaintyMs };
    }
    return best;
  }

  async recording(handle: number): Promise<Recording> {
    return this.page.evaluate((value) => globalThis.telefuserProbe.recording(value), handle);
  }

  /** Forgets the frames and sounds recorded so far. */
  async clear(...handles: number[]): Promise<void> {
    await this.page.evaluate((value) => globalThis.telefuserProbe.clear(value), handles);
  }

  async send(handle: number, message: unknown): Promise<void> {
    await this.page.evaluate(([value, sent]) => globalThis.telefuserProbe.send(value, sent), [handle, message] as const);
  }

  /** Milliseconds from the sending of a message to the arrival of the first frame that meets the condition. */
  async sendAndWait(handle: number, message: unknown, condition: LumaCondition, timeoutMs = 2000): Promise<number> {
    return this.page.evaluate((values) => globalThis.telefuserProbe.sendAndWait(...values), [
      handle,
      message,
      condition,
      timeoutMs,
    ] as const);
  }

  /** Mean colours (red, green, blue) around points, as a canvas shows them. */
  async colours(handle: number, points: readonly (readonly [number, number])[], radius = 8): Promise<number[][]> {
    return this.page.evaluate((values) => globalThis.telefuserProbe.colours(...values), [handle, points, radius] as const);
  }

  /** The same of the camera that is sent. */
  async ownColours(handle: number, points: readonly (readonly [number, number])[], radius = 8): Promise<number[][]> {
    return this.page.evaluate((values) => globalThis.telefuserProbe.ownColours(...values), [handle, points, radius] as const);
  }

  /** What WebAudio hears of a session within a time. */
  async listen(handle: number, durationMs: number): Promise<{ peakDecibels: number; peakHertz: number }> {
    return this.page.evaluate((values) => globalThis.telefuserProbe.listen(...values), [handle, durationMs] as const);
  }

  /** What WebAudio hears of a session at these frequencies within a time, in dB: first the left channel, then the right. */
  async listenStereo(handle: number, frequencies: readonly number[], durationMs: number): Promise<number[][]> {
    return this.page.evaluate((values) => globalThis.telefuserProbe.listenStereo(...values), [
      handle,
      frequencies,
      durationMs,
    ] as const);
  }

  async closeSession(handle: number, tellServer = true): Promise<void> {
    await this.page.evaluate((values) => globalThis.telefuserProbe.close(...values), [handle, tellServer] as const);
  }
}
