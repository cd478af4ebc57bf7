import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { makeApiKey } from '#server/identity/index.js';
import type { ConnectOptions, StreamErrorCode, StreamStats } from '@telefuser/stream-client';
import { launchChromium, type Chromium } from '../support/chromium.ts';
import { openClientPage } from '../support/client-page.ts';
import { waitFor } from '../support/condition.ts';
import { shippedPipeline, testPipeline, TestServer } from '../support/server.ts';

/** Where the overlay's ArrowUp shows its colour (pipelines/arrow-overlay/README.md), and between its luma at rest and lit. */
const BUTTON = { x: 744, y: 342, size: 6 };
const LIT_LUMA = 112;
/** What the client says of a control and what the pixels say may differ by. */
const MOST_LATENCY_ERROR_MS = 10;
/** Until a pipeline whose process was ended has another. */
const CRASH_TIMEOUT_MS = 20_000;
/** From the end of a page until the server has closed its session. */
const MOST_LEAVING_MS = 2000;
/** Of a headless Chromium. */
const REFRESH_MS = 1000 / 60;

describe('the client in Chromium', () => {
  let chromium: Chromium;
  let page: Page;

  beforeAll(async () => {
    chromium = await launchChromium();
  });
  afterEach(() => page.close());
  afterAll(() => chromium[Symbol.asyncDispose]());

  /** Connects, as `session` of the page, and shows it. */
  async function connect(options: ConnectOptions = {}, server: string = '..'): Promise<void> {
    await page.evaluate(
      async ([url, wanted]) => {
        globalThis.session = await streamClient.connect(url, wanted);
        session.attach(document.querySelector('video')!);
      },
      [server, options] as const,
    );
  }

  /** The code and remedy that `connect` rejects with. */
  async function refusal(options: ConnectOptions & { readonly abortAfterMs?: number }, server = '..') {
    return page.evaluate(
      async ([url, { abortAfterMs, ...wanted }]) => {
        const signal = abortAfterMs === undefined ? undefined : AbortSignal.timeout(abortAfterMs);
        try {
          await streamClient.connect(url, { ...wanted, signal });
        } catch (error) {
          if (!(error instanceof streamClient.StreamError)) throw error;
          return { code: error.code, message: error.message, remedy: error.remedy, problem: error.problem?.errors };
        }
        throw new Error('it connected');
      },
      [server, options] as const,
    );
  }

  /** The next figures that meet a condition. */
  async function statsThat(what: string, meets: (stats: StreamStats) => boolean): Promise<StreamStats> {
    await page.evaluate(() => void session.on('stats', () => undefined));
    return waitFor(what, async () => {
      const stats = await page.evaluate(() => session.stats);
      return stats !== undefined && meets(stats) && stats;
    });
  }

  describe('with a server-push pipeline', () => {
    let server: TestServer;
    beforeAll(async () => {
      // An offer whose client has gone just when it was answered is given up by the server alone.
      server = await TestServer.start(shippedPipeline('test-pattern'), { TELEFUSER_WEBRTC_CONNECT_TIMEOUT_SECONDS: '4' });
    });
    afterAll(() => server.close());

    it('plays, tells its figures and the server’s, and closes at both ends', async () => {
      page = await openClientPage(chromium.context, server.server.url);
      await connect({ statsIntervalMs: 250, prompt: 'a test' });
      // Sound that is not there yet is worse than a moment's delay: what the browser holds back is asked for.
      const stats = await statsThat('the figures', ({ video, audio, server: theirs }) => {
        const isPlaying = (video?.fps ?? 0) > 15 && (audio?.bitrate ?? 0) > 0 && (audio?.jitterBufferMs ?? 0) > 100;
        return isPlaying && (theirs?.latency.send_to_shown?.count ?? 0) > 0;
      });
      expect(stats).toMatchObject({
        video: { width: 832, height: 480, codec: 'video/H264', freezes: 0 },
        audio: { codec: 'audio/opus' },
        path: { local: 'host', remote: 'host', protocol: 'udp' },
        server: { state: 'live', frames: { generated: expect.any(Number) as number } },
      });
      const [id, mode, frames] = await page.evaluate(
        () => [session.id, session.mode, session.stream.getTracks().length] as const,
      );
      expect([mode, frames]).toEqual(['server_push', 2]);
      expect(await server.api.status(id)).toMatchObject({ status: 'active', state: 'live' });
      const end = await page.evaluate(async () => {
        await Promise.all([session.close(), session.close()]);
        return { ...(await session.ended), state: session.state };
      });
      expect(end).toMatchObject({ state: 'closed' });
      expect(await server.api.closeReason(id)).toBe('client_delete');
      await server.idle();
    });

    it('tells the server that the page goes, also when the page’s own code closes the session then', async () => {
      for (const isOwn of [false, true]) {
        page = await openClientPage(chromium.context, server.server.url);
        await page.evaluate((closes) => {
          // Listens before the client does.
          if (closes) globalThis.addEventListener('pagehide', () => void session.close());
        }, isOwn);
        await connect();
        const id = await page.evaluate(() => session.id);
        await page.close();
        expect(await server.api.closeReason(id, MOST_LEAVING_MS)).toBe('client_delete');
      }
      await server.idle();
    });

    it('tells the end of a stream, and goes with the block that holds it', async () => {
      page = await openClientPage(chromium.context, server.server.url);
      await connect({ fields: { duration_s: 0.5 } });
      expect(await page.evaluate(() => session.ended)).toMatchObject({ state: 'ended', reason: 'completed' });
      await page.evaluate(`(async () => { await using held = await streamClient.connect('..'); globalThis.session = held; })()`);
      expect(await page.evaluate(() => session.state)).toBe('closed');
      await server.idle();
    });

    it('says what was wrong and what to do', async () => {
      page = await openClientPage(chromium.context, server.server.url);
      const cases: readonly (readonly [StreamErrorCode, Parameters<typeof refusal>[0], string?])[] = [
        ['validation-failed', { fps: 1000 }],
        ['aborted', { abortAfterMs: 1 }],
        ['timeout', { connectTimeoutMs: 1 }],
        // There is no TURN server.
        ['timeout', { relayOnly: true, connectTimeoutMs: 400 }],
        ['server-unreachable', {}, 'http://127.0.0.1:1'],
        ['not-found', {}, '../docs/'],
        ['invalid-option', {}, 'ftp://127.0.0.1'],
        ['invalid-option', { iceServers: [{ urls: 'http://127.0.0.1' }] }],
      ];
      for (const [code, options, address] of cases) {
        const refused = await refusal(options, address);
        expect(refused).toMatchObject({ code, problem: code === 'validation-failed' ? [{ pointer: '/fps' }] : undefined });
        expect(refused.remedy).toMatch(/^[A-Z].+\.$/u);
        expect(refused.message.length).toBeGreaterThan(10);
      }
      await server.idle();
      await connect();
      const refused = await page.evaluate(async () => {
        const told = new Promise((resolve) => session.on('refused', ({ code }) => resolve(code)));
        // Pictures may come before the channel is open.
        for (;;) {
          try {
            session.send({ type: 'hello' });
            return await told;
          } catch (error) {
            if ((error as { code?: unknown }).code !== 'not-connected') throw error;
            await new Promise((resolve) => setTimeout(resolve, 20));
          }
        }
      });
      expect(refused).toBe('not-bidirectional');
    });
  });

  describe('with a bidirectional pipeline', () => {
    let server: TestServer;
    beforeAll(async () => {
      server = await TestServer.start(shippedPipeline('arrow-overlay'));
    });
    afterAll(() => server.close());

    it('follows controls to the picture on the screen, as exactly as its pixels say', async () => {
      page = await openClientPage(chromium.context, server.server.url);
      await connect();
      const measured = await page.evaluate(
        async ([button, lit]) => {
          const video = document.querySelector('video')!;
          const context = new OffscreenCanvas(button.size, button.size).getContext('2d', { willReadFrequently: true })!;
          const luma = (): number => {
            context.drawImage(video, button.x, button.y, button.size, button.size, 0, 0, button.size, button.size);
            const { data } = context.getImageData(0, 0, button.size, button.size);
            let sum = 0;
            for (let at = 0; at < data.length; at += 4) sum += 0.299 * data[at]! + 0.587 * data[at + 1]! + 0.114 * data[at + 2]!;
            return sum / (data.length / 4);
          };
          /** When the picture that the element has meets the condition: the browser's own time of that picture, whatever its number. */
          const pixels = (meets: (value: number) => boolean): Promise<number> =>
            new Promise((resolve) => {
              const look = (_now: number, { expectedDisplayTime }: VideoFrameCallbackMetadata): void => {
                if (meets(luma())) resolve(expectedDisplayTime);
                else video.requestVideoFrameCallback(look);
              };
              video.requestVideoFrameCallback(look);
            });
          /** The same by the page's own clock: when it was about to paint that picture. */
          const painted = (meets: (value: number) => boolean): Promise<number> =>
            new Promise((resolve) => {
              const look = (nowMs: number): void => {
                if (meets(luma())) resolve(nowMs);
                else requestAnimationFrame(look);
              };
              requestAnimationFrame(look);
            });
          const found: { shownMs: number; pixelMs: number; paintMs: number; acknowledgedMs: number; held: unknown }[] = [];
          for (let press = 0; press < 8; press += 1) {
            // At any moment of a frame's interval.
            await new Promise((resolve) => setTimeout(resolve, 60 + ((press * 17) % 42)));
            const isLit = pixels((value) => value > lit);
            const isPainted = painted((value) => value > lit);
            const control = session.control({ type: 'control', key: 'ArrowUp', action: 'press' });
            const held = new Promise((resolve) => {
              const stop = session.on('frame', ({ chunk }) => {
                const pressed = chunk?.data?.['pressed'] as string[] | undefined;
                if (pressed?.includes('ArrowUp') !== true) return;
                stop();
                resolve(luma() > lit);
              });
            });
            const [shownMs, litAtMs, { acknowledgedMs }] = await Promise.all([control.shown, isLit, control.applied]);
            found.push({
              shownMs,
              pixelMs: litAtMs - control.sentAtMs,
              paintMs: (await isPainted) - control.sentAtMs,
              acknowledgedMs,
              held: await held,
            });
            const isDark = pixels((value) => value < lit);
            session.control({ type: 'control', key: 'ArrowUp', action: 'release' });
            await isDark;
          }
          return found;
        },
        [BUTTON, LIT_LUMA] as const,
      );
      if (process.env['SHOW_LATENCIES'] !== undefined) console.table(measured);
      // A page that is busy may read the pixels of a picture that came after the one it is told of, or paint a refresh later.
      const median = (errorsMs: readonly number[]): number =>
        errorsMs.map(Math.abs).toSorted((one, other) => one - other)[4] ?? Infinity;
      expect(median(measured.map(({ shownMs, pixelMs }) => shownMs - pixelMs))).toBeLessThan(MOST_LATENCY_ERROR_MS);
      // The page's own clock: what it paints is on the screen at the next refresh.
      expect(median(measured.map(({ shownMs, paintMs }) => shownMs - paintMs - REFRESH_MS))).toBeLessThan(MOST_LATENCY_ERROR_MS);
      // What `frame` says of a picture is what the picture has.
      expect(measured.map(({ held }) => held)).toEqual(measured.map(() => true));
      const stats = await statsThat('the server to know of the last stage', ({ server: theirs }) => {
        return (theirs?.latency.control_to_shown?.count ?? 0) >= 16;
      });
      expect(stats.controls).toMatchObject({ sent: 16, applied: 16, shown: 16 });
    });

    it('steers by keys: pressed once, not while a field is typed into, released when the focus goes', async () => {
      page = await openClientPage(chromium.context, server.server.url);
      await connect();
      await page.evaluate(() => {
        const sent: unknown[] = [];
        const keys = streamClient.controlByKeys(session, globalThis, { keys: ['arrows'] });
        session.on('applied', ({ message }) => sent.push(`${String(message['key'])} ${String(message['action'])}`));
        Object.assign(globalThis, { sent, keys });
        document.body.append(document.createElement('input'));
      });
      await page.keyboard.down('ArrowUp');
      await page.keyboard.down('ArrowUp');
      await page.keyboard.down('w');
      await page.keyboard.up('ArrowUp');
      await page.keyboard.down('ArrowLeft');
      await page.evaluate(() => void globalThis.dispatchEvent(new Event('blur')));
      await page.keyboard.up('ArrowLeft');
      await page.locator('input').focus();
      await page.keyboard.press('ArrowRight');
      const sent = (): Promise<string[]> => page.evaluate('globalThis.sent');
      await waitFor('the keys to arrive', async () => (await sent()).length >= 4);
      expect(await sent()).toEqual(['ArrowUp press', 'ArrowUp release', 'ArrowLeft press', 'ArrowLeft release']);
      await page.evaluate(() => session.close());
      await page.keyboard.press('ArrowUp');
    });
  });

  it('finds a server again that was restarted, in another session with the same parameters', async () => {
    const conversation = testPipeline('conversation');
    const parameters = { config: { echo: true, colour: 'red' }, reconnect: { minDelayMs: 50 } };
    let first: TestServer | undefined = await TestServer.start(conversation);
    try {
      page = await openClientPage(chromium.context, first.server.url);
      await page.evaluate(async (wanted) => {
        const [chunks, states]: [unknown[], string[]] = [[], []];
        Object.assign(globalThis, { chunks, states });
        globalThis.session = await streamClient.connect('..', wanted);
        session.on('chunk', ({ data }) => chunks.push(data?.['config']));
        session.on('state', (state) => states.push(state));
      }, parameters);
      const id = await page.evaluate(() => session.id);
      await page.evaluate(() => {
        const { applied } = session.control({ type: 'hello' });
        Object.assign(globalThis, { outcome: applied.then(() => 'applied').catch((error: { code: string }) => error.code) });
      });
      const { port } = new URL(first.server.url);
      await first.close();
      first = undefined;
      await using second = await TestServer.start(conversation, { TELEFUSER_PORT: port });
      await waitFor('the session to be live again', () =>
        page.evaluate((old) => session.state === 'live' && session.id !== old, id),
      );
      await waitFor('the pipeline’s word', () => page.evaluate<boolean>('chunks.some((config) => config?.colour === "red")'));
      expect(await page.evaluate('states')).toEqual(['reconnecting', 'live']);
      expect(['session-lost', 'applied']).toContain(await page.evaluate('outcome'));
      const log = await page.evaluate(() => session.log.map(({ event, error }) => [event, error?.code]));
      expect(log).toEqual(
        expect.arrayContaining([
          ['disconnected', 'server-shutdown'],
          ['opening-another-session', undefined],
          ['reconnected', undefined],
        ]),
      );
      await page.evaluate(() => session.close());
      await second.idle();
    } finally {
      await first?.close();
    }
  });

  it('waits before it opens another session when the one that it opened is lost at once', async () => {
    await using server = await TestServer.start(testPipeline('conversation'));
    page = await openClientPage(chromium.context, server.server.url);
    await connect();
    const events = (): Promise<string[]> => page.evaluate(() => session.log.map(({ event }) => event));
    const first = await page.evaluate(() => session.id);
    const crash = async (): Promise<boolean> => process.kill(await waitFor('the process', () => server.pipelinePid), 'SIGKILL');
    await crash();
    await waitFor(
      'another session',
      () => page.evaluate((old) => session.state === 'live' && session.id !== old, first),
      CRASH_TIMEOUT_MS,
    );
    await crash();
    // The next line of the log after each loss.
    const next = await waitFor('what comes after the second loss', async () => {
      const log = await events();
      const after = log.flatMap((event, index) => (event === 'disconnected' ? log.slice(index + 1, index + 2) : []));
      return after.length === 2 && after;
    });
    expect(next).toEqual(['opening-another-session', 'waiting']);
    await page.evaluate(() => session.close());
    await server.idle();
  });

  it('ends where it is not to come back', async () => {
    await using server = await TestServer.start(testPipeline('conversation'));
    page = await openClientPage(chromium.context, server.server.url);
    await connect({ reconnect: false });
    await server.close();
    const end = await page.evaluate(async () => {
      const { state, error } = await session.ended;
      return { state, code: error?.code, now: session.state, remedy: session.error?.remedy };
    });
    expect(end).toMatchObject({ state: 'failed', code: 'server-shutdown', now: 'failed', remedy: expect.any(String) as string });
  });

  it('bounds what it sends, and waits for room', async () => {
    await using server = await TestServer.start(testPipeline('conversation'));
    page = await openClientPage(chromium.context, server.server.url);
    await connect({ maxBufferedBytes: 300_000 });
    const outcome = await page.evaluate(async () => {
      const codeOf = (act: () => void): string => {
        try {
          act();
          return 'sent';
        } catch (error) {
          return (error as { code: string }).code;
        }
      };
      const heard: unknown[] = [];
      session.on('chunk', ({ data }) => heard.push(data?.['heard']));
      const codes = [
        codeOf(() => session.send('x'.repeat(262_143))),
        codeOf(() => session.send(undefined)),
        codeOf(() => session.send(new Uint8Array(200_000))),
        codeOf(() => session.send(new Uint8Array(200_000))),
      ];
      await session.drained();
      codes.push(codeOf(() => session.send(new Uint8Array([1, 2]))));
      codes.push(codeOf(() => session.control({}, { id: 'a' })));
      codes.push(codeOf(() => session.control({}, { id: 'a' })));
      return { codes, heard };
    });
    expect(outcome.codes).toEqual([
      'message-too-large',
      'malformed-message',
      'sent',
      'channel-full',
      'sent',
      'sent',
      'invalid-option',
    ]);
  });

  it('sends the camera and the microphone, muted and from another device', async () => {
    await using server = await TestServer.start(shippedPipeline('echo'));
    page = await openClientPage(chromium.context, server.server.url);
    await connect({ camera: { width: 320, height: 240 }, microphone: 'later', statsIntervalMs: 250 });
    const sent = await statsThat(
      'the camera to come back',
      ({ camera, video }) => (camera?.fps ?? 0) > 5 && (video?.fps ?? 0) > 5,
    );
    expect(sent.microphone?.bitrate ?? 0).toBe(0);
    expect(await page.evaluate(() => session.inputs.getTracks().map(({ kind }) => kind))).toEqual(['video']);
    const level = (): Promise<number> =>
      page.evaluate(() => {
        const context = new OffscreenCanvas(1, 1).getContext('2d')!;
        context.drawImage(document.querySelector('video')!, 0, 0, 1, 1);
        return Math.max(...context.getImageData(0, 0, 1, 1).data.subarray(0, 3));
      });
    await waitFor('a picture', async () => (await level()) > 40);
    await page.evaluate(() => void (session.cameraMuted = true));
    await waitFor('the picture to be black', async () => (await level()) < 24);
    await page.evaluate(async () => {
      session.cameraMuted = false;
      await session.setMicrophone(true);
    });
    await waitFor('a picture again', async () => (await level()) > 40);
    await statsThat('the microphone to be sent', ({ microphone }) => (microphone?.bitrate ?? 0) > 1000);
    const tracks = await page.evaluate(async () => {
      const all = session.inputs.getTracks();
      await session.close();
      return all.map(({ readyState }) => readyState);
    });
    expect(tracks).toEqual(['ended', 'ended']);
  });

  it('asks for a stream token for each session', async () => {
    const { key, record } = makeApiKey({ tenant: 'acme', scopes: ['stream:create'], expiresAtMs: undefined });
    await using server = await TestServer.start(shippedPipeline('test-pattern'), {
      TELEFUSER_AUTH: 'required',
      TELEFUSER_API_KEYS: JSON.stringify([record]),
    });
    page = await openClientPage(chromium.context, server.server.url);
    expect(await refusal({})).toMatchObject({ code: 'unauthenticated' });
    const outcome = await page.evaluate(async (secret) => {
      let tokens = 0;
      const credential = async ({ signal }: { signal: AbortSignal }): Promise<string> => {
        tokens += 1;
        const answer = await fetch('../v1/stream/tokens', {
          method: 'POST',
          headers: { authorization: `Bearer ${secret}`, 'content-type': 'application/json' },
          body: '{}',
          signal,
        });
        return ((await answer.json()) as { token: string }).token;
      };
      for (const _ of [1, 2]) {
        const opened = await streamClient.connect({ baseUrl: '..', credential });
        await opened.restartIce();
        await opened.close();
      }
      return tokens;
    }, key);
    expect(outcome).toBe(2);
  });
});
