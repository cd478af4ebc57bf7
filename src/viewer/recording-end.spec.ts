import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Recorder } from './recorder.js';
import { completeRecording, nothingRecorded } from './recording-end.js';

describe('completeRecording', () => {
  let folder: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'telefuser-end-'));
  });
  afterAll(async () => {
    await rm(folder, { recursive: true, force: true });
  });

  it('says what was recorded', async () => {
    const path = join(folder, 'film.mp4');
    await writeFile(path, Buffer.alloc(2 ** 20));
    const finish = async () => ({ pictures: 24, sounds: 0, seconds: 1 });
    expect(await completeRecording({ finish }, path)).toBe(`Recorded ${path}: 24 pictures in 1.0 s, without sound, 1.0 MiB`);
  });

  it('says nothing of a stream without a keyframe, which has its own error', async () => {
    const recorder = new Recorder(
      () => Promise.reject(new Error('opened in vain')),
      () => undefined,
    );
    recorder.frame({ kind: 'video', codec: 'H264', data: Buffer.of(0), keyframe: false, rtpTimestamp: 0 }, 0);
    expect(await completeRecording(recorder, 'film.mp4')).toBeUndefined();
    expect(nothingRecorded('film.mp4')).toMatchObject({
      kind: 'broken',
      message: 'nothing was recorded in film.mp4: no keyframe came. Record for longer.',
    });
  });

  it('says why the file cannot be written', async () => {
    const finish = (): Promise<never> => Promise.reject(new Error('No space left.'));
    await expect(completeRecording({ finish }, 'film.mp4')).rejects.toMatchObject({
      kind: 'file',
      message: expect.stringMatching(/^film\.mp4 cannot be written \(No space left\)\. \S/u),
    });
  });
});
