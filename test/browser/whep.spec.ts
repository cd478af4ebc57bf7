import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { networkInterfaces } from 'node:os';
import { fileURLToPath } from 'node:url';
import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { launchChromium, type Chromium } from '../support/chromium.ts';
import { waitFor } from '../support/condition.ts';
import { shippedPipeline, TestServer } from '../support/server.ts';

/** How long a picture may stand still on a busy machine where nothing is lost; frames come every 42 ms, and a lost path is found dead after seconds. */
const MOST_STANDSTILL_MS = 1000;

/** What a page that plays shows. */
interface Playback {
  readonly frames: number;
  /** The longest time from one frame to the next. */
  readonly standstillMs: number;
  readonly packetsLost: number;
  readonly decoded: { readonly video: number; readonly sound: number };
  /** User fragments of the client's transport: another after each restart. */
  readonly iceUsernameFragment: string | undefined;
  readonly state: string;
}

/** The code of docs/whep.md, piece by piece. */
async function documentedCode(): Promise<readonly string[]> {
  const text = await readFile(new URL('../../docs/whep.md', import.meta.url), 'utf8');
  return [...text.matchAll(/^```js\n(.*?)^```$/gmsu)].map(([, code = '']) => code);
}

async function playback(page: Page): Promise<Playback> {
  return page.evaluate(async () => {
    const { connection, times } = globalThis as unknown as { connection: RTCPeerConnection; times: number[] };
    const stats = [...(await connection.getStats()).values()] as Record<string, unknown>[];
    const inbound = (kind: string): Record<string, unknown> =>
      stats.find(({ type, kind: of }) => type === 'inbound-rtp' && of === kind) ?? {};
    const transport = stats.find(({ type }) => type === 'transport');
    return {
      frames: times.length,
      standstillMs: Math.max(0, ...times.slice(1).map((time, index) => time - (times[index] ?? time))),
      packetsLost: Number(inbound('video')['packetsLost']),
      decoded: { video: Number(inbound('video')['framesDecoded']), sound: Number(inbound('audio')['totalSamplesReceived']) },
      iceUsernameFragment: transport?.['iceLocalUsernameFragment'] as string | undefined,
      state: connection.connectionState,
    };
  });
}

/** Counts the frames that the page's video shows from now on. */
async function watchFrames(page: Page): Promise<void> {
  await page.evaluate(() => {
    const times: number[] = [];
    const video = document.querySelector('video');
    const note = (): void => {
      times.push(performance.now());
      video?.requestVideoFrameCallback(note);
    };
    video?.requestVideoFrameCallback(note);
    Object.assign(globalThis, { times });
  });
}

describe('a player that speaks WHEP, in Chromium', () => {
  let chromium: Chromium;
  let page: Page;

  beforeAll(async () => {
    chromium = await launchChromium();
  });
  afterEach(() => page.close());
  afterAll(() => chromium[Symbol.asyncDispose]());

  async function framesAfter(count: number): Promise<Playback> {
    return waitFor(
      `${count} frames`,
      async () => {
        const now = await playback(page);
        return now.frames >= count && now;
      },
      15_000,
    );
  }

  /** Restarts ICE by an expression, and waits for frames thereafter. */
  async function restartBy(expression: string): Promise<Playback> {
    const before = await playback(page);
    await page.evaluate(expression);
    await waitFor('the new ICE session', async () => {
      const { state, iceUsernameFragment } = await playback(page);
      return state === 'connected' && iceUsernameFragment !== undefined && iceUsernameFragment !== before.iceUsernameFragment;
    });
    return framesAfter((await playback(page)).frames + 24);
  }

  it('plays by the lines of docs/whep.md, and its picture goes on through ICE restarts', async () => {
    await using server = await TestServer.start(shippedPipeline('test-pattern'));
    page = await chromium.context.newPage();
    await page.goto(server.server.url);
    const [play = '', restart = ''] = await documentedCode();
    expect(play.trim().split('\n').length).toBeLessThanOrEqual(20);
    const expose = 'Object.assign(globalThis, { connection, session: session.href, restartIce });';
    await page.evaluate(`(async () => { document.body.replaceChildren();\n${play}\n${restart}\n${expose} })()`);
    await watchFrames(page);
    const before = await framesAfter(24);
    expect(await server.api.activeSessions()).toBe(1);
    const id =
      String(await page.evaluate('session'))
        .split('/')
        .at(-1) ?? '';

    await restartBy('restartIce()');
    const after = await restartBy('restartIce()');
    expect(after.decoded.sound).toBeGreaterThan(before.decoded.sound);
    expect(after.packetsLost).toBe(0);
    expect(after.standstillMs).toBeLessThan(MOST_STANDSTILL_MS);
    expect(await server.api.activeSessions()).toBe(1);
    expect(await server.api.status(id)).toMatchObject({ status: 'active', state: 'live', stream_mode: 'server_push' });

    expect(await page.evaluate("fetch(session, { method: 'DELETE' }).then(({ status }) => status)")).toBe(200);
    expect(await server.api.closeReason(id)).toBe('client_delete');
  });

  it('plays by a library that is not ours, on a page of another origin, and restarts ICE', async () => {
    // The library joins the candidates of a restart in a way that only one survives.
    await using server = await TestServer.start(shippedPipeline('test-pattern'), {
      TELEFUSER_ICE_HOST_ADDRESSES: machineAddress(),
      TELEFUSER_ICE_HOST_ADDRESS_MODE: 'replace',
    });
    page = await chromium.context.newPage();
    await using elsewhere = await libraryPage();
    await page.goto(elsewhere.url);
    const endpoint = new URL('v1/stream/whep?prompt=a+lighthouse&config={"frames":100000}', server.server.url).href;
    await page.evaluate(`(async () => {
      const { WHEPClient } = await import('/whep.js');
      const connection = new RTCPeerConnection({ bundlePolicy: 'max-bundle' });
      const stream = new MediaStream();
      document.querySelector('video').srcObject = stream;
      for (const kind of ['audio', 'video']) connection.addTransceiver(kind, { direction: 'recvonly' });
      connection.ontrack = ({ track }) => stream.addTrack(track);
      const client = new WHEPClient();
      await client.view(connection, ${JSON.stringify(endpoint)});
      Object.assign(globalThis, { connection, client });
    })()`);
    await watchFrames(page);
    await framesAfter(24);
    const after = await restartBy('client.restart()');
    expect(after.packetsLost).toBe(0);
    expect(after.standstillMs).toBeLessThan(MOST_STANDSTILL_MS);
    expect(await server.api.activeSessions()).toBe(1);
    await page.evaluate('client.stop()');
    await server.idle();
  });
});

/** A page of an origin of its own, with the library that is not ours. */
async function libraryPage(): Promise<AsyncDisposable & { readonly url: string }> {
  const library = await readFile(fileURLToPath(import.meta.resolve('whip-whep/whep.js')), 'utf8');
  const server = createServer((request, response) => {
    const isLibrary = request.url === '/whep.js';
    response.setHeader('content-type', isLibrary ? 'text/javascript' : 'text/html');
    response.end(isLibrary ? library : '<!doctype html><video autoplay muted></video>');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

/** Where a client on this machine reaches the server. */
function machineAddress(): string {
  const addresses = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
  return addresses.find(({ family, internal }) => family === 'IPv4' && !internal)?.address ?? '127.0.0.1';
}
