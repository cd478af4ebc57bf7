import type { MediaMessage, PipelineChunk } from 'telefuser-stream/pipeline';
import { beforeEach, describe, expect, it } from 'vitest';
import { EchoService } from './index.ts';

let service: EchoService;
let chunks: AsyncGenerator<PipelineChunk, void, undefined>;

beforeEach(() => {
  service = new EchoService();
  service.createSession({ session_id: 'a' });
  chunks = service.pullChunks('a');
});

function picture(level: number): MediaMessage {
  return { type: 'media', video_frames: [{ format: 'RGB24', width: 2, height: 1, data: new Uint8Array(6).fill(level) }] };
}

function sound(samples: number, channels = 1): MediaMessage {
  return { type: 'media', audio_pcm: new Uint8Array(samples * 2 * channels), sample_rate: 48_000, channels };
}

describe('echo', () => {
  it('yields nothing before it hears something', async () => {
    const pending = chunks.next();
    expect(await Promise.race([pending, Promise.resolve('nothing yet')])).toBe('nothing yet');
    service.pushChunk('a', { type: 'control' });
    service.pushChunk('a', picture(1));
    expect((await pending).value).toMatchObject({ index: 0, frames: [{ width: 2, height: 1 }] });
  });

  it('keeps the latest picture and all the sound', async () => {
    service.pushChunk('a', picture(1));
    service.pushChunk('a', picture(2));
    service.pushChunk('a', sound(480));
    service.pushChunk('a', sound(480));
    const { value: heard } = await chunks.next();
    expect(heard).toMatchObject({ audio_sample_rate: 48_000, audio_channels: 1 });
    expect((heard as PipelineChunk).audio).toHaveLength(1920);
    const { value: seen } = await chunks.next();
    expect(seen).toMatchObject({ frames: [{ data: new Uint8Array(6).fill(2) }] });
  });

  it('does not mix sound of two formats', async () => {
    service.pushChunk('a', sound(480));
    service.pushChunk('a', sound(480, 2));
    expect((await chunks.next()).value).toMatchObject({ audio_channels: 1 });
    expect((await chunks.next()).value).toMatchObject({ audio_channels: 2 });
  });

  it('ends when its session is closed', async () => {
    const pending = chunks.next();
    service.closeSession('a');
    expect(await pending).toEqual({ done: true, value: undefined });
  });
});
