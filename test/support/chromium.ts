import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium, type BrowserContext } from 'playwright-core';

const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--disable-features=WebRtcHideLocalIpsWithMdns',
  // Tests look at pages nobody has clicked on.
  '--autoplay-policy=no-user-gesture-required',
  '--use-fake-ui-for-media-stream',
  '--use-fake-device-for-media-stream',
];

/** The Chromium that the tests drive. */
export const CHROMIUM = process.env['CHROMIUM'] ?? '/usr/bin/chromium';

export interface Chromium extends AsyncDisposable {
  readonly context: BrowserContext;
}

/**
 * A headless Chromium with a profile of its own, which is removed with it.
 * @param executable instead of `CHROMIUM` or Debian's.
 */
export async function launchChromium(extraFlags: readonly string[] = [], executable = CHROMIUM): Promise<Chromium> {
  const profile = await mkdtemp(join(tmpdir(), 'telefuser-chromium-'));
  const context = await chromium.launchPersistentContext(profile, {
    executablePath: executable,
    headless: true,
    args: [...FLAGS, ...extraFlags],
    viewport: { width: 1280, height: 800 },
  });
  return {
    context,
    async [Symbol.asyncDispose]() {
      await context.close();
      await rm(profile, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}
