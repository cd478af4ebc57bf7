import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { launchChromium, type Chromium } from '../support/chromium.ts';
import { waitFor } from '../support/condition.ts';
import { ProbePage } from '../support/probe-page.ts';
import { ServerProcess } from '../support/server-process.ts';
import { meanDifference, WorldViewer, type Picture } from '../support/world-viewer.ts';

/** Where pictures are put to be looked at; nowhere unless it is said. */
const SHOTS = process.env['WORLD_SHOTS'];
/** Out and back the picture is the first again, but for what the encoder makes of it. */
const SAME_LEVELS = 3;
const OTHER_LEVELS = 6;
/** A walk is as long as it is, and longer where the machine is busy. */
const WALK_TIMEOUT_MS = 120_000;
/** Opposite turns cancel: the session's first chunk, whose first latent frame is a single picture, is spent on the spot. */
const ON_THE_SPOT = ['j', 'l'] as const;

async function keep(name: string, picture: Picture): Promise<Picture> {
  if (SHOTS !== undefined) {
    await mkdir(SHOTS, { recursive: true });
    await writeFile(join(SHOTS, `${name}.png`), picture.png);
  }
  return picture;
}

describe('a walk through pipelines/world in Chromium', () => {
  let chromium: Chromium;
  let server: ServerProcess;

  beforeAll(async () => {
    [chromium, server] = await Promise.all([
      launchChromium(),
      // The level that `telefuser stream-serve` takes by itself: the control library and numpy work there.
      ServerProcess.start('pipelines/world', {
        args: ['--security-level', 'strict'],
        environment: { TELEFUSER_PYTHON: '/usr/bin/python3' },
      }),
    ]);
  });
  afterAll(async () => {
    await Promise.all([chromium[Symbol.asyncDispose](), server[Symbol.asyncDispose]()]);
  });

  it(
    'shows the garden at once, walks a square in it, and out and back ends at the first picture',
    { timeout: WALK_TIMEOUT_MS },
    async () => {
      const probe = await ProbePage.open(chromium.context, server.url);
      await using viewer = await WorldViewer.open(probe, { show_control_hud: false });
      const messages = await viewer.messages();
      expect(messages.filter(({ data }) => data?.type === 'chunk')).toEqual([]);
      await viewer.step(...ON_THE_SPOT);
      const first = await keep('square-0', await viewer.still());
      expect([first.width, first.height]).toEqual([832, 480]);

      const seen: Picture[] = [];
      for (const [leg, key] of ['ArrowUp', 'KeyD', 'ArrowDown', 'KeyA'].entries()) {
        const { data } = await viewer.step(key);
        expect(data?.applied_controls).toEqual([['w'], ['d'], ['s'], ['a']][leg]);
        seen.push(await keep(`square-${leg + 1}-${key}`, await viewer.still()));
      }
      expect(meanDifference(seen[3]!, first)).toBeLessThanOrEqual(SAME_LEVELS);
      for (const [leg, picture] of seen.slice(0, 3).entries()) {
        expect(meanDifference(picture, first), `after leg ${leg + 1}`).toBeGreaterThan(OTHER_LEVELS);
      }

      for (const controls of ['il', 'jk']) await viewer.step(...controls);
      expect(meanDifference(await viewer.still(), first)).toBeLessThanOrEqual(SAME_LEVELS);
    },
  );

  it(
    'changes the picture in the chunk whose applied_controls says so, and in none before it',
    { timeout: WALK_TIMEOUT_MS },
    async () => {
      const probe = await ProbePage.open(chromium.context, server.url);
      await using viewer = await WorldViewer.open(probe, { chunk_size: 2 }, 'a quiet evening at sunset');
      await viewer.step(...ON_THE_SPOT);
      const still = await keep('sunset', await viewer.still());
      const before = (await viewer.frames()).at(-1);
      await viewer.send({ type: 'control', key: 'KeyL', action: 'press', id: 'turn' });
      const chunk = await viewer.chunk(1);
      expect(chunk.data?.applied_controls).toEqual(['l']);
      const turned = await viewer.frameOf(chunk);
      expect(Math.max(...turned.lumas.map((luma, area) => Math.abs(luma - (before?.lumas[area] ?? luma))))).toBeGreaterThan(2);
      // The id is named by the chunk that is the first to reflect it.
      expect(chunk).toMatchObject({ applied_controls: ['turn'] });

      // While it plays another key is pressed: the chunk that has begun is as it was, and the next one says so.
      const { data: held } = await viewer.chunk(2);
      await viewer.send({ type: 'control_state', controls: ['s'] });
      const next = await viewer.chunk((held?.index ?? 2) + 1);
      expect([['l'], ['s']]).toContainEqual(next.data?.applied_controls);
      await viewer.hold();
      await keep('sunset-turned', await viewer.still());
      const messages = await viewer.messages();
      const applied = messages
        .filter(({ data }) => data?.type === 'chunk')
        .map(({ data }) => data?.applied_controls?.join('') ?? '');
      expect(applied.join()).toMatch(/^jl,l(,l)*,s(,s)*$/u);
      // Panels that say what the picture was made with.
      expect(meanDifference(await viewer.picture(), still)).toBeGreaterThan(OTHER_LEVELS);

      // The prompt chooses the weather, also where nobody walks.
      const evening = await viewer.still();
      const mean = ({ pixels }: Picture): number => pixels.reduce((sum, level) => sum + level, 0) / pixels.length;
      const dark = mean(evening) * 0.6;
      await viewer.send({ type: 'control', prompt: 'night, full moon' });
      await waitFor('night', async () => mean(await viewer.picture()) < dark, WALK_TIMEOUT_MS / 4);
      await keep('night', await viewer.still());
    },
  );
});
