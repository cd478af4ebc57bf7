import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeApiKey } from '#server/identity/index.js';
import { ApiClient } from '../support/api-client.ts';
import { launchChromium, type Chromium } from '../support/chromium.ts';
import { waitFor } from '../support/condition.ts';
import { ServerProcess } from '../support/server-process.ts';
import { StudioPage } from '../support/studio-page.ts';

describe('the studio plays', () => {
  let push: ServerProcess;
  let chromium: Chromium;

  beforeAll(async () => {
    [push, chromium] = await Promise.all([
      ServerProcess.start('pipelines/video-replay', { environment: { TELEFUSER_WEBRTC_MAX_SESSIONS: '2' } }),
      launchChromium(),
    ]);
  });
  afterAll(async () => {
    await chromium[Symbol.asyncDispose]();
    await push.stop();
  });

  const sessions = async (): Promise<unknown> => (await push.get('v1/service/health'))['webrtc_active_sessions'];

  it('a server-push pipeline with its figures, charts and sound; saves a snapshot, a recording and the statistics; and stops', async () => {
    await using studio = await StudioPage.open(chromium, push.url);
    const { page } = studio;
    await page.getByRole('button', { name: 'Play', exact: true }).first().waitFor();
    await studio.screenshot('player-idle');
    await studio.play();
    await waitFor('a full frame rate', async () => Number(await studio.figure('Frame rate')) >= 20, 15_000);
    expect(await studio.figure('Size')).toBe('832 × 480');
    const before = await studio.colourAt(244, 28);
    await waitFor('the picture to move', async () =>
      (await studio.colourAt(244, 28)).some((value, index) => Math.abs(value - (before[index] ?? 0)) > 20),
    );

    await studio.bar('Record').click();
    await page.getByRole('button', { name: 'Play the sound' }).click();
    expect(await page.locator('.stage__video').evaluate((video: HTMLVideoElement) => video.muted)).toBe(false);
    await page.getByRole('slider', { name: 'Volume' }).fill('0.5');
    expect(await page.locator('.stage__video').evaluate((video: HTMLVideoElement) => video.volume)).toBe(0.5);

    const snapshot = await studio.saved(() => studio.bar('Save a snapshot').click());
    expect(snapshot.suggestedFilename()).toMatch(/^telefuser-snapshot-.*\.png$/u);
    const picture = await readFile(await snapshot.path());
    // Width and height stand in the first chunk of a PNG.
    expect([picture.readUInt32BE(16), picture.readUInt32BE(20)]).toEqual([832, 480]);

    await waitFor(
      'two samples',
      async () => (await page.locator('.stats__tools').innerText()).match(/([2-9]|\d\d) samples/u) !== null,
    );
    for (const chart of ['Bitrate', 'Frames a second', 'Round trip', 'Jitter and buffer', 'Loss']) {
      expect(await page.locator(`[data-chart="${chart}"] path[data-series="1"]`).getAttribute('d'), chart).toMatch(/^M[\d. ]+L/u);
    }
    expect(await page.locator('[data-stage="encode"]').innerText()).toMatch(/[\d.]+ ms/u);
    expect(await page.locator('dl [data-fate="sent"]').innerText()).toMatch(/[1-9]/u);
    await studio.screenshot('player-live');

    const recording = await studio.saved(() => studio.bar('Stop recording and save').click());
    expect(recording.suggestedFilename()).toMatch(/^telefuser-recording-.*\.(webm|mp4)$/u);
    expect((await readFile(await recording.path())).length).toBeGreaterThan(10_000);

    await studio.bar('Stop').click();
    await studio.isInState('Ready');
    await waitFor('the session to end', async () => (await sessions()) === 0);

    const exported = await studio.saved(() => page.getByRole('button', { name: 'Export JSON' }).click());
    const account = JSON.parse(await readFile(await exported.path(), 'utf8')) as {
      stats: { server: unknown; video: unknown }[];
      log: unknown[];
    };
    expect(account.stats.length).toBeGreaterThanOrEqual(2);
    expect(account.stats.some(({ server, video }) => server !== undefined && video !== undefined)).toBe(true);
    expect(account.log.length).toBeGreaterThan(2);
  });

  it('in full screen and in a picture of its own', async () => {
    await using studio = await StudioPage.open(chromium, push.url);
    await studio.play();
    await studio.bar('Full screen').click();
    await waitFor('full screen', () => studio.page.evaluate(() => document.fullscreenElement?.className === 'stage'));
    await studio.bar('Leave full screen').click();
    await waitFor('the page again', () => studio.page.evaluate(() => document.fullscreenElement === null));
    await studio.bar('Picture in picture').click();
    await waitFor('picture in picture', () => studio.page.evaluate(() => document.pictureInPictureElement !== null));
    expect(await studio.page.getByText('not possible here').count()).toBe(0);
    // What cannot be done is said, and leaves the button as it was.
    await studio.page.evaluate(() => {
      MediaRecorder.prototype.start = () => {
        throw new DOMException('no encoder', 'NotSupportedError');
      };
    });
    await studio.bar('Record').click();
    await studio.page.getByText('A recording is not possible here.').waitFor();
    expect(await studio.bar('Record').getAttribute('aria-pressed')).toBe('false');
  });

  it('to the end of a stream, and again', async () => {
    await using studio = await StudioPage.open(chromium, `${push.url}#duration=1`);
    // It has a field of its own for it.
    await waitFor(
      'the field to say so',
      async () => (await studio.page.getByRole('spinbutton', { name: /^(Seconds|Duration)/u }).inputValue()) === '1',
    );
    await studio.bar('Play').click();
    await studio.isInState('Finished');
    await studio.tab('Log');
    await waitFor('the log to say so', async () => (await studio.page.locator('.log__lines').innerText()).includes('done'));
    await studio.screenshot('player-finished');
    expect(await sessions()).toBe(0);
    await studio.page.getByRole('button', { name: 'Play again' }).click();
    await studio.isInState('Live');
  });

  it('until the page is left: the server is told at once', async () => {
    await using studio = await StudioPage.open(chromium, push.url);
    await studio.play();
    const [id = ''] = studio.requests.flatMap((url) => /sessions\/([^/]+)\/stats$/u.exec(url)?.[1] ?? []);
    await studio.page.close();
    // A connection that is only lost has longer to come back.
    expect(await new ApiClient(push.url).closeReason(id, 2000)).toBe('client_delete');
  });

  it('several sessions side by side, each with its own settings, and says when the server is full', async () => {
    await using studio = await StudioPage.open(chromium, push.url);
    const { page } = studio;
    await page.getByLabel('Prompt').fill('a fox');
    await page.getByRole('button', { name: 'Add session' }).click();
    await page.getByLabel('Prompt').fill('a hound');
    await page.getByRole('button', { name: 'Add session' }).click();
    await waitFor('the link to have them', () => page.url().includes('#prompt=a+fox&also=prompt%3Da%2Bhound'));
    await page.getByRole('button', { name: 'Start all' }).click();
    const states = async (): Promise<string[]> => (await page.getByTestId('state').allInnerTexts()).sort();
    await waitFor('two to play and one to be refused', async () => (await states()).join() === 'Failed,Live,Live', 15_000);
    expect(await page.getByRole('alert').innerText()).toContain('The server is full');
    await studio.screenshot('grid');
    await page.getByRole('button', { name: 'Close session 3' }).click();
    await page.getByRole('button', { name: 'Stop all' }).click();
    await waitFor('all to be ready', async () => (await states()).join() === 'Ready,Ready');
    await waitFor('the sessions to end', async () => (await sessions()) === 0);
    await waitFor('the link to have two', () => page.url().split('also=').length === 2);
    // Another tab is opened with the link.
    await using other = await StudioPage.open(chromium, page.url());
    await waitFor('two sessions', async () => (await other.page.getByTestId('state').count()) === 2);
    expect(await other.page.getByLabel('Prompt').inputValue()).toBe('a fox');
  });

  it('with a token from behind the #, or a key that it asks for, where the server takes known clients only', async () => {
    const { key, record } = makeApiKey({ tenant: 'acme', scopes: ['stream:create'], expiresAtMs: undefined });
    await using server = await ServerProcess.start('pipelines/video-replay', {
      environment: { TELEFUSER_AUTH: 'required', TELEFUSER_API_KEYS: JSON.stringify([record]) },
    });
    const minted = await fetch(new URL('v1/stream/tokens', server.url), {
      method: 'POST',
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
      body: '{}',
    });
    const { token } = (await minted.json()) as { token: string };
    {
      await using studio = await StudioPage.open(chromium, `${server.url}#token=${token}`);
      await waitFor('the token to be off the address', () => !studio.page.url().includes(token));
      await studio.play();
      await studio.bar('Stop').click();
      await waitFor('the session to be closed', () => /\[Audit\] session-closed .*tenant=acme/u.test(server.log));
    }
    {
      // Beside settings that are too long for a link.
      await using long = await StudioPage.open(chromium, `${server.url}#prompt=${'fox+'.repeat(2500)}&token=${token}`);
      await waitFor('the token to be off the address', () => !long.page.url().includes(token));
      expect(await long.page.getByLabel('Prompt').inputValue()).toContain('fox fox');
    }
    await using studio = await StudioPage.open(chromium, server.url);
    const { page } = studio;
    await page.getByText('This server asks who you are').waitFor();
    await studio.screenshot('unauthenticated');
    expect(await studio.violations()).toEqual([]);
    await page.getByLabel('API key or token').fill('wrong');
    await page.getByRole('button', { name: 'Continue' }).click();
    await page.getByText('That key did not work').waitFor();
    await page.getByLabel('API key or token').fill(key);
    await page.keyboard.press('Enter');
    await page.getByRole('button', { name: 'Play', exact: true }).first().waitFor();
    await studio.play();
    // Kept for the tab, and nowhere else.
    expect(await page.evaluate(() => Object.keys(localStorage))).toEqual([]);
    expect(page.url()).not.toContain(key);
    await studio.tab('Connect from code');
    expect(await page.locator('.code__text').innerText()).toContain('YOUR_KEY');
    for (const secret of [token, key]) expect(server.log).not.toContain(secret);
  });

  it('beside Swagger UI at /docs, which works under the security headers', async () => {
    const page = await chromium.context.newPage();
    const refused: string[] = [];
    page.on('console', (message) => message.type() === 'error' && refused.push(message.text()));
    await page.goto(`${push.url}docs`);
    await page.getByRole('heading', { name: 'TeleFuser stream server' }).waitFor();
    expect(refused).toEqual([]);
    await page.close();
  });
});
