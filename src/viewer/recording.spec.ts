import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { checkRecordingPath } from './recording.js';

describe('checkRecordingPath', () => {
  let folder: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'telefuser-path-'));
  });
  afterAll(async () => {
    await rm(folder, { recursive: true, force: true });
  });

  it('takes a file that is not there, or may be replaced, with the codecs of its container', async () => {
    const path = join(folder, 'there.webm');
    expect(await checkRecordingPath(path, false)).toMatchObject({ path, container: { videoCodecs: ['VP8'] } });
    await writeFile(path, 'precious');
    await expect(checkRecordingPath(path, false)).rejects.toMatchObject({
      kind: 'file',
      message: expect.stringMatching(/--force/),
    });
    expect(await checkRecordingPath(path, true)).toMatchObject({ path });
  });

  it('refuses a name that names no container', async () => {
    await expect(checkRecordingPath('film.avi', true)).rejects.toMatchObject({
      message: 'film.avi has no end that names a container. Let it end with one of .mp4, .mkv, .webm.',
    });
  });
});
