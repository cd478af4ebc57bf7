import { readFile } from 'node:fs/promises';
import type { BrowserContext, Page } from 'playwright-core';
import type * as StreamClient from '@telefuser/stream-client';

/** Where the page finds the client: on the server's own origin, which a camera and the page's fetch calls need. */
const PREFIX = '/__client/';
const DIST = new URL('../../packages/client/dist/', import.meta.url);
const TIMEOUT_MS = 15_000;

/** What a page's import map says: the client as it was built, one module a file. */
const IMPORTS = {
  '@telefuser/stream-client': `${PREFIX}index.js`,
  '@telefuser/stream-client/element': `${PREFIX}element/define.js`,
};
const START = `import * as client from '${PREFIX}index.js';\nglobalThis.streamClient = client;\n`;

const VIDEO = '<video muted width="832" height="480"></video>';

declare global {
  /** The client, in a page that this file has opened. */
  var streamClient: typeof StreamClient;
  /** The session of a test. */
  var session: StreamClient.StreamSession;
}

/**
 * A page with a video element and the built client loaded. The caller closes it, or its browser.
 * @param body what stands in the page besides
 */
export async function openClientPage(context: BrowserContext, serverUrl: string, body = VIDEO): Promise<Page> {
  const page = await context.newPage();
  await routeClient(page, body);
  await page.goto(new URL(PREFIX, serverUrl).href);
  return loaded(page);
}

/**
 * The same in a page that the server has sent: Chromium lets no page without an address of its own into a private network. It has no import map.
 */
export async function openServedClientPage(context: BrowserContext, serverUrl: string): Promise<Page> {
  const page = await context.newPage();
  await routeClient(page, '');
  await page.goto(new URL('v1/service/health', serverUrl).href);
  await page.evaluate((video) => void (document.body.innerHTML = video), VIDEO);
  await page.addScriptTag({ type: 'module', url: `${PREFIX}start.js` });
  return loaded(page);
}

async function routeClient(page: Page, body: string): Promise<void> {
  await page.route(`**${PREFIX}**`, async (route) => {
    const name = new URL(route.request().url()).pathname.slice(PREFIX.length);
    if (name === '') return route.fulfill({ contentType: 'text/html', body: html(body) });
    const text = name === 'start.js' ? START : await readFile(new URL(name, DIST), 'utf8');
    return route.fulfill({ contentType: 'text/javascript', body: text });
  });
}

async function loaded(page: Page): Promise<Page> {
  await page.waitForFunction(() => 'streamClient' in globalThis, undefined, { timeout: TIMEOUT_MS });
  return page;
}

function html(body: string): string {
  return `<!doctype html><title>client</title><link rel="icon" href="data:,">
<script type="importmap">${JSON.stringify({ imports: IMPORTS })}</script>
<script type="module" src="${PREFIX}start.js"></script>
<body>${body}</body>`;
}
