import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { launchChromium, type Chromium } from '../support/chromium.ts';
import { waitFor } from '../support/condition.ts';
import { ServerProcess } from '../support/server-process.ts';
import { TemporaryPipeline } from '../support/server.ts';
import { StudioPage } from '../support/studio-page.ts';

/** Says back whatever it is told, and what it was asked for, and declares everything that a service can. */
const DECLARED = `
const sessions = new Map();
const data = new Uint8Array(320 * 180 * 3).fill(90);
export function getService() {
  return {
    about: {
      name: 'A world to walk in', description: 'Walk with the arrow keys.', defaultPrompt: 'a harbour at dusk',
      controls: ['arrows', 'ijkl'], inputs: ['prompt', 'image', 'camera', 'microphone'], tasks: ['world'],
    },
    configSchema: { type: 'object', properties: {
      steps: { type: 'integer', minimum: 1, maximum: 50, default: 8, title: 'Steps', description: 'More is slower.' },
      style: { enum: ['photo', 'ink'], title: 'Style' },
      loop: { type: 'boolean', default: true, title: 'Loop' },
      word: { type: 'string', pattern: '^[a-z]*$', title: 'Word' },
      layers: { type: 'integer', minimum: 4, maximum: 4, title: 'Layers' },
    } },
    createSession(config) {
      sessions.set(config.session_id, { open: true, said: [{ asked: { ...config, image: config.image?.length } }] });
      return config.session_id;
    },
    pushChunk(id, message) {
      if (message.type !== 'media') sessions.get(id)?.said.push(message);
      else if (message.audio_pcm !== undefined || message.video_frames !== undefined) sessions.get(id).heard = true;
    },
    closeSession(id) { const session = sessions.get(id); if (session) session.open = false; sessions.delete(id); },
    async *pullChunks(id) {
      const session = sessions.get(id);
      for (let index = 0; session?.open; index += 1) {
        await new Promise((resolve) => setTimeout(resolve, 40));
        const said = session.said.splice(0);
        yield { type: 'chunk', index, fps: 24, frames: [{ format: 'RGB24', width: 320, height: 180, data }], said, heard: session.heard === true };
      }
    },
  };
}
`;
/** Lets a test have the browser say that its connection is away, while media goes on. */
const INTERRUPTIBLE = `
const connections = [];
let isAway = false;
globalThis.RTCPeerConnection = class extends RTCPeerConnection {
  constructor(...options) { super(...options); connections.push(this); }
  get connectionState() { return isAway ? 'disconnected' : super.connectionState; }
};
globalThis.interrupt = (away) => {
  isAway = away;
  for (const connection of connections) connection.dispatchEvent(new Event('connectionstatechange'));
};
`;
/** A picture of one pixel. */
const PIXEL = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
  'base64',
);

describe('the studio steers', () => {
  let overlay: ServerProcess;
  let declared: ServerProcess;
  let pipeline: TemporaryPipeline;
  let chromium: Chromium;

  beforeAll(async () => {
    pipeline = await TemporaryPipeline.write(DECLARED);
    [overlay, declared, chromium] = await Promise.all([
      ServerProcess.start('pipelines/arrow-overlay'),
      ServerProcess.start(pipeline.path),
      launchChromium(),
    ]);
  });
  afterAll(async () => {
    await chromium[Symbol.asyncDispose]();
    await Promise.all([overlay.stop(), declared.stop()]);
    await pipeline[Symbol.asyncDispose]();
  });

  it('with keys, buttons and a stick, shows what the picture has applied, and lets go with the focus', async () => {
    await using studio = await StudioPage.open(chromium, overlay.url);
    const { page } = studio;
    await studio.play();
    const green = async (): Promise<number> => {
      const [red = 0, middle = 0, blue = 0] = await studio.colourAt(747, 345);
      return middle - Math.max(red, blue);
    };
    const isLit = (what: string): Promise<unknown> =>
      waitFor(`the up button to light for ${what}`, async () => (await green()) > 60);
    const isDark = (): Promise<unknown> => waitFor('the up button to go dark', async () => (await green()) < 40);
    const hud = (): Promise<string[]> => page.locator('.hud [data-state="applied"]').allInnerTexts();

    await isDark();
    await page.locator('body').focus();
    await page.keyboard.down('ArrowUp');
    await page.keyboard.down('ArrowUp');
    await isLit('the key');
    await waitFor('the display to say so', async () => (await hud()).join() === '↑');
    expect(await page.getByRole('button', { name: 'Up', exact: true }).getAttribute('aria-pressed')).toBe('true');
    await studio.screenshot('steering');
    await page.keyboard.up('ArrowUp');
    await isDark();
    await waitFor('the display to be empty', async () => (await page.locator('.hud li').count()) === 0);

    await page.getByRole('button', { name: 'Up', exact: true }).hover();
    await page.mouse.down();
    await isLit('the mouse');
    await page.mouse.up();
    await isDark();
    await page.getByRole('button', { name: 'Up', exact: true }).focus();
    await page.keyboard.down('Space');
    await isLit('the space bar on the button');
    await page.keyboard.up('Space');
    await isDark();

    await page.getByRole('button', { name: 'Stick' }).click();
    const stick = page.locator('.stick[data-set="arrows"] .stick__base');
    const box = await stick.boundingBox();
    if (box === null) throw new Error('no stick');
    const [x, y] = [box.x + box.width / 2, box.y + box.height / 2];
    await page.mouse.move(x, y);
    await page.mouse.down();
    await page.mouse.move(x, y - box.height / 2.2);
    await isLit('the stick');
    await page.mouse.up();
    await isDark();

    await page.locator('h1').click();
    await page.keyboard.down('ArrowUp');
    await isLit('the key again');
    await page.evaluate(() => window.dispatchEvent(new Event('blur')));
    await isDark();
    await page.keyboard.up('ArrowUp');

    await studio.tab('Log');
    await page.getByLabel('Filter the log').fill('control press ArrowUp');
    await page.getByRole('button', { name: 'Received' }).click();
    // A key that repeats is sent once.
    await waitFor('each press in the log', async () => (await page.locator('.log__lines li').count()) === 5);
    await waitFor('the time from a key to its picture', async () => /^\d+ ms$/u.test(await studio.figure('Key to picture')));
    const latency = (await overlay.get('v1/service/metrics/json'))['latency'] as Record<
      string,
      { count: number; p50_ms: number }
    >;
    expect(latency['control_to_shown']?.count).toBeGreaterThanOrEqual(4);
    expect(latency['control_to_shown']?.p50_ms).toBeLessThan(500);
  });

  it('with prompts and messages of any kind, with those before at hand', async () => {
    await using studio = await StudioPage.open(chromium, declared.url);
    const { page } = studio;
    await studio.play();
    await studio.tab('Log');
    const log = (): Promise<string> => page.locator('.log__lines').innerText();

    await page.getByLabel('Prompt').fill('a lighthouse');
    await page.getByRole('button', { name: 'Send while running' }).click();
    await page.getByLabel('Filter the log').fill('chunk lighthouse');
    await waitFor('the prompt to come back', async () => (await log()).includes('"prompt":"a lighthouse"'));

    const message = page.getByLabel('Message to the pipeline');
    await message.fill('{"type": ');
    await page.keyboard.press('Enter');
    await page.getByText('This is not JSON').waitFor();
    for (const name of ['jump', 'duck']) {
      await message.fill(`{"type":"event","name":"${name}"}`);
      await page.keyboard.press('Enter');
    }
    await page.getByLabel('Filter the log').fill('chunk duck');
    await waitFor('the message to come back', async () => (await log()).includes('"name":"duck"'));
    await message.press('ArrowUp');
    await message.press('ArrowUp');
    expect(await message.inputValue()).toBe('{"type":"event","name":"jump"}');
    await chromium.context.grantPermissions(['clipboard-read', 'clipboard-write']);
    await page.getByRole('button', { name: 'Copy', exact: true }).click();
    await page.getByText(/lines copied/u).waitFor();
    expect(await page.evaluate(() => navigator.clipboard.readText())).toContain('"name":"duck"');
  });

  it('with keys that were let go of, and a camera that was switched on, while the connection was away', async () => {
    await using studio = await StudioPage.open(chromium, declared.url);
    const { page } = studio;
    await page.addInitScript(INTERRUPTIBLE);
    await page.reload();
    await studio.play();
    await studio.tab('Log');
    const filtered = async (filter: string): Promise<string> => {
      await page.getByLabel('Filter the log').fill(filter);
      return page.locator('.log__lines').innerText();
    };
    await page.locator('h1').click();
    await page.keyboard.down('ArrowUp');
    await waitFor('the key to be held', async () => (await filtered('chunk press')).includes('ArrowUp'));
    await page.route('**/v1/stream/whep/**', (route) => route.abort());
    await page.evaluate('interrupt(true)');
    await studio.isInState('Reconnecting');
    await page.keyboard.up('ArrowUp');
    await page.getByRole('switch', { name: 'Camera' }).click();
    await page.getByLabel('Camera preview').waitFor();
    await page.unroute('**/v1/stream/whep/**');
    await page.evaluate('interrupt(false)');
    await studio.isInState('Live');
    await waitFor('the release', async () => (await filtered('chunk release')).includes('ArrowUp'));
    expect(await page.locator('.log__lines li').count()).toBe(1);
    await waitFor('the camera to reach the pipeline', async () => (await filtered('"heard":true')) !== '');
  });

  it('asks for what the pipeline declares: a form of its schema, an image, camera and microphone', async () => {
    await using studio = await StudioPage.open(chromium, declared.url);
    const { page } = studio;
    await page.getByText('A world to walk in').first().waitFor();
    expect(await page.getByRole('group', { name: 'WASD' }).count()).toBe(0);
    await page.getByRole('button', { name: 'Use the example' }).click();
    await page.getByRole('spinbutton', { name: 'Steps' }).fill('12');
    expect(await page.getByRole('slider', { name: 'Steps, slider' }).count()).toBe(1);
    // Of one value there is nothing to slide.
    expect(await page.getByRole('spinbutton', { name: 'Layers' }).count()).toBe(1);
    expect(await page.getByRole('slider', { name: 'Layers, slider' }).count()).toBe(0);
    // A part that was opened stays open when what is set in it is set no longer.
    const relayOnly = page.getByRole('switch', { name: 'Relay only' });
    await page.locator('summary', { hasText: 'Network' }).click();
    await relayOnly.click();
    await relayOnly.click();
    expect(await relayOnly.isVisible()).toBe(true);
    expect(await relayOnly.isChecked()).toBe(false);
    await page.getByLabel('Style').selectOption('ink');
    await page.getByRole('switch', { name: 'Loop' }).click();
    await page.getByRole('textbox', { name: 'Word' }).fill('NO');
    await page.getByLabel('Initial image').setInputFiles({ name: 'pixel.gif', mimeType: 'image/gif', buffer: PIXEL });
    await page.getByText('pixel.gif is no JPEG, PNG or WebP picture.').waitFor();
    await page.getByLabel('Initial image').setInputFiles({ name: 'pixel.png', mimeType: 'image/png', buffer: PIXEL });
    await page.getByText('pixel.png').waitFor();
    await page.getByRole('switch', { name: 'Camera' }).click();
    await page.getByRole('switch', { name: 'Microphone' }).click();
    await page.getByLabel('Camera preview').waitFor();
    await waitFor('the microphone to be heard', () =>
      page.getByLabel('Microphone level').evaluate((meter: HTMLMeterElement) => meter.value > 0.01),
    );
    expect(await page.getByLabel('Camera device').locator('option').count()).toBeGreaterThan(0);
    expect(await studio.violations()).toEqual([]);

    await studio.bar('Play').click();
    await studio.isInState('Failed');
    await page.locator('.stage__fields').getByText(/word/u).waitFor();
    await page.locator('.request .field__error').getByText(/word/u).waitFor();
    await studio.screenshot('form-refused');
    await page.getByRole('textbox', { name: 'Word' }).fill('yes');
    await studio.play();
    await studio.tab('Log');
    await page.getByLabel('Filter the log').fill('asked');
    const log = (): Promise<string> => page.locator('.log__lines').innerText();
    await waitFor('what was asked for', async () => (await log()).includes('"task":"world"'));
    const asked = await log();
    expect(asked).toContain('"prompt":"a harbour at dusk"');
    for (const field of ['"steps":12', '"loop":false', '"style":"ink"', '"word":"yes"']) expect(asked).toContain(field);
    expect(asked).toMatch(/"image":\d{2,}/u);
    await page.getByLabel('Filter the log').fill('"heard":true');
    await waitFor('camera and microphone to reach the pipeline', async () => (await log()).includes('"heard":true'));
    await studio.screenshot('form');

    // As when it is unplugged.
    await page
      .getByLabel('Camera preview')
      .evaluate((video: HTMLVideoElement) => (video.srcObject as MediaStream).getTracks()[0]?.dispatchEvent(new Event('ended')));
    await page.getByText('Camera or microphone cannot be used').waitFor();
    expect(await page.getByLabel('Camera preview').count()).toBe(0);

    await studio.tab('Connect from code');
    for (const language of ['SDK', 'React', 'HTML', 'Plain WebRTC', 'Python', 'curl']) {
      await page.getByRole('button', { name: language, exact: true }).click();
      expect(await page.locator('.code__text').innerText(), language).toContain('a harbour at dusk');
    }
  });
});
