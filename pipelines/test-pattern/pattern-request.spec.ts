import type { ServeRequest } from 'telefuser-stream/pipeline';
import { describe, expect, it } from 'vitest';
import { readOptions, readRequest } from './pattern-request.ts';

describe('readRequest', () => {
  it('plays 832×480 at 24 frames a second until the client leaves by default', () => {
    expect(readRequest({}, {})).toEqual({
      width: 832,
      height: 480,
      fps: 24,
      frames: Number.POSITIVE_INFINITY,
      framesPerChunk: 1,
      speed: 0,
    });
  });

  it.each<[ServeRequest, object]>([
    [
      { duration_s: 2, fps: 30 },
      { frames: 60, fps: 30 },
    ],
    [{ duration_s: 0.001 }, { frames: 1 }],
    [{ config: { width: 208, height: 120 } }, { width: 208, height: 120 }],
    [{ width: 640, config: { width: 208 } }, { width: 640 }],
    [
      { delivery: 'latest', queue_ms: 0 },
      { delivery: 'latest', queueMs: 0, speed: 1 },
    ],
    [
      { delivery: 'latest', speed: 2 },
      { delivery: 'latest', speed: 2 },
    ],
    [
      { frames_per_chunk: 64, speed: 1 },
      { framesPerChunk: 64, speed: 1 },
    ],
  ])('reads %j', (request, expected) => {
    expect(readRequest(request, {})).toMatchObject(expected);
  });

  it('takes the operator’s options where the request says nothing', () => {
    const options = readOptions({ width: '416', fps: '12.5', delivery: 'latest' });
    expect(readRequest({}, options)).toMatchObject({ width: 416, fps: 12.5, speed: 1 });
    // The operator's delivery is the service's, which a chunk need not repeat.
    expect(readRequest({}, options)).not.toHaveProperty('delivery');
    expect(readRequest({ width: 208, delivery: 'lossless' }, options)).toMatchObject({
      width: 208,
      delivery: 'lossless',
      speed: 0,
    });
  });

  it.each([
    [{ width: 833 }, 'width must be an even number of pixels from 208 to 1920'],
    [{ height: 0 }, 'height must be'],
    [{ fps: 61 }, 'fps must be a number from 5 to 60'],
    [{ fps: '24' }, 'fps must be'],
    [{ duration_s: 0 }, 'duration_s must be a number of seconds above 0'],
    [{ frames_per_chunk: 1.5 }, 'frames_per_chunk must be a whole number from 1 to 64'],
    [{ speed: -1 }, 'speed must be'],
    [{ queue_ms: Number.NaN }, 'queue_ms must be'],
    [{ config: { delivery: 'soon' } }, 'delivery must be "lossless" or "latest"'],
  ])('refuses %j', (request, message) => {
    expect(() => readRequest(request as ServeRequest, {})).toThrow(message);
  });
});

describe('readOptions', () => {
  it.each([
    [{ size: '10' }, 'there is no option size; there are width, height'],
    [{ fps: 'fast' }, 'fps must be a number from 5 to 60'],
    [{ delivery: 'x' }, 'delivery must be'],
  ])('refuses %j', (options, message) => {
    expect(() => readOptions(options)).toThrow(message);
  });
});
