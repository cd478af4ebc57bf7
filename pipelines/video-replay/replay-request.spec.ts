import type { ServeRequest } from 'telefuser-stream/pipeline';
import { describe, expect, it } from 'vitest';
import { readReplayRequest } from './replay-request.ts';

const read = (request: ServeRequest): unknown => readReplayRequest(request, 24, 240);

describe('readReplayRequest', () => {
  it('plays the clip once by default', () => {
    expect(read({})).toEqual({ prompt: '', frames: 240, realtime: false });
  });

  it.each([
    [{ duration_s: 15 }, { frames: 360 }],
    [{ duration_s: 0.001 }, { frames: 1 }],
    [{ config: { duration_s: 2 } }, { frames: 48 }],
    [{ duration_s: 1, config: { duration_s: 2 } }, { frames: 24 }],
    [{ loop: true }, { frames: Number.POSITIVE_INFINITY }],
    [{ loop: true, duration_s: 1 }, { frames: 24 }],
    [
      { duration_s: null, realtime: true, prompt: 'a cat' },
      { frames: 240, realtime: true, prompt: 'a cat' },
    ],
  ])('reads %j', (request, expected) => {
    expect(read(request)).toMatchObject(expected);
  });

  it.each([
    [{ duration_s: 0 }, 'duration_s must be a number of seconds above 0, at most 86400'],
    [{ duration_s: Number.NaN }, 'duration_s must be'],
    [{ duration_s: '10' }, 'duration_s must be'],
    [{ duration_s: 86_401 }, 'duration_s must be'],
    [{ loop: 'yes' }, 'loop must be true or false'],
    [{ config: { realtime: 1 } }, 'realtime must be true or false'],
    [{ prompt: 5 }, 'prompt must be a string'],
  ])('refuses %j', (request, message) => {
    expect(() => read(request as ServeRequest)).toThrow(message);
  });
});
