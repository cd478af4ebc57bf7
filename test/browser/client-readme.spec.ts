import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { Page } from 'playwright-core';
import { build } from 'vite';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { makeApiKey } from '#server/identity/index.js';
import { launchChromium, type Chromium } from '../support/chromium.ts';
import { openClientPage } from '../support/client-page.ts';
import { waitFor } from '../support/condition.ts';
import { shippedPipeline, TestServer } from '../support/server.ts';

const README = new URL('../../packages/client/README.md', import.meta.url);
const ADDRESS = 'http://localhost:8088';

/** The example below a heading: the `position`th of its language. */
async function example(heading: string, language: 'js' | 'jsx' | 'html', position = 0): Promise<string> {
  const [, section = ''] = (await readFile(README, 'utf8')).split(`\n## ${heading}\n`);
  const blocks = [...(section.split('\n## ')[0] ?? '').matchAll(/^```(\w+)\n(.*?)^```$/gmsu)];
  const found = blocks.filter(([, of]) => of === language)[position]?.[2];
  if (found === undefined) throw new Error(`no example ${position} in ${language} below "${heading}"`);
  return found;
}

describe('the examples of the client’s README', () => {
  let chromium: Chromium;
  let pattern: TestServer;
  let overlay: TestServer;
  let page: Page;
  let said: string[];

  beforeAll(async () => {
    [chromium, pattern, overlay] = await Promise.all([
      launchChromium(),
      TestServer.start(shippedPipeline('test-pattern')),
      TestServer.start(shippedPipeline('arrow-overlay')),
    ]);
  });
  afterEach(async () => {
    await page.close();
    for (const server of [pattern, overlay]) await server.idle();
  });
  afterAll(async () => {
    await chromium[Symbol.asyncDispose]();
    for (const server of [pattern, overlay]) await server.close();
  });

  async function open(server: TestServer, body?: string): Promise<void> {
    said = [];
    page = await openClientPage(chromium.context, server.server.url, body);
    page.on('console', (message) => said.push(message.text()));
    page.on('pageerror', (error) => said.push(`uncaught: ${String(error)}`));
  }

  /** Runs code as a module of the page, to its end. */
  async function run(code: string, server: TestServer): Promise<void> {
    const here = code.replaceAll(ADDRESS, server.server.url);
    const content = `${here}\nif (typeof session !== 'undefined') globalThis.session = session;\nglobalThis.hasRun = true;`;
    await page.addScriptTag({ type: 'module', content });
    await waitFor(
      () => `the example to end; it said ${said.join('\n')}`,
      () => page.evaluate<boolean>('globalThis.hasRun === true'),
      15_000,
    );
  }

  async function saying(pattern_: RegExp): Promise<string> {
    return waitFor(
      () => `${String(pattern_)} among ${said.join('\n')}`,
      () => said.find((line) => pattern_.test(line)),
    );
  }

  const playing = (): Promise<true> =>
    waitFor(
      () => `a picture; the page said ${said.join('\n')}`,
      () =>
        page.evaluate(() => {
          const video =
            document.querySelector('video') ?? document.querySelector('telefuser-stream')?.shadowRoot?.querySelector('video');
          return (video?.getVideoPlaybackQuality().totalVideoFrames ?? 0) > 5;
        }),
      15_000,
    );

  it('play', async () => {
    await open(pattern);
    await run(await example('Play', 'js'), pattern);
    await playing();
    expect(said).toEqual([]);
  });

  it('end by an AbortSignal', async () => {
    await open(pattern);
    await run(await example('Play', 'js', 1), pattern);
    expect(said).toEqual(['closed']);
  });

  it('steer', async () => {
    await open(overlay);
    await run(await example('Steer', 'js'), overlay);
    await saying(/^on the screen after \d+/u);
    await saying(/^the picture on the screen has/u);
    await page.keyboard.press('ArrowLeft');
    expect(said.filter((line) => line.startsWith('uncaught'))).toEqual([]);
  });

  it('send camera and microphone', async () => {
    await using echo = await TestServer.start(shippedPipeline('echo'));
    await open(echo);
    await run(await example('Camera and microphone', 'js'), echo);
    expect(await page.evaluate(() => session.inputs.getTracks().map(({ kind }) => kind))).toEqual(['audio', 'video']);
    await page.evaluate(() => session.close());
    expect(said).toEqual([]);
  });

  it('tell of their states', async () => {
    await open(pattern);
    await run(await example('When the connection is lost', 'js'), pattern);
    await saying(/^live Session/u);
    await page.evaluate(() => session.close());
    expect(await saying(/^over:/u)).toBe('over: closed undefined undefined');
    expect(said).toContain('now closed');
  });

  it('say what went wrong', async () => {
    await open(pattern);
    await run(await example('Errors', 'js'), pattern);
    await saying(/^validation-failed/u);
    expect(await page.locator('body').innerText()).toContain('Correct the fields');
  });

  it('fetch a credential', async () => {
    const { key, record } = makeApiKey({ tenant: 'acme', scopes: ['stream:create'], expiresAtMs: undefined });
    await using server = await TestServer.start(shippedPipeline('test-pattern'), {
      TELEFUSER_AUTH: 'required',
      TELEFUSER_API_KEYS: JSON.stringify([record]),
    });
    await open(server);
    await page.route('**/my-server/stream-token', async (route) => {
      const answer = await fetch(new URL('v1/stream/tokens', server.server.url), {
        method: 'POST',
        headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
        body: '{}',
      });
      await route.fulfill({ contentType: 'application/json', body: await answer.text() });
    });
    await run(await example('Credentials', 'js'), server);
    expect(await page.evaluate(() => session.state)).toBe('live');
    await page.evaluate(() => session.close());
  });

  it('tell figures', async () => {
    await open(pattern);
    await run(await example('Figures', 'js'), pattern);
    expect(await saying(/^[1-9]\d*\.\d fps, [1-9]/u)).toMatch(/ms round trip$/u);
  });

  it('render with React', async () => {
    await open(overlay, '<div id="simple"></div><div id="own"></div>');
    await page.addScriptTag({
      type: 'module',
      content: await bundleReact((await example('React', 'jsx')).replaceAll(ADDRESS, overlay.server.url)),
    });
    await playing();
    // In development React mounts every component twice: only one session must be left.
    await waitFor('one session', async () => (await overlay.api.activeSessions()) === 1);
    await page.keyboard.press('ArrowUp');
    const [status, button] = [page.getByRole('status'), page.getByRole('button')];
    expect([await status.innerText(), await button.innerText()]).toEqual(['idle', 'Watch']);
    await button.click();
    await waitFor('the other to be live', async () => (await status.innerText()) === 'live');
    expect(await overlay.api.activeSessions()).toBe(2);
    await button.click();
    await waitFor('it to be over', async () => (await overlay.api.activeSessions()) === 1);
    await page.evaluate('globalThis.unmount()');
    await overlay.idle();
    expect(said.filter((line) => line.startsWith('uncaught'))).toEqual([]);
  });

  it('are a custom element', async () => {
    await open(overlay, (await example('Custom element', 'html')).replaceAll(ADDRESS, overlay.server.url));
    await playing();
    await page.evaluate(() => {
      const heard: string[] = [];
      const element = document.querySelector('telefuser-stream') as HTMLElement & { session: typeof session };
      for (const type of ['state', 'live', 'error']) {
        element.addEventListener(type, (event) =>
          heard.push(`${type} ${(event as CustomEvent<{ code?: string }>).detail.code ?? String((event as CustomEvent).detail)}`),
        );
      }
      element.session.on('applied', ({ message }) => heard.push(`applied ${String(message['action'])}`));
      element.focus();
      Object.assign(globalThis, { heard });
    });
    const heard = (): Promise<string[]> => page.evaluate('heard');
    await page.keyboard.press('w');
    await page.keyboard.press('ArrowUp');
    await waitFor('the keys to be applied', async () => (await heard()).length >= 2);
    await page.evaluate(() => document.querySelector('telefuser-stream')?.setAttribute('fps', '1000'));
    await waitFor('the refusal', async () => (await heard()).includes('error validation-failed'), 15_000);
    await page.evaluate(() => document.querySelector('telefuser-stream')?.remove());
    await overlay.idle();
    expect(said.filter((line) => line.startsWith('uncaught'))).toEqual([]);
  });
});

/** The components of an example, rendered in strict mode, in one file. */
async function bundleReact(components: string): Promise<string> {
  const root = fileURLToPath(new URL('.', import.meta.url));
  const entry = `${root}entry.jsx`;
  const built = await build({
    configFile: false,
    logLevel: 'silent',
    root,
    mode: 'development',
    define: { 'process.env.NODE_ENV': '"development"' },
    plugins: [
      {
        name: 'entry',
        enforce: 'pre',
        resolveId: (id) => (id === entry ? id : undefined),
        load: (id) => (id === entry ? `${REACT_IMPORTS}${components}${REACT_START}` : undefined),
      },
    ],
    build: { write: false, minify: false, rolldownOptions: { input: entry } },
  });
  const [output] = Array.isArray(built) ? built : [built];
  if (output === undefined || !('output' in output)) throw new Error('nothing was built');
  return output.output.map((chunk) => ('code' in chunk ? chunk.code : '')).join('\n');
}

const REACT_IMPORTS = `import { renderExample } from '../support/page/render-example.ts';\n`;
const REACT_START = `
const unmounts = [renderExample('simple', Simple), renderExample('own', Own)];
globalThis.unmount = () => unmounts.forEach((unmount) => unmount());
`;
