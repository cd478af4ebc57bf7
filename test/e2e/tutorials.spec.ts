import { execFile } from 'node:child_process';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { describe, expect, it } from 'vitest';

import { PictureDecoder, VideoEncoder } from '#server/media/codec/index.js';
import { waitFor } from '../support/condition.ts';
import { documentBlocks, type DocumentBlock } from '../support/document-blocks.ts';
import { CommandProcess, type ServingCommand } from '../support/server.ts';
import { WATCH, WeriftClient } from '../support/werift-client.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const TUTORIALS = join(ROOT, 'docs', 'tutorials');
/** Documents whose blocks are all said to be run by nobody, or by another test: that they say so is checked. */
const OTHERS = ['docs/world.md', 'docs/troubleshooting.md', 'pipelines/lingbot-world-fast/README.md'];
const PICTURES = 10;
const CAMERA = { width: 160, height: 120, fps: 25 };

describe('the tutorials', async () => {
  it.concurrent.each(OTHERS)('%s says of each block whether it is run', async (path) => {
    expect(documentBlocks(await readFile(join(ROOT, path), 'utf8')).filter(({ role }) => isDone(role))).toEqual([]);
  });

  it.each(await readdir(TUTORIALS))(
    '%s does what it says, block by block',
    async (name) => {
      await using reader = await Reader.make();
      const blocks = documentBlocks(await readFile(join(TUTORIALS, name), 'utf8'));
      for (const block of blocks) {
        try {
          await reader.follow(block);
        } catch (error) {
          throw new Error(`${name}, line ${block.line}: ${error instanceof Error ? error.message : String(error)}`, {
            cause: error,
          });
        }
      }
      // A tutorial in which nothing is done is none.
      expect(blocks.filter(({ role }) => isDone(role)).length).toBeGreaterThan(1);
    },
    60_000,
  );
});

function isDone(role: string): boolean {
  return role !== '' && !role.startsWith('not-run: ');
}

/** Somebody who does what a document says, in a folder of their own. */
class Reader implements AsyncDisposable {
  private serving: ServingCommand | undefined;
  private viewer: WeriftClient | undefined;
  private readonly camera = { stop: new AbortController(), running: Promise.resolve() };

  private constructor(private readonly folder: string) {}

  static async make(): Promise<Reader> {
    const folder = await mkdtemp(join(tmpdir(), 'telefuser-tutorial-'));
    // `npx telefuser` of a clone is its built command line.
    await mkdir(join(folder, 'bin'));
    await writeFile(
      join(folder, 'bin', 'npx'),
      `#!/bin/sh\n[ "$1" = telefuser ] || exit 127\nshift\nexec "${process.execPath}" "${join(ROOT, 'dist', 'cli.js')}" "$@"\n`,
    );
    await chmod(join(folder, 'bin', 'npx'), 0o755);
    return new Reader(folder);
  }

  async follow({ role, text }: DocumentBlock): Promise<void> {
    const [what = '', detail = ''] = role.split(/[ =]/u);
    if (what === 'file') await this.write(detail, text);
    else if (what === 'run') await this.run(text);
    else if (what === 'serve') await this.serve(text, detail);
    else if (what === 'send') this.watching.send(JSON.parse(text));
    else if (what === 'hear') await this.hear(JSON.parse(text));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.leave();
    await rm(this.folder, { recursive: true, force: true });
  }

  private get watching(): WeriftClient {
    if (this.viewer === undefined) throw new Error('nothing is served');
    return this.viewer;
  }

  private async write(path: string, text: string): Promise<void> {
    await mkdir(dirname(join(this.folder, path)), { recursive: true });
    await writeFile(join(this.folder, path), text);
  }

  private async run(script: string): Promise<void> {
    const PATH = `${join(this.folder, 'bin')}:${process.env['PATH'] ?? ''}`;
    await promisify(execFile)('/bin/sh', ['-euc', script], {
      cwd: this.folder,
      env: { PATH, TELEFUSER_PYTHON: '/usr/bin/python3' },
      timeout: 20_000,
    }).catch((error: Error & { stderr?: string; stdout?: string }) => {
      throw new Error(`${error.message}\n${error.stdout}${error.stderr}`);
    });
  }

  /** Starts what the block starts, and looks at it. */
  private async serve(command: string, kind: string): Promise<void> {
    await this.leave();
    const path = /^npx telefuser stream-serve ([\w-]+)$/u.exec(command.trim())?.[1];
    if (path === undefined) throw new Error(`this is no command that serves: ${command}`);
    this.serving = await CommandProcess.serve(join(this.folder, path), { TELEFUSER_PYTHON: '/usr/bin/python3' });
    const { api } = this.serving;
    const camera = kind === 'camera';
    this.viewer = await WeriftClient.connect(api, camera ? { video: 'sendrecv' } : WATCH, { prompt: 'a lighthouse' });
    if (camera) this.camera.running = this.film(this.viewer);
    const { video } = this.viewer;
    await waitFor('pictures', () => video.accessUnits().length >= PICTURES);
    if (kind === 'sound') {
      const { audio } = this.viewer;
      await waitFor('a beep', async () => (await audio.sound()).some(({ data }) => loudest(data) > 5000));
    }
  }

  /** A camera that shows one colour. */
  private async film(viewer: WeriftClient): Promise<void> {
    this.camera.stop = new AbortController();
    const { signal } = this.camera.stop;
    const { width, height, fps } = CAMERA;
    const decoder = new PictureDecoder();
    const encoder = await VideoEncoder.open({ codec: 'H264', width, height, fps, bitrate: 500_000 });
    const data = Buffer.alloc(width * height * 3, 90);
    const picture = await decoder.decode({ kind: 'raw', format: 'RGB24', width, height, data });
    try {
      for (let frame = 0; !signal.aborted; frame += 1) {
        const encoded = await encoder.encode(picture, { keyframe: frame % fps === 0 });
        if (encoded !== undefined) await viewer.sendMedia('video', encoded.data, (frame * 90_000) / fps);
        await pause(1000 / fps);
      }
    } finally {
      picture.release();
      encoder.close();
      decoder.close();
    }
  }

  private async hear(expected: object): Promise<void> {
    const { messages } = this.watching;
    await waitFor(
      () => `${JSON.stringify(expected)}; the last messages are ${JSON.stringify(messages.slice(-3))}`,
      () => messages.some((message) => includes(message, expected)),
    );
  }

  private async leave(): Promise<void> {
    this.camera.stop.abort();
    await this.camera.running;
    await this.viewer?.close();
    await this.serving?.[Symbol.asyncDispose]();
    this.viewer = this.serving = undefined;
  }
}

/** Whether a value has all that another has; lists are compared whole. */
function includes(value: unknown, expected: unknown): boolean {
  if (typeof expected !== 'object' || expected === null || Array.isArray(expected))
    return JSON.stringify(value) === JSON.stringify(expected);
  if (typeof value !== 'object' || value === null) return false;
  return Object.entries(expected).every(([name, part]) => includes((value as Record<string, unknown>)[name], part));
}

function loudest(pcm: Uint8Array): number {
  return new Int16Array(pcm.buffer, pcm.byteOffset, pcm.byteLength / 2).reduce(
    (most, sample) => Math.max(most, Math.abs(sample)),
    0,
  );
}
