import { execFileSync } from 'node:child_process';
import { mkdtemp, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { imageDataUrl } from './image-file.js';

describe('imageDataUrl', () => {
  let folder: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'telefuser-image-'));
  });
  afterAll(async () => {
    await rm(folder, { recursive: true, force: true });
  });

  async function file(name: string, bytes: Buffer): Promise<string> {
    const path = join(folder, name);
    await writeFile(path, bytes);
    return path;
  }

  it.each([
    ['image/jpeg', Buffer.of(0xff, 0xd8, 0xff, 0xe0, 1)],
    ['image/png', Buffer.from('\x89PNG\r\n\x1a\n0', 'latin1')],
    ['image/webp', Buffer.from('RIFF\n\0\0\0WEBPVP8 ', 'latin1')],
  ])('tells %s by its content, not by its name', async (type, bytes) => {
    expect(await imageDataUrl(await file('image.gif', bytes))).toBe(`data:${type};base64,${bytes.toString('base64')}`);
  });

  it('takes an image of the most that is allowed', async () => {
    const path = await file('largest.jpg', Buffer.of(0xff, 0xd8, 0xff));
    await truncate(path, 10 * 2 ** 20);
    expect(await imageDataUrl(path)).toHaveLength('data:image/jpeg;base64,'.length + 4 * Math.ceil((10 * 2 ** 20) / 3));
  });

  it('refuses what is no such image, is too large, or cannot be read', async () => {
    const text = await file('text.jpg', Buffer.from('hello'));
    await expect(imageDataUrl(text)).rejects.toMatchObject({
      kind: 'file',
      message: expect.stringMatching(/no JPEG, PNG or WebP/),
    });
    const large = await file('large.jpg', Buffer.of(0xff, 0xd8, 0xff));
    await truncate(large, 10 * 2 ** 20 + 1);
    await expect(imageDataUrl(large)).rejects.toMatchObject({ message: expect.stringMatching(/10\.0 MiB/) });
    // Without an end, and a folder.
    for (const path of ['/dev/zero', folder]) {
      await expect(imageDataUrl(path)).rejects.toMatchObject({
        kind: 'file',
        message: expect.stringMatching(/ is no file\. Give/),
      });
    }
    const pipe = join(folder, 'pipe.jpg');
    execFileSync('mkfifo', [pipe]);
    await expect(imageDataUrl(pipe)).rejects.toMatchObject({ message: expect.stringMatching(/ is no file\./) });
    await expect(imageDataUrl(join(folder, 'none'))).rejects.toMatchObject({ message: expect.stringMatching(/ENOENT/) });
  });
});
