import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DEFAULT_CLIP, loadClip } from '../../../pipelines/video-replay/clip.ts';

/** The clip as files that any program can read: the very pictures and samples that our pipeline yields. Disposing of it removes them. */
export class ExportedClip implements AsyncDisposable {
  readonly folder: string;

  private constructor(folder: string) {
    this.folder = folder;
  }

  /** `0000.jpg` …, and `sound.s16le`: 48 kHz, stereo. */
  static async write(): Promise<ExportedClip> {
    const clip = await loadClip(DEFAULT_CLIP);
    const folder = await mkdtemp(join(tmpdir(), 'telefuser-clip-'));
    for (const [index, picture] of clip.pictures.entries()) {
      await writeFile(join(folder, `${String(index).padStart(4, '0')}.jpg`), picture);
    }
    const { pcm } = clip.sound ?? { pcm: new Int16Array() };
    await writeFile(join(folder, 'sound.s16le'), new Uint8Array(pcm.buffer, pcm.byteOffset, pcm.byteLength));
    return new ExportedClip(folder);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.folder, { recursive: true, force: true });
  }
}
