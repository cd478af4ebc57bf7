import type { PipelineChunk, PipelineFrame } from 'telefuser-stream/pipeline';
import { afterAll, describe, expect, it } from 'vitest';
import { ArrowOverlayService } from './index.ts';

const service = new ArrowOverlayService();

afterAll(() => service.stop());

function control(key: string, action: string): Record<string, string> {
  return { type: 'control', key, action };
}

async function next(chunks: AsyncGenerator<PipelineChunk, void, undefined>): Promise<PipelineChunk> {
  const { value } = await chunks.next();
  if (!value) throw new Error('the pipeline ended');
  return value;
}

/** Whether the button with this middle is lit. */
function isLit(chunk: PipelineChunk, x: number, y: number): boolean {
  const { data, width } = (chunk.frames as PipelineFrame[])[0]!;
  return data[(y + 15) * width + x + 15]! > 130;
}

describe('arrow-overlay', () => {
  it('shows a key in the very next frame, and its release', async () => {
    service.createSession({ session_id: 'a' });
    const chunks = service.pullChunks('a');
    expect(isLit(await next(chunks), 732, 330)).toBe(false);
    service.pushChunk('a', control('ArrowUp', 'press'));
    const pressed = await next(chunks);
    expect(isLit(pressed, 732, 330)).toBe(true);
    expect(pressed).toMatchObject({ index: 1, pressed: ['ArrowUp'], applied_controls: [{ key: 'ArrowUp', action: 'press' }] });
    expect(await next(chunks)).toMatchObject({ pressed: ['ArrowUp'], applied_controls: [] });
    service.pushChunk('a', control('ArrowUp', 'release'));
    expect(isLit(await next(chunks), 732, 330)).toBe(false);
    service.closeSession('a');
    expect((await chunks.next()).done).toBe(true);
  });

  it('names the ids of the controls in the frame that shows them', async () => {
    service.createSession({ session_id: 'a' });
    const chunks = service.pullChunks('a');
    await next(chunks);
    service.pushChunk('a', { ...control('ArrowUp', 'press'), id: 'up-1' });
    service.pushChunk('a', { type: 'control', key: 'ArrowLeft', action: 'press', id: 2 });
    expect(await next(chunks)).toMatchObject({
      applied_controls: [
        { key: 'ArrowUp', action: 'press', id: 'up-1' },
        { key: 'ArrowLeft', action: 'press', id: 2 },
      ],
    });
    service.closeSession('a');
  });

  it('shows a key that was only tapped for one frame', async () => {
    service.createSession({ session_id: 'a' });
    const chunks = service.pullChunks('a');
    await next(chunks);
    service.pushChunk('a', control('ArrowLeft', 'press'));
    service.pushChunk('a', control('ArrowLeft', 'release'));
    expect(isLit(await next(chunks), 682, 380)).toBe(true);
    expect(isLit(await next(chunks), 682, 380)).toBe(false);
    service.closeSession('a');
  });

  it('keeps each client’s keys to itself', async () => {
    for (const id of ['a', 'b']) service.createSession({ session_id: id });
    const [a, b] = [service.pullChunks('a'), service.pullChunks('b')];
    service.pushChunk('a', control('ArrowDown', 'press'));
    expect(isLit(await next(a), 732, 430)).toBe(true);
    expect(isLit(await next(b), 732, 430)).toBe(false);
    for (const id of ['a', 'b']) service.closeSession(id);
  });

  it('plays at its pace', async () => {
    service.createSession({ session_id: 'a' });
    const chunks = service.pullChunks('a');
    const began = performance.now();
    for (let frame = 0; frame < 25; frame += 1) await next(chunks);
    const seconds = (performance.now() - began) / 1000;
    expect(seconds).toBeGreaterThan(0.95);
    expect(seconds).toBeLessThan(1.25);
    service.closeSession('a');
  });

  it('ignores what is not for it, and refuses what it cannot do', () => {
    service.createSession({ session_id: 'a' });
    for (const message of [null, 1, 'text', [], { type: 'media' }, control('Enter', 'press'), Uint8Array.of(1)]) {
      expect(() => service.pushChunk('a', message)).not.toThrow();
    }
    expect(() => service.pushChunk('a', control('ArrowUp', 'hold'))).toThrow('action must be "press" or "release"');
    expect(() => service.createSession({ session_id: 'a' })).toThrow('exists already');
    service.closeSession('a');
    expect(() => service.pushChunk('a', control('ArrowUp', 'press'))).not.toThrow();
  });
});
