import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { setTimeout as sleep } from 'node:timers/promises';
import { CHROMIUM, launchChromium, type Chromium } from '../support/chromium.ts';
import { openServedClientPage } from '../support/client-page.ts';
import { waitFor } from '../support/condition.ts';
import { Namespace, withoutNamespaces, type NamespaceProcess } from '../support/namespace.ts';
import { skipReason } from '../support/skip-reason.ts';

const [SERVER, CLIENT] = ['10.78.0.1', '10.78.0.2'] as const;
const CUT_MS = 8000;
/** From the link's return to the picture. */
const MOST_RETURN_MS = 2000;

/** Frames on the screen with their times, milliseconds since 1970, which is what this process counts too. */
interface Shown {
  readonly atMs: number;
}

describe.skipIf(withoutNamespaces !== undefined)(`the client in its own network${skipReason(withoutNamespaces)}`, () => {
  let there: Namespace;
  let here: Namespace;
  let folder: string;
  let chromium: Chromium;
  let server: NamespaceProcess;
  let page: Page;

  beforeAll(async () => {
    there = await Namespace.make();
    here = await Namespace.make();
    await there.connect(`${SERVER}/24`, here, `${CLIENT}/24`);
    folder = await mkdtemp(join(tmpdir(), 'telefuser-client-'));
    const wrapper = join(folder, 'chromium');
    await writeFile(wrapper, `#!/bin/sh\nexec ip netns exec ${here.name} ${CHROMIUM} "$@"\n`);
    await chmod(wrapper, 0o755);
    [server, chromium] = await Promise.all([there.serve('pipelines/arrow-overlay'), launchChromium([], wrapper)]);
  });
  afterAll(async () => {
    await chromium?.[Symbol.asyncDispose]();
    await server?.[Symbol.asyncDispose]();
    await here?.[Symbol.asyncDispose]();
    await there?.[Symbol.asyncDispose]();
    await rm(folder, { recursive: true, force: true });
  });

  const frames = (): Promise<readonly Shown[]> => page.evaluate('shown');
  const framesAfter = async (atMs: number, count: number): Promise<readonly Shown[]> =>
    waitFor(
      `${count} frames`,
      async () => {
        const after = (await frames()).filter((frame) => frame.atMs > atMs);
        return after.length >= count && after;
      },
      15_000,
    );

  it(`comes back by itself after a cut of ${CUT_MS / 1000} s, its picture within ${MOST_RETURN_MS / 1000} s of the link`, async () => {
    page = await openServedClientPage(chromium.context, `http://${SERVER}:8088`);
    await page.evaluate(async () => {
      const shown: Shown[] = [];
      Object.assign(globalThis, { shown });
      globalThis.session = await streamClient.connect('/');
      session.on('frame', ({ displayedAtMs }) => shown.push({ atMs: performance.timeOrigin + displayedAtMs }));
      session.attach(document.querySelector('video')!);
    });
    await framesAfter(0, 24);

    await here.run('ip', 'link', 'set', 'eth0', 'down');
    const cutAtMs = Date.now();
    await sleep(cutAtMs + CUT_MS - Date.now());
    await here.run('ip', 'link', 'set', 'eth0', 'up');
    const upAtMs = Date.now();
    const [first] = await framesAfter(upAtMs, 24);
    const returnMs = (first?.atMs ?? Infinity) - upAtMs;
    await waitFor('the way back to be found', () =>
      page.evaluate(() => session.log.some(({ event }) => event === 'recovered' || event === 'reconnected')),
    );
    const log = await page.evaluate(() => session.log.map(({ atUnixMs, event, message }) => ({ atUnixMs, event, message })));
    if (process.env['SHOW_TIMELINE'] !== undefined) {
      console.log(`picture ${returnMs.toFixed(0)} ms after the link`);
      for (const { atUnixMs, event, message } of log)
        console.log(`${String(atUnixMs - cutAtMs).padStart(6)} ms ${event}: ${message}`);
    }
    expect(returnMs).toBeLessThan(MOST_RETURN_MS);
    expect(await page.evaluate(() => session.state)).toBe('live');
    const events = log.map(({ event }) => event);
    expect(events).toEqual(expect.arrayContaining(['live', 'disconnected', 'restarting-ice']));
    expect(events.filter((event) => event === 'recovered' || event === 'reconnected')).toHaveLength(1);
    // Steering works again, too.
    const latencyMs = await page.evaluate(() => session.control({ type: 'control', key: 'ArrowUp', action: 'press' }).shown);
    expect(latencyMs).toBeLessThan(1000);
  });
});
