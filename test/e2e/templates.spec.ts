import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { waitFor } from '../support/condition.ts';
import { CommandProcess } from '../support/server.ts';
import { WATCH, WeriftClient } from '../support/werift-client.ts';

const FPS = 24;

describe('telefuser new', () => {
  let folder: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'telefuser-new-'));
  });
  afterAll(async () => {
    await rm(folder, { recursive: true, force: true });
  });

  async function make(name: string, ...flags: readonly string[]): Promise<string> {
    const path = join(folder, name);
    await using command = CommandProcess.spawn(['new', path, ...flags]);
    expect(await command.exitCode(), command.stderr).toBe(0);
    return path;
  }

  it.each([
    ['a TypeScript', 'my-pipeline', []],
    ['a Python', 'my-python-pipeline', ['--python']],
  ] as const)('makes %s pipeline that passes the check and plays at once, at the default level', async (_what, name, flags) => {
    const path = await make(name, ...flags);
    await using check = CommandProcess.spawn(['validate', path]);
    expect(await check.exitCode(), check.stdout + check.stderr).toBe(0);

    await using serving = await CommandProcess.serve(path);
    expect((await serving.api.get('v1/service/metadata')).body['security_level']).toBe('STRICT');
    await waitFor('what start() prints', () => `${serving.command.stdout}${serving.command.stderr}`.includes(`${name} is ready`));
    await using client = await WeriftClient.connect(serving.api, WATCH, { prompt: 'a lighthouse' });
    await waitFor('two seconds of pictures', () => client.video.accessUnits().length >= 2 * FPS);
    const { data } = await client.message('a chunk', ({ type }) => type === 'chunk');
    expect(data).toMatchObject({ prompt: 'a lighthouse' });
    // A bar runs through the picture at the pace it was made for.
    const pictures = await client.video.pictures();
    expect([pictures[0]?.width, pictures[0]?.height]).toEqual([640, 360]);
    const bars = pictures.slice(0, 2 * FPS).map((picture) => brightestColumn(picture.data, picture.width));
    for (const [index, bar] of bars.slice(1).entries()) expect(Math.abs(bar - (bars[index] ?? 0) - 4)).toBeLessThanOrEqual(2);
    const stamps = client.video.accessUnits().map(({ timestamp }) => timestamp);
    expect(new Set(stamps.slice(1, 2 * FPS).map((stamp, index) => (stamp - (stamps[index] ?? 0)) >>> 0))).toEqual(
      new Set([3750]),
    );
    await client.close();
  });
});

/** Where in the eighth row, whose gradient is dark, the bar begins. */
function brightestColumn(rgb: Uint8Array, width: number): number {
  const level = (x: number): number => {
    const at = (8 * width + x) * 3;
    return (rgb[at] ?? 0) + (rgb[at + 1] ?? 0) + (rgb[at + 2] ?? 0);
  };
  const columns = Array.from({ length: width }, (_, x) => level(x));
  const half = Math.max(...columns) / 2;
  return columns.findIndex((value) => value > half);
}
